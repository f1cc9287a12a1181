package pkgmgr

import (
	"path"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
)

// Marks in lists of version locks: of a line that hostler wrote, before it, and of a
// line of somebody else's that does not count while hostler holds the package at
// another version or lets it go. One that was stale before hostler held the package is
// put away by a mark of its own, since it comes back when the package is let go.
const (
	lockMark  = "# hostler keeps this version\n"
	lockAway  = "#hostler: "
	staleAway = "#hostler, stale: "
)

// lockList is the list of versionlock, for dnf 4 "name-epoch:version-release.arch" a
// line and for yum "epoch:name-version-release.arch", both with wildcards. Lines with
// an exclamation mark exclude versions, and are no holds.
type lockList struct{ yum bool }

func (l lockList) line(name string, evr rpm.EVR) string {
	if l.yum {
		epoch, rest, _ := strings.Cut(evr.Full(), ":")
		return epoch + ":" + name + "-" + rest + ".*\n"
	}
	return name + "-" + evr.Full() + ".*\n"
}

// matches tells whether a line locks the package, and whether at this version.
func (l lockList) matches(line, name string, evr rpm.EVR) (isLock, atVersion bool) {
	pattern := strings.TrimSpace(line)
	if pattern == "" || strings.HasPrefix(pattern, "#") || strings.HasPrefix(pattern, "!") {
		return false, false
	}
	return matchesLock(pattern, name, evr)
}

// matchesLock compares the forms in which a package can be named: with and without
// epoch, in front or in the middle, and with and without an architecture.
func matchesLock(pattern, name string, evr rpm.EVR) (isLock, atVersion bool) {
	epoch, versionRelease, _ := strings.Cut(evr.Full(), ":")
	forms := []string{
		name + "-" + epoch + ":" + versionRelease, name + "-" + versionRelease, epoch + ":" + name + "-" + versionRelease,
		name + "-" + epoch + ":" + evr.Version, name + "-" + evr.Version,
	}
	for _, form := range forms {
		for _, suffix := range []string{"", ".x86_64", ".noarch", ".aarch64"} {
			if matched, err := path.Match(pattern, form+suffix); err == nil && matched {
				return true, true
			}
		}
	}
	rest := pattern
	if epoch, after, found := strings.Cut(pattern, ":"); found && strings.Trim(epoch, "0123456789*") == "" {
		rest = after
	}
	after, found := strings.CutPrefix(rest, name+"-")
	// "kubelet-1.35…" is of kubelet, "kubelet-extra-1…" is of another package.
	return found && after != "" && (after[0] >= '0' && after[0] <= '9' || after[0] == '*'), false
}

func (l lockList) locked(text, name string, evr rpm.EVR) bool {
	for line := range strings.Lines(text) {
		if _, here := l.matches(line, name, evr); here {
			return true
		}
	}
	return false
}

// lockedElsewhere tells whether the package is locked, and not at this version.
func (l lockList) lockedElsewhere(text, name string, evr rpm.EVR) bool {
	for line := range strings.Lines(text) {
		if isLock, _ := l.matches(line, name, evr); isLock {
			return !l.locked(text, name, evr)
		}
	}
	return false
}

// lock leaves a line of somebody else's that says the same, brings back one that was
// put away, and else adds one.
func (l lockList) lock(text, name string, evr rpm.EVR) string {
	text = l.withoutOwn(text, name)
	var out strings.Builder
	done := false
	for line := range strings.Lines(text) {
		away, isAway := strings.CutPrefix(line, lockAway)
		isLock, here := l.matches(line, name, evr)
		_, wasHere := l.matches(away, name, evr)
		switch {
		case isAway && wasHere:
			done = true
			out.WriteString(away)
		case isLock && !here:
			out.WriteString(lockAway + line)
		default:
			done = done || here
			out.WriteString(line)
		}
	}
	if done {
		return out.String()
	}
	return addBlock(out.String(), lockMark+l.line(name, evr))
}

func (l lockList) unlock(text, name string) string {
	var out strings.Builder
	for line := range strings.Lines(l.withoutOwn(text, name)) {
		stale, wasStale := strings.CutPrefix(line, staleAway)
		if isLock, _ := l.matches(stale, name, rpm.EVR{Version: "-"}); isLock && wasStale {
			line = stale
		} else if isLock {
			line = lockAway + line
		}
		out.WriteString(line)
	}
	return out.String()
}

// putStaleAway is for a package that is not held: what locks it is not at its version.
func (l lockList) putStaleAway(text, name string, evr rpm.EVR) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if isLock, here := l.matches(line, name, evr); isLock && !here {
			line = staleAway + line
		}
		out.WriteString(line)
	}
	return out.String()
}

// withoutOwn takes hostler's line of the package out.
func (l lockList) withoutOwn(text, name string) string {
	var out strings.Builder
	marked := false
	for line := range strings.Lines(text) {
		isLock, _ := l.matches(line, name, rpm.EVR{Version: "-"})
		switch {
		case marked && isLock:
			marked = false
			continue
		case marked:
			out.WriteString(lockMark)
			marked = false
		}
		if line == lockMark {
			marked = true
			continue
		}
		out.WriteString(line)
	}
	if marked {
		out.WriteString(lockMark)
	}
	return out.String()
}

// addBlock adds lines at the end, or, where the last line does not end, at the start:
// what is there keeps its bytes.
func addBlock(text, block string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return block + text
	}
	return text + block
}
