package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// directories are those that systemd-sysctl reads, best first: of two files
// with the same name only the one in the better directory is read. Then the
// files are read in the order of their names, whatever directory they are in.
var directories = [...]string{"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}

// line is a line of a sysctl.d file that says something.
type line struct {
	file   string
	number int
	// key is in canonical form. It may be a pattern.
	key Key
	// value is what is set. An excluding line ("-key") has none: it takes
	// the key out of what was read before and of all patterns.
	value    string
	excludes bool
}

// linesAfter reads all lines of the files that come after the file of the given
// name, in the order in which they count. Files that cannot be read are
// reported, joined; the lines of the others are good nevertheless.
func linesAfter(v host.Files, name string) ([]line, error) {
	files, errs := configFiles(v)
	var lines []line
	for _, base := range slices.Sorted(maps.Keys(files)) {
		if base <= name {
			continue
		}
		content, err := readConfig(v, files[base])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lines = append(lines, parseLines(files[base], content)...)
	}
	return lines, errors.Join(errs...)
}

// configFiles returns the path that counts for each file name.
func configFiles(v host.Files) (files map[string]string, errs []error) {
	files = map[string]string{}
	for _, dir := range directories {
		names, err := v.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, name := range names {
			_, masked := files[name]
			if masked || !strings.HasSuffix(name, ".conf") || strings.HasPrefix(name, ".") {
				continue
			}
			files[name] = path.Join(dir, name)
		}
	}
	return files, errs
}

// readConfig reads a file that may be a link. A link to /dev/null, which is the
// way to switch a file of the distribution off, and one that leads nowhere are empty.
func readConfig(v host.Files, name string) ([]byte, error) {
	if target, err := v.Readlink(name); err == nil && target == "/dev/null" {
		return nil, nil
	}
	content, err := v.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) {
		return nil, nil
	}
	return content, err
}

// parseLines reads the format of sysctl.d(5). Lines that systemd-sysctl would
// skip with a warning are left out.
func parseLines(file string, content []byte) []line {
	var lines []line
	number := 0
	for text := range strings.Lines(string(content)) {
		number++
		text = strings.TrimSpace(text)
		if text == "" || strings.ContainsAny(text[:1], "#;") {
			continue
		}
		// A "-" before an assignment only makes its failure quiet.
		key, dash := strings.CutPrefix(text, "-")
		key, value, assigns := strings.Cut(key, "=")
		if !assigns && !dash {
			continue
		}
		lines = append(lines, line{
			file: file, number: number, key: normalize(strings.TrimSpace(key)),
			value: strings.TrimSpace(value), excludes: !assigns,
		})
	}
	return lines
}

// normalize is ParseKey for other people's files: whatever they hold, it finds
// the form in which systemd-sysctl compares it.
func normalize(key string) Key {
	if first := strings.IndexAny(key, "./"); first >= 0 && key[first] == '.' {
		key = strings.Map(swapSeparators, key)
	}
	return fromPath(strings.TrimPrefix(path.Clean("/"+key), "/"))
}

// conflict is a line that keeps one of our values from being set at boot.
type conflict struct {
	setting setting
	line    line
}

// conflicts finds the lines read after ours that change what ours say. Patterns
// never do: a key that any file names in full is left out of all of them. Of
// several lines for one key the last one counts.
func conflicts(settings []setting, later []line) []conflict {
	last := map[Key]line{}
	for _, l := range later {
		last[l.key] = l
	}
	var found []conflict
	for _, s := range settings {
		l, ok := last[s.key]
		if ok && (l.excludes || !s.holdsWritten(l.value)) {
			found = append(found, conflict{s, l})
		}
	}
	return found
}

// sameWish compares two values that are written, where Equal compares a
// written with a printed one.
func sameWish(a, b string) bool { return Equal(a, b) || Equal(b, a) }

// explain says what the conflict does and how to end it. A file that is a link
// is named with its target, because that is the file to edit.
func (c conflict) explain(v host.Files) string {
	file := c.line.file
	if target, err := v.Readlink(file); err == nil {
		file += " (a link to " + target + ")"
	}
	does := fmt.Sprintf("sets %q at boot instead of %q", c.line.value, c.setting.value)
	if c.line.excludes {
		does = fmt.Sprintf("keeps %q from being set at boot", c.setting.value)
	}
	// Files of packages come back with the next upgrade.
	remedy := "remove that line"
	if !strings.HasPrefix(c.line.file, "/etc/") {
		remedy = "put a file of the same name, without that line, into /etc/sysctl.d"
	}
	return fmt.Sprintf("sysctl %q: line %d of %s is read after %s and %s: %s",
		c.setting.key, c.line.number, file, path.Base(File), does, remedy)
}
