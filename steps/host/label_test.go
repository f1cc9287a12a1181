package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestAFileThatIsRewrittenKeepsItsLabel(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const attribute, label = "security.selinux", "system_u:object_r:shadow_t:s0\x00"
	path := filepath.Join(root, "shadow")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(path, attribute, []byte(label), 0); errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) {
		t.Skipf("labels need root rights and a file system that has them: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	h, err := host.Open(root, host.Options{StateDir: t.TempDir(), Image: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.WriteFile("/shadow", []byte("new"), host.Attr{Mode: 0o600, UID: os.Getuid(), GID: os.Getgid()}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := unix.Getxattr(path, attribute, got)
	if err != nil || string(got[:n]) != label {
		t.Errorf("got label %q, %v, want %q", got[:max(n, 0)], err, label)
	}
}
