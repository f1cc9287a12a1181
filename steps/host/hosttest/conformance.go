package hosttest

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

// Caps tells the suite what it may do on a host. What it may not do it does not
// try; a case is left out, never skipped in silence inside.
type Caps struct {
	// Folder exists and is the suite's own; it makes everything below it.
	Folder string
	// StateDir is the host's state folder.
	StateDir string
	// Owner is the owner of files that the suite makes (its Mode is ignored), and
	// Stranger another one, where the suite may give files away.
	Owner    host.Attr
	Stranger *host.Attr
	// Commands: there are the programs true, false, echo and cat.
	Commands bool
	// Scripts: checks can be run, in the shell of this host.
	Scripts bool
	// UnitFiles: the suite may write unit files of its own.
	UnitFiles bool
	// Kernel is what it may do to the kernel; nil: the host is not Live.
	Kernel *KernelCaps
	// FailingUnit brings the unit into a state in which its start fails with a
	// last log line of "going down"; nil: there is no systemd.
	FailingUnit func(t *testing.T, h host.Host, name string)
}

// KernelCaps are values of the kernel that the suite may change and gives back.
type KernelCaps struct {
	Flag   string // a key that takes 0 and 1
	Vector string // a key that holds three numbers
	// ReadOnly is a key that cannot be written.
	ReadOnly string
	// Attribute is a number below /sys that the suite may change and gives back, and
	// ReadOnlyAttribute one that cannot be written.
	Attribute, ReadOnlyAttribute string
}

// suite is what a case works with.
type suite struct {
	host.Host
	caps   Caps
	folder string // this case's own
}

// conformanceCase is one promise of the interfaces in package host.
type conformanceCase struct {
	name string
	run  func(t *testing.T, s *suite)
	// needs tells whether the host can be asked; nil: always.
	needs func(Caps) bool
}

// Conformance holds a host to what the comments in package host promise. open
// returns the host afresh for each case; cases run one after the other.
func Conformance(t *testing.T, open func(t *testing.T) host.Host, caps Caps) {
	for _, list := range [][]conformanceCase{readCases, writeCases, keepCases, kernelCases, unitFileCases, unitCases, commandCases, scriptCases} {
		for _, c := range list {
			if c.needs != nil && !c.needs(caps) {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				s := &suite{Host: open(t), caps: caps, folder: path.Join(caps.Folder, "case")}
				must(t, s.Mkdir(s.folder, s.attr(0o755)))
				t.Cleanup(func() { removeAll(t, s, s.folder) })
				c.run(t, s)
			})
		}
	}
}

// at is a path in the case's folder.
func (s *suite) at(name string) string { return path.Join(s.folder, name) }

// attr is a mode with the owner that the suite may use.
func (s *suite) attr(mode fs.FileMode) host.Attr {
	attr := s.caps.Owner
	attr.Mode = mode
	return attr
}

// write makes a file with mode 0644.
func (s *suite) write(t *testing.T, p, content string) {
	t.Helper()
	must(t, s.WriteFile(p, []byte(content), s.attr(0o644)))
}

// wantContent and the others check one fact about a path.
func (s *suite) wantContent(t *testing.T, p, want string) {
	t.Helper()
	got, err := s.ReadFile(p)
	if err != nil || string(got) != want {
		t.Errorf("reading %q: got %q, %v, want %q", p, got, err, want)
	}
}

func (s *suite) wantAttr(t *testing.T, p string, want host.Attr) {
	t.Helper()
	info, err := s.Lstat(p)
	if err != nil || info.Attr() != want {
		t.Errorf("owner and mode of %q: got %+v, %v, want %+v", p, info.Attr(), err, want)
	}
}

func (s *suite) wantNames(t *testing.T, p string, want ...string) {
	t.Helper()
	got, err := s.ReadDir(p)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("names in %q: got %q, %v, want %q", p, got, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error: %v", err)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want one that is %q", got, want)
	}
}

// removeAll removes a path with all below it.
func removeAll(t *testing.T, h host.Host, p string) {
	t.Helper()
	info, err := h.Lstat(p)
	if err != nil {
		return
	}
	if info.Mode.IsDir() {
		names, err := h.ReadDir(p)
		must(t, err)
		for _, name := range names {
			removeAll(t, h, path.Join(p, name))
		}
	}
	must(t, h.Remove(p))
}
