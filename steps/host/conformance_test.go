package host_test

import (
	"context"
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

// Checks need root rights and a running host, of which only their own folder is
// touched here.
func TestConformanceOfScripts(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a mount namespace needs root rights")
	}
	for name, edit := range map[string]func(*host.OS){
		"at once":        func(*host.OS) {},
		"mount by mount": func(h *host.OS) { h.ForceEachMount() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caps := scratchCaps()
			caps.Folder = belowVarTmp(t)
			caps.StateDir = filepath.Join(caps.Folder, "state")
			caps.UnitFiles, caps.Scripts = false, true
			hosttest.Conformance(t, func(t *testing.T) host.Host {
				live := open(t, "/", host.Options{StateDir: caps.StateDir})
				edit(live)
				return scripted{open(t, "/", host.Options{Image: true, StateDir: caps.StateDir}), live}
			}, caps)
		})
	}
}

// scripted is an image that runs checks all the same.
type scripted struct {
	*host.OS
	live *host.OS
}

func (h scripted) Check(ctx context.Context, s host.Script) (host.CheckResult, error) {
	return h.live.Check(ctx, s)
}

// belowVarTmp is a folder that checks see: they have a /tmp of their own.
func belowVarTmp(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/var/tmp", "hostler-conformance-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
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
