package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
