package machine_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps/host"
)

const (
	bookworm = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
	kali     = "ID=kali\nID_LIKE=debian\nPRETTY_NAME=\"Kali GNU/Linux Rolling\"\n"
	status   = "Package: containerd\nStatus: install ok installed\nVersion: 1.6.20~ds1-1\nArchitecture: amd64\n\n" +
		"Package: kubelet\nStatus: hold ok installed\nVersion: 1.36.3-1.1\nArchitecture: amd64\n\n" +
		"Package: kubectl\nStatus: deinstall ok config-files\nVersion: 1.36.3-1.1\nArchitecture: amd64\n\n" +
		"Package: nano\nStatus: install ok installed\nVersion: 7.2-1\nArchitecture: amd64\n"
)

// tree makes a folder with files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func open(t *testing.T, config machine.Config) *machine.Machine {
	t.Helper()
	node, err := machine.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	return node
}

func TestFacts(t *testing.T) {
	t.Parallel()
	debian := distros.Distro{
		ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)",
		Family: distros.FamilyDebian, PackageManager: distros.Apt, Supported: true,
	}
	cases := map[string]struct {
		files map[string]string
		want  machine.Facts
	}{
		"of an image are its distribution, its name and the packages of a node": {
			map[string]string{"etc/os-release": bookworm, "etc/hostname": "Worker-1\n", "var/lib/dpkg/status": status},
			machine.Facts{Node: "worker-1", Distro: debian, Packages: []machine.Installed{
				{Name: "containerd", Version: "1.6.20~ds1-1"}, {Name: "kubelet", Version: "1.36.3-1.1", Held: true},
			}},
		},
		"of an image without packages and name leave both empty": {
			map[string]string{"etc/os-release": bookworm},
			machine.Facts{Distro: debian, Packages: []machine.Installed{}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := open(t, machine.Config{Root: tree(t, c.files), Image: true}).Facts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("facts differ (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("of the running machine are whole", func(t *testing.T) {
		t.Parallel()
		got, err := open(t, machine.Config{Root: "/"}).Facts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var info unix.Sysinfo_t
		if err := unix.Sysinfo(&info); err != nil {
			t.Fatal(err)
		}
		if want := int64(info.Totalram) * int64(info.Unit); got.MemoryBytes != want {
			t.Errorf("got %d bytes of memory, want %d", got.MemoryBytes, want)
		}
		if !got.Live || got.Node == "" || got.Kernel == "" || got.BootID == "" || got.Architecture == "" || got.CPUs < 1 ||
			got.CgroupVersion < 1 || got.CgroupVersion > 2 {
			t.Errorf("got %+v, want everything but the address and the packages", got)
		}
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	t.Run("needs a root that is there", func(t *testing.T) {
		t.Parallel()
		_, err := machine.Open(machine.Config{Root: filepath.Join(t.TempDir(), "nowhere"), Image: true})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want fs.ErrNotExist", err)
		}
	})
	t.Run("says what to do about an image that is not called one", func(t *testing.T) {
		t.Parallel()
		_, err := machine.Open(machine.Config{Root: tree(t, map[string]string{"etc/os-release": bookworm})})
		if !errors.Is(err, host.ErrNoSysctl) || !strings.Contains(err.Error(), "say --image") {
			t.Errorf("got %v, want the way out", err)
		}
	})
	t.Run("changes nothing", func(t *testing.T) {
		t.Parallel()
		root := tree(t, map[string]string{"etc/os-release": bookworm})
		node := open(t, machine.Config{Root: root, Image: true})
		if runs, err := node.History(t.Context()); err != nil || len(runs) != 0 {
			t.Errorf("got %v, %v, want no runs", runs, err)
		}
		entries, err := os.ReadDir(root)
		if err != nil || len(entries) != 1 {
			t.Errorf("got %v, %v in the root, want etc alone", entries, err)
		}
	})
}

func TestWish(t *testing.T) {
	t.Parallel()
	docs, err := input.Read("group.yaml", strings.NewReader(
		"{apiVersion: hostler.dev/v1alpha1, kind: NodeGroup, metadata: {name: image}, spec: {operatingSystem: {files: [{path: /etc/motd, content: hello}]}}}"))
	if err != nil {
		t.Fatal(err)
	}
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	if err != nil {
		t.Fatal(err)
	}
	kaliTree := map[string]string{"etc/os-release": kali, "usr/bin/apt-get": "", "var/lib/dpkg/status": ""}

	t.Run("is planned by the name that is given", func(t *testing.T) {
		t.Parallel()
		node := open(t, machine.Config{Root: tree(t, map[string]string{"etc/os-release": bookworm, "etc/hostname": "x"}), Image: true, NodeName: "worker-7"})
		wish, err := node.Wish(revision)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := wish.Plan(t.Context())
		if err != nil || plan.Converged() {
			t.Errorf("got %+v, %v, want a plan with something in it", plan, err)
		}
		if wish.NodeName() != "worker-7" || !strings.HasPrefix(wish.Revision.Name, "image-") || len(wish.Warnings()) != 0 {
			t.Errorf("got %q, %q, %q, want the name, the revision and no warning", wish.NodeName(), wish.Revision.Name, wish.Warnings())
		}
	})
	t.Run("for a distribution that is not known is refused", func(t *testing.T) {
		t.Parallel()
		_, err := open(t, machine.Config{Root: tree(t, kaliTree), Image: true}).Wish(revision)
		if !errors.Is(err, distros.ErrUnsupported) {
			t.Errorf("got %v, want ErrUnsupported", err)
		}
	})
	t.Run("for one that is allowed carries a warning", func(t *testing.T) {
		t.Parallel()
		wish, err := open(t, machine.Config{Root: tree(t, kaliTree), Image: true, AllowUnsupported: true}).Wish(revision)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(wish.Warnings(), "; "); !strings.Contains(got, "Kali GNU/Linux Rolling is not supported and is treated as Debian") {
			t.Errorf("got warnings %q, want one that names the distribution", got)
		}
	})
}
