package host_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("makes nothing, and neither does reading", func(t *testing.T) {
		t.Parallel()
		root := t.TempDir()
		h := open(t, root, host.Options{Image: true})
		_, _ = h.ReadFile("/etc/hosts")
		_, _ = h.Unit(t.Context(), "a.service")
		_, _, _ = h.LockHolder("/var/lib/dpkg/lock")
		if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
			t.Errorf("got %v, %v in the root, want it empty", entries, err)
		}
	})

	t.Run("wants a root that is a folder, and a clean state folder", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := host.Open(file, host.Options{}); !errors.Is(err, unix.ENOTDIR) {
			t.Errorf("a file: got %v, want ENOTDIR", err)
		}
		if _, err := host.Open(file+"-gone", host.Options{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a root that is not there: got %v, want ErrNotExist", err)
		}
		if _, err := host.Open("/", host.Options{StateDir: "state"}); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("a relative state folder: got %v, want ErrInvalid", err)
		}
	})
}

// TestNoDescriptorStaysOpen runs alone, since it counts the whole process's.
func TestNoDescriptorStaysOpen(t *testing.T) {
	before := descriptors(t)
	for _, walk := range []bool{false, true} {
		h, err := host.Open(scratch(t), host.Options{Image: true})
		if err != nil {
			t.Fatal(err)
		}
		if walk {
			h.ForceWalk()
		}
		for range 10 {
			_, _ = h.ReadFile("/etc/link/x")
			_, _ = h.Stat("/etc/link")
			_, _ = h.Readlink("/etc/link")
			_, _, _ = h.LockHolder("/etc/file")
			_ = h.WriteFile("/etc/file", []byte("x"), own(0o644))
			_ = h.WriteFile("/etc/link", []byte("x"), own(0o644))
			_, _ = h.Keep("/etc/file")
			_ = h.Symlink("/etc/link", "..")
			_ = h.Remove("/etc/no/where")
			_, _ = h.ReadDir("/etc/link/etc")
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("got %d open descriptors, want %d as before", after, before)
	}
}

// TestRootIsTheLimit uses what lies outside of the root, which a fake cannot have.
func TestRootIsTheLimit(t *testing.T) {
	t.Parallel()
	for name, walk := range map[string]bool{"with openat2": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outside := t.TempDir()
			secret := filepath.Join(outside, "secret")
			if err := os.WriteFile(secret, []byte("outside"), 0o644); err != nil {
				t.Fatal(err)
			}
			root := scratch(t)
			climb := strings.Repeat("../", 40)
			for link, target := range map[string]string{
				"absolute": outside, "climbing": climb + outside[1:], "file": secret, "proc": "/proc/self/root",
			} {
				if err := os.Symlink(target, filepath.Join(root, "etc", link)); err != nil {
					t.Fatal(err)
				}
			}
			h := open(t, root, host.Options{Image: true})
			if walk {
				h.ForceWalk()
			}
			for _, p := range []string{"/etc/absolute/secret", "/etc/climbing/secret", "/etc/file", "/etc/proc" + secret} {
				if got, err := h.ReadFile(p); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("reading %q: got %q, %v, want ErrNotExist", p, got, err)
				}
			}
			for _, p := range []string{"/etc/absolute/new", "/etc/climbing/secret", "/etc/file"} {
				if err := h.WriteFile(p, []byte("x"), own(0o644)); err == nil {
					t.Errorf("writing %q: got no error", p)
				}
				if err := h.SetAttr(p, own(0o600)); err == nil {
					t.Errorf("changing the mode of %q: got no error", p)
				}
			}
			if err := h.Remove("/etc/absolute/secret"); err != nil {
				t.Errorf("removing what is not there: got %v", err)
			}
			if got, err := os.ReadFile(secret); string(got) != "outside" || err != nil {
				t.Errorf("the file outside: got %q, %v, want it untouched", got, err)
			}
			if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
				t.Errorf("the folder outside: got %v, %v, want it untouched", entries, err)
			}
		})
	}
}

func TestWriteFileCutShort(t *testing.T) {
	t.Parallel()

	t.Run("keeps the old file and leaves nothing when the disk is full", func(t *testing.T) {
		t.Parallel()
		h := open(t, scratch(t), host.Options{Image: true})
		must(t, h.WriteFile("/etc/file", []byte("old"), own(0o640)))
		err := h.FailWrite("/etc/file", []byte("half"), own(0o600), unix.ENOSPC)
		if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), `"/etc/file"`) || !strings.Contains(err.Error(), "df -h") {
			t.Errorf("got %v, want ENOSPC with the path and the way out", err)
		}
		wantTree(t, h, "/etc/file", "old", own(0o640))
		if names, err := h.ReadDir("/etc"); err != nil || !slices.Equal(names, []string{"file", "systemd"}) {
			t.Errorf("got names %q, %v, want no temporary file", names, err)
		}
	})

	t.Run("clears the temporary file that a crash left", func(t *testing.T) {
		t.Parallel()
		root := scratch(t)
		h := open(t, root, host.Options{Image: true})
		left := filepath.Join(root, "etc/.file.hostler-tmp")
		must(t, os.WriteFile(left, []byte("half of a secret"), 0o000))
		must(t, h.WriteFile("/etc/file", []byte("new"), own(0o644)))
		wantTree(t, h, "/etc/file", "new", own(0o644))
		if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the temporary file: got %v, want it gone", err)
		}
	})

	t.Run("does not write through a temporary file that is a link", func(t *testing.T) {
		t.Parallel()
		root := scratch(t)
		h := open(t, root, host.Options{Image: true})
		must(t, h.WriteFile("/etc/victim", []byte("precious"), own(0o644)))
		must(t, os.Symlink("victim", filepath.Join(root, "etc/.file.hostler-tmp")))
		must(t, h.WriteFile("/etc/file", []byte("new"), own(0o644)))
		wantTree(t, h, "/etc/victim", "precious", own(0o644))
		wantTree(t, h, "/etc/file", "new", own(0o644))
	})
}

func TestRestoreDamaged(t *testing.T) {
	t.Parallel()
	root := scratch(t)
	h := open(t, root, host.Options{Image: true})
	must(t, h.WriteFile("/etc/file", []byte("good"), own(0o644)))
	blob, err := h.Keep("/etc/file")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(root, host.BlobPath(host.DefaultStateDir, blob)), []byte("rot"), 0o600))
	must(t, h.WriteFile("/etc/file", []byte("now"), own(0o644)))
	if err := h.Restore("/etc/file", blob, own(0o644)); err == nil || !strings.Contains(err.Error(), blob) {
		t.Errorf("got %v, want an error that names the contents", err)
	}
	wantTree(t, h, "/etc/file", "now", own(0o644))
}

func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	root := scratch(t)
	h := open(t, root, host.Options{Image: true})
	must(t, unix.Mkfifo(filepath.Join(root, "etc/pipe"), 0o644))
	// Opening a pipe would wait for a writer.
	if _, err := h.ReadFile("/etc/pipe"); !errors.Is(err, host.ErrNotRegular) {
		t.Errorf("reading a pipe: got %v, want ErrNotRegular", err)
	}
	if err := h.WriteFile("/etc/pipe", nil, own(0o644)); !errors.Is(err, host.ErrNotRegular) {
		t.Errorf("writing a pipe: got %v, want ErrNotRegular", err)
	}
	if info, err := h.Lstat("/etc/pipe"); err != nil || info.Mode&fs.ModeNamedPipe == 0 {
		t.Errorf("got %v, %v, want a pipe", info.Mode, err)
	}
	must(t, h.Remove("/etc/pipe"))
}

// scratch makes an empty root.
func scratch(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "etc/systemd/system"), 0o755))
	return root
}

func own(mode fs.FileMode) host.Attr {
	return host.Attr{Mode: mode, UID: os.Geteuid(), GID: os.Getegid()}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantTree(t *testing.T, h *host.OS, p, content string, attr host.Attr) {
	t.Helper()
	got, err := h.ReadFile(p)
	if err != nil || string(got) != content {
		t.Errorf("%q: got %q, %v, want %q", p, got, err, content)
	}
	if info, err := h.Lstat(p); err != nil || info.Attr() != attr {
		t.Errorf("%q: got %+v, %v, want %+v", p, info.Attr(), err, attr)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}
