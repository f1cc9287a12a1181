package cluster

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCgroupFolders(t *testing.T) {
	t.Parallel()
	const v1 = `tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`
	tests := map[string]struct {
		mounts string
		own    map[string]string
		want   []string
	}{
		"keeps within this process's cgroup in each v1 hierarchy": {
			mounts: v1,
			own:    map[string]string{"cpu,cpuacct": "/", "memory": "/limited/by/somebody", "name=systemd": "/user.slice", "": "/"},
			want: []string{
				"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory/limited/by/somebody", "/sys/fs/cgroup/systemd/user.slice",
				"/sys/fs/cgroup/unified",
			},
		},
		"takes the root where there is v2 alone": {
			mounts: "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n",
			own:    map[string]string{"": "/user.slice/session-1.scope"},
			want:   []string{"/sys/fs/cgroup"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, cgroupFolders(test.mounts, test.own)); diff != "" {
				t.Errorf("folders (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetsSharedSysctl(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		content string
		want    bool
	}{
		"a kernel key":                     {"kernel.pid_max = 4194304\n", true},
		"a key whose failure is ignored":   {"-fs.protected_links = 1\n", true},
		"keys of the network only":         {"# net\nnet.ipv4.ip_forward = 1\n-net.ipv4.conf.all.rp_filter = 2\n", false},
		"comments of either kind":          {"# kernel.sysrq = 0\n; kernel.sysrq = 0\n\n", false},
		"a kernel key after a network key": {"net.ipv4.ip_forward = 1\nvm.max_map_count = 1\n", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := setsSharedSysctl(test.content); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

func TestOverlapsAny(t *testing.T) {
	t.Parallel()
	taken := []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24"), netip.MustParsePrefix("10.213.4.0/22")}
	for candidate, want := range map[string]bool{
		"10.213.0.1/24": false, "10.213.5.1/24": true, "10.213.8.1/24": false, "192.0.2.1/24": true,
	} {
		if got := overlapsAny(netip.MustParsePrefix(candidate), taken); got != want {
			t.Errorf("%s overlaps %v: got %t, want %t", candidate, taken, got, want)
		}
	}
}

func TestWriteImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "program")
	if err := os.WriteFile(binary, []byte("the program"), 0o755); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "image.tar")
	if err := writeImage(archive, "hostler.test/program:1", binary); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, content)
	if got, want := files["manifest.json"], `"RepoTags":["hostler.test/program:1"]`; !strings.Contains(got, want) {
		t.Errorf("manifest: got %s, want %s in it", got, want)
	}
	if got, want := files["config.json"], `"Entrypoint":["/program"]`; !strings.Contains(got, want) {
		t.Errorf("configuration: got %s, want %s in it", got, want)
	}
	layer := untar(t, []byte(files["layer.tar"]))
	if diff := cmp.Diff(map[string]string{"program": "the program"}, layer); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func untar(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	files := make(map[string]string)
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}
