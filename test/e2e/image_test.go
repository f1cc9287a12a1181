//go:build cluster

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestImage bakes a folder that does not run, and boots a machine with what is in it.
func TestImage(t *testing.T) {
	t.Parallel()
	rootfs, err := assets.Rootfs(t.Context(), "bookworm")
	must(t, err)
	root := filepath.Join(t.TempDir(), "image")
	local(t, "cp", "-a", "--reflink=auto", rootfs, root)
	group := filepath.Join(t.TempDir(), "group.yaml")
	must(t, os.WriteFile(group, []byte(systemGroup(t)), 0o600))
	stamp := filepath.Join(t.TempDir(), "stamp")
	must(t, os.WriteFile(stamp, nil, 0o600))

	said := local(t, binaries.plain, "apply", "--root", root, "--image", "-f", group)
	if !strings.Contains(said, "warning") || !strings.Contains(said, "containerd") {
		t.Errorf("apply does not warn that containerd is not in the image:\n%s", said)
	}
	for _, unit := range []string{"apt-daily.timer", "apt-daily-upgrade.timer"} {
		if got := local(t, "sh", "-c", "systemctl --root="+root+" is-enabled "+unit+" || true"); strings.TrimSpace(got) != "disabled" {
			t.Errorf("%s in the image: got %q, want disabled", unit, got)
		}
	}
	local(t, binaries.plain, "verify", "--root", root, "--image", "-f", group)

	t.Run("a machine with its files is as wished but for packages", func(t *testing.T) {
		m := boot(t, cluster.NodeConfig{Name: "baked"}, binaries.plain)
		tar := filepath.Join(t.TempDir(), "changes.tar")
		// Links of units are also removed, so that their folder is taken over as a whole.
		local(t, "tar", "-C", root, "-cf", tar, "etc/systemd")
		local(t, "tar", "-C", root, "-rf", tar, "--newer-mtime="+stamp, "etc")
		must(t, m.CopyIn(t.Context(), tar, "/root/changes.tar"))
		m.shell(t, "rm -r /etc/systemd; tar -C / -xf /root/changes.tar")
		must(t, m.Reboot(t.Context()))
		m.give(t, systemGroup(t))
		for _, op := range m.plan(t).Ops {
			if op.Step != "cri/containerd" {
				t.Errorf("after a boot of the image there is still %s to %s, of step %s", op.Key, op.Action, op.Step)
			}
		}
	})
}

// local runs a command on this machine, which must succeed, and returns what it said.
func local(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return string(out)
}
