package dnftest

import (
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// visible tells whether a package of a repository can be seen: excludes hide it
// altogether, and version locks hide all versions but the one that is locked.
func (m machine) visible(f *hosttest.Fake, c call, r Repository, p Package) bool {
	if !c.has("--disableexcludes=all") && (excluded(f.Content(m.Config), p.Name) || r.Source != "" && excluded(f.Content(r.Source), p.Name)) {
		return false
	}
	if c.has("--disableplugin=versionlock") || f.Content(m.LockConfig) == "" {
		return true
	}
	locked, here := false, false
	for line := range strings.Lines(f.Content(m.LockList)) {
		line = strings.TrimSpace(line)
		pattern, isExclude := strings.CutPrefix(line, "!")
		name, version := splitDnfLock(pattern)
		if m.isYum() {
			name, version = splitYumLock(pattern)
		}
		if line == "" || line[0] == '#' || name != p.Name {
			continue
		}
		matches, err := path.Match(version, rpm.ParseEVR(p.Version).Full())
		matches = matches && err == nil
		if isExclude && matches {
			return false
		}
		locked, here = locked || !isExclude, here || !isExclude && matches
	}
	return !locked || here
}

func excluded(config, name string) bool {
	for line := range strings.Lines(config) {
		key, value, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		isSeparator := func(r rune) bool { return r == ' ' || r == ',' || r == '\n' }
		if (key == "exclude" || key == "excludepkgs") && slices.Contains(strings.FieldsFunc(value, isSeparator), name) {
			return true
		}
	}
	return false
}

// splitDnfLock takes "name-epoch:version-release.arch" apart; the epoch may be missing, and
// the architecture may be a pattern.
func splitDnfLock(line string) (name, version string) {
	line, _ = cutLast(line, ".")
	line, release := cutLast(line, "-")
	name, version = cutLast(line, "-")
	if !strings.Contains(version, ":") {
		version = "0:" + version
	}
	return name, version + "-" + release
}

// splitYumLock takes "epoch:name-version-release.arch" apart as yum takes names of
// packages apart. Where the epoch is in the middle the rest of the name is lost.
func splitYumLock(line string) (name, version string) {
	line, _ = cutLast(line, ".")
	epoch, rest, found := strings.Cut(line, ":")
	if !found {
		epoch, rest = "0", line
	}
	rest, release := cutLast(rest, "-")
	name, version = cutLast(rest, "-")
	return name, epoch + ":" + version + "-" + release
}

func cutLast(text, separator string) (before, after string) {
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[:at], text[at+len(separator):]
	}
	return text, ""
}
