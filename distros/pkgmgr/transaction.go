package pkgmgr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// transact brings the host to the changes: those that are not done yet in one
// transaction, then the marks. Interrupted work is finished first. It may be
// repeated, and cut short, at any point.
//
// The scripts of the packages leave the units of noStart alone.
func transact(ctx context.Context, h host.Host, m Manager, changes []Change, noStart []string, lockTimeout time.Duration) error {
	if starter, ok := m.(serviceStarter); ok {
		return starter.withoutStarts(ctx, h, noStart, func(h host.Host) error { return settle(ctx, h, m, changes, lockTimeout) })
	}
	return settle(ctx, h, m, changes, lockTimeout)
}

func settle(ctx context.Context, h host.Host, m Manager, changes []Change, lockTimeout time.Duration) error {
	if settled, err := isSettled(ctx, h, m, changes); settled || err != nil {
		return err
	}
	return withLocks(ctx, h, m.databaseLocks(), lockTimeout, func() error {
		inventory, err := repaired(ctx, h, m, changes)
		if err != nil {
			return err
		}
		pending := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.done(inventory) })
		if len(pending) > 0 {
			if pending, err = findArchives(h, pending); err != nil {
				return err
			}
			if err := m.apply(ctx, h, pending); err != nil {
				return err
			}
		}
		return mark(ctx, h, m, inventory, changes)
	})
}

// isSettled tells whether there is nothing to do. Then no lock is needed, and who
// holds one for ever does not keep a run from going back that got none.
func isSettled(ctx context.Context, v host.View, m Manager, changes []Change) (bool, error) {
	inventory, err := m.Installed(ctx, v)
	if err != nil || len(inventory.Unfinished) > 0 {
		return false, err
	}
	for _, change := range changes {
		current := inventory.Get(change.Name)
		if !change.done(inventory) || current.Held != change.Hold || change.Auto && !current.Auto {
			return false, nil
		}
	}
	return true, nil
}

// repaired finishes interrupted work, if there is any. Where that fails for a
// package that the changes are about, they go ahead all the same: to remove
// it, or to put another version in its place, is the way out, and it is what
// undo does after an installation whose script failed.
func repaired(ctx context.Context, h host.Host, m Manager, changes []Change) (Inventory, error) {
	before, err := m.Installed(ctx, h)
	if err != nil || len(before.Unfinished) == 0 {
		return before, err
	}
	failure := m.repair(ctx, h)
	after, err := m.Installed(ctx, h)
	if err != nil {
		return after, err
	}
	remedied := slices.ContainsFunc(changes, func(c Change) bool { return after.Get(c.Name).Unfinished })
	if failure != nil && !remedied {
		return after, fmt.Errorf("finishing interrupted work on %s: %w", joinNames(before.Unfinished), failure)
	}
	return after, nil
}

// mark sets holds and auto marks. A transaction takes the hold away from all
// packages that it touches, and marks what it was told to install as wanted, so
// packages that came along are put on hold again where they were before.
func mark(ctx context.Context, h host.Host, m Manager, before Inventory, changes []Change) error {
	after, err := m.Installed(ctx, h)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for name, p := range before.packages {
		if p.Held && after.Get(name).Installed {
			wanted[name] = true
		}
	}
	for _, change := range changes {
		wanted[change.Name] = change.Hold
		if change.Auto && !after.Get(change.Name).Auto {
			if err := m.setAuto(ctx, h, change.Name); err != nil {
				return fmt.Errorf("marking %s as installed for others: %w", change.Name, err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if wanted[name] != after.Get(name).Held {
			if err := m.setHold(ctx, h, name, wanted[name]); err != nil {
				return fmt.Errorf("hold of %s: %w", name, err)
			}
		}
	}
	return nil
}

// wayBack finds out what making a change would change in all, and returns the
// changes that take it back.
func wayBack(ctx context.Context, v host.View, m Manager, inventory Inventory, change Change) ([]Change, error) {
	changes := []Change{change}
	if !change.done(inventory) {
		var err error
		if changes, err = m.Simulate(ctx, v, changes); err != nil {
			return nil, err
		}
		// The simulation may have waited for another package manager.
		if inventory, err = m.Installed(ctx, v); err != nil {
			return nil, err
		}
	}
	return inverse(v, m, inventory, changes)
}

// inverse turns what a transaction will change into the changes that take it
// back, with versions and marks as they are now. Archives that the host still
// has are named.
func inverse(v host.View, m Manager, inventory Inventory, changes []Change) ([]Change, error) {
	back := make([]Change, 0, len(changes))
	for _, change := range changes {
		current := inventory.Get(change.Name)
		undo := Change{Name: change.Name, From: change.To, Hold: current.Held, Auto: current.Auto, KeepConfig: current.ConfigFiles}
		if current.Installed {
			undo.To = current.Version
			undo.Archive = m.archive(current.Name, current.Version, current.Arch)
			blob, err := digestOf(v, undo.Archive)
			if err != nil {
				return nil, err
			}
			undo.Blob = blob
		}
		back = append(back, undo)
	}
	return back, nil
}

// digestOf is the name of a file's contents in the blob store, empty where
// there is no file.
func digestOf(v host.View, path string) (string, error) {
	content, err := v.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the archive of the installed package: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// keepArchives puts the archives of installed packages into the blob store
// before they are replaced: somebody may clean the cache before they are needed.
func keepArchives(h host.Host, m Manager, packages ...Package) error {
	for _, p := range packages {
		path := m.archive(p.Name, p.Version, p.Arch)
		if _, err := h.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := h.Keep(path); err != nil {
			return fmt.Errorf("keeping the archive of %s %s for undo: %w", p.Name, p.Version, err)
		}
	}
	return nil
}

// findArchives decides where each package is taken from: the cache, the blob
// store, or else the repositories, for which Archive is emptied.
func findArchives(h host.Host, changes []Change) ([]Change, error) {
	found := slices.Clone(changes)
	for i, change := range found {
		if change.Archive == "" {
			continue
		}
		_, err := h.Stat(change.Archive)
		switch {
		case err == nil:
			continue
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		case change.Blob == "":
			found[i].Archive = ""
		default:
			err := h.Restore(change.Archive, change.Blob, host.Attr{Mode: 0o644})
			if errors.Is(err, fs.ErrNotExist) {
				found[i].Archive = ""
			} else if err != nil {
				return nil, fmt.Errorf("bringing the archive of %s back: %w", change.Name, err)
			}
		}
	}
	return found, nil
}
