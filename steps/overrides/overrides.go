// Package overrides finds what takes the effect of a drop-in away: files that
// systemd's daemons read after it and that set the same keys.
//
// systemd reads the drop-ins of a folder such as journald.conf.d in the order of
// their names, whichever of four folders they are in, and of two of one name
// only the one in the better folder (systemd.conf(5), "CONFIGURATION DIRECTORIES AND
// PRECEDENCE"). Such files are other people's, so hostler warns and changes
// none of them.
package overrides

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

// folders are where drop-ins may be, best first; /lib is a link on merged systems.
var folders = []string{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"}

// DropIn is a file of ours below /etc/systemd.
type DropIn struct {
	// Folder is "journald.conf.d", "system.conf.d" and the like.
	Folder string
	// Name of the file.
	Name string
	// Keys are those that it sets.
	Keys []string
}

// Path is where the drop-in is.
func (d DropIn) Path() string { return path.Join("/etc/systemd", d.Folder, d.Name) }

// Warnings returns a steps.Warning for each later file that sets one of the keys.
// counts tells which values matter, for keys that add up, as DefaultEnvironment
// does; nil: all of them.
func Warnings(v host.Files, d DropIn, counts func(value string) bool) error {
	files, err := later(v, d)
	if err != nil {
		return err
	}
	var warnings []error
	for _, file := range files {
		content, err := v.ReadFile(file)
		if err != nil {
			return err
		}
		for _, set := range assignments(content) {
			if !slices.Contains(d.Keys, set.key) || counts != nil && !counts(set.value) {
				continue
			}
			warnings = append(warnings, steps.Warning("%s sets %s=%s, and it is read after %s: remove the line there for the NodeGroup's to count",
				file, set.key, set.value, d.Path()))
		}
	}
	return errors.Join(warnings...)
}

// later lists the files that are read after the drop-in, in their order.
func later(v host.Files, d DropIn) ([]string, error) {
	best := map[string]string{}
	for _, folder := range folders {
		names, err := v.ReadDir(path.Join(folder, d.Folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if _, taken := best[name]; taken || !strings.HasSuffix(name, ".conf") || name <= d.Name {
				continue
			}
			best[name] = path.Join(folder, d.Folder, name)
		}
	}
	files := make([]string, 0, len(best))
	for name, file := range best {
		masked, err := isMasked(v, file)
		if err != nil {
			return nil, fmt.Errorf("looking at drop-in %q: %w", name, err)
		}
		if !masked {
			files = append(files, file)
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return files, nil
}

// isMasked tells a link to /dev/null, which is how a person switches a packaged
// drop-in off, and a link to nowhere, which systemd skips.
func isMasked(v host.Files, file string) (bool, error) {
	info, err := v.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && !info.Mode.IsRegular(), err
}

type assignment struct{ key, value string }

// assignments are the lines KEY=VALUE, whatever section they are in: these files
// have one.
func assignments(content []byte) []assignment {
	var found []assignment
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		found = append(found, assignment{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return found
}
