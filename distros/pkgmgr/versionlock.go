package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// locker keeps the versions of packages in a text file. Its methods are pure, so
// that hostler makes the least edit, and going back gives the same bytes.
type locker interface {
	// locked tells whether a package is kept at a version.
	locked(text, name string, evr rpm.EVR) bool
	// lock keeps the package at a version, and at no other.
	lock(text, name string, evr rpm.EVR) string
	// unlock lets the package go.
	unlock(text, name string) string
}

// lockFile is where holds are kept on this host: the list of the plugin versionlock
// where it is there, the file of dnf 5, or else excludes in the main configuration.
func (d dnf) lockFile(v host.View) (string, locker) {
	if !d.isYum() && d.isFive(v) {
		return "/etc/dnf/versionlock.toml", tomlLocks{}
	}
	if config, err := v.ReadFile(d.lockConfig); err == nil && isOn(string(config)) {
		return d.lockList, lockList{yum: d.isYum()}
	}
	option := "excludepkgs"
	if d.isYum() {
		option = "exclude" // the only name that it knows
	}
	return d.config, excludeLine{option: option}
}

// isOn tells whether a plugin's configuration has it enabled.
func isOn(config string) bool {
	for line := range strings.Lines(config) {
		key, value, _ := strings.Cut(line, "=")
		if strings.TrimSpace(key) == "enabled" {
			value = strings.ToLower(strings.TrimSpace(value))
			return value == "1" || value == "true" || value == "yes" || value == "on"
		}
	}
	return false
}

func (d dnf) readLocks(v host.View) (file, text string, l locker, err error) {
	file, l = d.lockFile(v)
	content, err := v.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", nil, fmt.Errorf("reading which versions are locked: %w", err)
	}
	return file, string(content), l, nil
}

func (d dnf) markHolds(v host.View, inventory Inventory) error {
	_, text, l, err := d.readLocks(v)
	if err != nil || text == "" {
		return err
	}
	for name, p := range inventory.packages {
		if l.locked(text, name, rpm.ParseEVR(p.Version)) {
			p.Held = true
			inventory.packages[name] = p
		}
	}
	return nil
}

// setHold locks the version that is installed.
func (d dnf) setHold(ctx context.Context, h host.Host, name string, held bool) error {
	file, text, l, err := d.readLocks(h)
	if err != nil {
		return err
	}
	if !held {
		return writeLocks(h, file, text, l.unlock(text, name))
	}
	inventory, err := rpmInventory(ctx, h)
	if err != nil {
		return err
	}
	current := inventory.Get(name)
	if !current.Installed {
		return fmt.Errorf("%s is not installed: there is no version of it to lock", name)
	}
	evr, before := rpm.ParseEVR(current.Version), text
	if list, isList := l.(lockList); isList {
		text = list.putStaleAway(list.withoutOwn(text, name), name, evr)
	}
	return writeLocks(h, file, before, l.lock(text, name, evr))
}

// staleLocks tells whether one of the packages is locked at a version that it neither
// has nor gets.
func (d dnf) staleLocks(v host.View, inventory Inventory, changes []Change) (bool, error) {
	_, text, l, err := d.readLocks(v)
	list, isList := l.(lockList)
	if err != nil || !isList {
		return false, err
	}
	for _, c := range changes {
		if !inventory.Get(c.Name).Held && c.To != "" && list.lockedElsewhere(text, c.Name, rpm.ParseEVR(c.To)) {
			return true, nil
		}
	}
	return false, nil
}

// moveLocks moves the locks on packages that change to where they go, and returns
// what takes that back.
func (d dnf) moveLocks(h host.Host, inventory Inventory, changes []Change) (putBack func() error, err error) {
	file, before, l, err := d.readLocks(h)
	if err != nil {
		return nil, err
	}
	after := before
	for _, c := range changes {
		if inventory.Get(c.Name).Held && c.To != "" {
			after = l.lock(after, c.Name, rpm.ParseEVR(c.To))
		}
	}
	return func() error { return writeLocks(h, file, after, before) }, writeLocks(h, file, before, after)
}

// writeLocks keeps the mode of a file that is there.
func writeLocks(h host.Host, file, before, after string) error {
	if before == after {
		return nil
	}
	attr := host.Attr{Mode: 0o644}
	info, err := h.Stat(file)
	switch {
	case err == nil:
		attr = info.Attr()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return h.WriteFile(file, []byte(after), attr)
}

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
