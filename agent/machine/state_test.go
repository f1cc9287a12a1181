package machine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/agent/machine"
)

// An image is somebody else's work: its links must not lead what hostler writes
// and removes, as root, to the machine that bakes it.
func TestOpenRefusesAStateFolderBehindALink(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"the folder itself": "var/lib/hostler",
		"a folder above it": "var/lib",
		"a file in it":      "var/lib/hostler/lock",
		"a folder in it":    "var/lib/hostler/runs/1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, outside := t.TempDir(), t.TempDir()
			if err := os.MkdirAll(filepath.Dir(filepath.Join(root, link)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(root, link)); err != nil {
				t.Fatal(err)
			}
			node, err := machine.Open(machine.Config{Root: root, Image: true})
			if err == nil {
				_ = node.Close()
				t.Fatal("got a node, want an error: the journal would be written outside of the root")
			}
			if want := "/" + link + " is a symbolic link"; !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		})
	}
}
