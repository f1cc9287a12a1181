package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Spec is the wish.
type Spec struct {
	// Files are written in this order. No path may come twice.
	Files []File
}

// File is one file.
type File struct {
	// Path is absolute. Missing folders are made with mode 0755 for root.
	Path string
	// Mode holds permission bits, setuid, setgid and sticky; zero means 0644.
	Mode fs.FileMode
	// Owner is "user", "user:group" or ":group"; each may be a number. A user
	// without a group gets group root, as does a file without an owner. Names are looked up in the
	// host's /etc/passwd and /etc/group and nowhere else.
	Owner   string
	Content []byte
	// Impact is what the change of the file costs beside the restarts.
	Impact steps.Impact
	// Restart are units to restart when the file changes; one that is not
	// running is started. Full names, such as "chrony.service".
	Restart []string
}

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	seen := map[string]bool{}
	for _, f := range s.Files {
		if err := f.check(); err != nil {
			errs = append(errs, fmt.Errorf("file %q: %w", f.Path, err))
		}
		if seen[f.Path] {
			errs = append(errs, fmt.Errorf("file %q comes twice: remove one of them", f.Path))
		}
		seen[f.Path] = true
	}
	return errors.Join(errs...)
}

// notFiles are trees of the kernel and of hostler: what is written there is not a
// file, or is not anybody else's.
var notFiles = []string{"/dev", "/proc", "/sys", host.DefaultStateDir}

func (f File) check() error {
	if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || f.Path == "/" || strings.ContainsRune(f.Path, 0) {
		return errors.New(`the path is not an absolute one without "..", "//" and a slash at the end`)
	}
	for _, tree := range notFiles {
		if f.Path == tree || strings.HasPrefix(f.Path, tree+"/") {
			return fmt.Errorf("no files are written below %s; for kernel parameters there is operatingSystem.sysctl", tree)
		}
	}
	if extra := f.Mode &^ host.ModeBits; extra != 0 {
		return fmt.Errorf("mode %v holds more than permissions, setuid, setgid and sticky", f.Mode)
	}
	if _, err := parseOwner(f.Owner); err != nil {
		return err
	}
	for _, unit := range f.Restart {
		// A name without a type would be asked of systemd as it is, and be refused late.
		if !strings.Contains(unit, ".") || strings.ContainsAny(unit, "/ \t\n") {
			return fmt.Errorf("restart: %q is not the full name of a unit, such as chrony.service", unit)
		}
	}
	return nil
}

// mode is Mode with its default.
func (f File) mode() fs.FileMode {
	if f.Mode == 0 {
		return 0o644
	}
	return f.Mode
}

// unitFolders are where systemd reads unit files and drop-ins from; it must be
// told when they change.
var unitFolders = []string{
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
}

// isUnitFile tells whether systemd reads the path as part of a unit.
func isUnitFile(name string) bool {
	return slices.ContainsFunc(unitFolders, func(folder string) bool { return strings.HasPrefix(name, folder+"/") })
}
