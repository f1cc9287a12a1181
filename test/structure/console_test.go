package structure

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/test/rootfs"
)

// consoleBlock is a command of a page with what it prints and its exit code; fileBlock a file under the name in its marker.
var (
	consoleBlock = regexp.MustCompile("(?m)<!-- tested, exit (\\d) -->\n```console\n\\$ hostler ([^\n]*)\n((?s).*?)```\n")
	fileBlock    = regexp.MustCompile("(?m)<!-- file: (\\S+) -->\n```yaml\n((?s).*?)```\n")
)

// took is how long a run took, which is another time each time.
var took = regexp.MustCompile(` in [0-9.]+m?s\.`)

// TestAdoptPageShowsWhatHappens runs what docs/adopt.md shows, one after the other. -update writes the outputs into it, and still fails.
func TestAdoptPageShowsWhatHappens(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("files of an image belong to root")
	}
	const page = "../../docs/adopt.md"
	text := read(t, page)
	dir := t.TempDir()
	writeNode(t, dir)
	for _, file := range fileBlock.FindAllStringSubmatch(text, -1) {
		write(t, filepath.Join(dir, file[1]), file[2])
	}
	program := filepath.Join(dir, "hostler")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, module+"cmd/hostler").CombinedOutput(); err != nil {
		t.Fatalf("building hostler: %v\n%s", err, out)
	}

	ran := 0
	updated := consoleBlock.ReplaceAllStringFunc(text, func(block string) string {
		ran++
		match := consoleBlock.FindStringSubmatch(block)
		got, code := output(t, program, dir, strings.Fields(match[2]))
		if want := match[1]; strconv.Itoa(code) != want {
			t.Errorf("hostler %s: got exit code %d, want %s", match[2], code, want)
		}
		if diff := cmp.Diff(match[3], got); diff != "" {
			t.Errorf("%s shows something else for hostler %s (-page +real):\n%s", page, match[2], diff)
		}
		return strings.Replace(block, match[3]+"```\n", got+"```\n", 1)
	})
	if ran < 5 {
		t.Errorf("got %d tested blocks in %s, want at least 5", ran, page)
	}
	if *update {
		write(t, page, updated)
	}
}

// writeNode makes the folders of the page: node is what kubeadm leaves on a Debian without swap, clone an image of a machine that was in use.
func writeNode(t *testing.T, dir string) {
	t.Helper()
	node := filepath.Join(dir, "node")
	for _, folder := range []string{node, filepath.Join(dir, "clone")} {
		if err := rootfs.Write("debian-12", folder); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"etc/fstab":                                 "UUID=0b2ee3c7 / ext4 errors=remount-ro 0 1\n",
		"etc/hostname":                              "node-1\n",
		"etc/machine-id":                            "",
		"etc/containerd/config.toml":                nodeContainerd,
		"etc/sysctl.d/k8s.conf":                     "net.ipv4.ip_forward = 1\n",
		"usr/lib/systemd/system/kubelet.service":    "[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n",
		"usr/lib/systemd/system/containerd.service": "[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n",
		"var/lib/kubelet/kubeadm-flags.env":         "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/containerd/containerd.sock\"\n",
	} {
		write(t, filepath.Join(node, name), content)
	}
	wants := filepath.Join(node, "etc/systemd/system/multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []string{"kubelet.service", "containerd.service"} {
		if err := os.Symlink("/usr/lib/systemd/system/"+unit, filepath.Join(wants, unit)); err != nil {
			t.Fatal(err)
		}
	}
}

// nodeContainerd is a configuration that people wrote and that fits.
const nodeContainerd = `# set up with kubeadm
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  max_concurrent_downloads = 3
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
`

// output is what hostler prints in a folder, and its exit code. What it says while it works goes elsewhere.
func output(t *testing.T, program, dir string, args []string) (string, int) {
	t.Helper()
	none := filepath.Join(dir, "settings.yaml")
	write(t, none, "")
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOSTLER_SETTINGS="+none)
	out, err := cmd.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return took.ReplaceAllString(string(out), " in 0s."), cmd.ProcessState.ExitCode()
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
