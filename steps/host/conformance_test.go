package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestConformance(t *testing.T) {
	t.Parallel()

	t.Run("scratch root", func(t *testing.T) {
		t.Parallel()
		hosttest.Conformance(t, scratchRoot(false), scratchCaps())
	})
	t.Run("scratch root without openat2", func(t *testing.T) {
		t.Parallel()
		hosttest.Conformance(t, scratchRoot(true), scratchCaps())
	})
	// The machine's own root, so that there are programs; all is in a folder of
	// the test.
	t.Run("folder of this machine", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		caps := scratchCaps()
		caps.Folder, caps.StateDir = folder, filepath.Join(folder, "state")
		caps.Commands, caps.UnitFiles = true, false
		hosttest.Conformance(t, func(t *testing.T) host.Host {
			return open(t, "/", host.Options{Image: true, StateDir: caps.StateDir})
		}, caps)
	})
}

// scratchRoot opens an empty root for each case.
func scratchRoot(walk bool) func(t *testing.T) host.Host {
	return func(t *testing.T) host.Host {
		root := t.TempDir()
		for _, folder := range []string{"tmp", "etc/systemd/system", "usr/lib/systemd/system"} {
			if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		h := open(t, root, host.Options{Image: true})
		if walk {
			h.ForceWalk()
		}
		return h
	}
}

func open(t *testing.T, root string, opts host.Options) *host.OS {
	t.Helper()
	h, err := host.Open(root, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("closing the host: %v", err)
		}
	})
	return h
}

func scratchCaps() hosttest.Caps {
	caps := hosttest.Caps{
		Folder: "/tmp", StateDir: host.DefaultStateDir, UnitFiles: true,
		Owner: host.Attr{UID: os.Geteuid(), GID: os.Getegid()},
	}
	if os.Geteuid() == 0 {
		caps.Stranger = &host.Attr{UID: 1000, GID: 1001}
	}
	return caps
}
