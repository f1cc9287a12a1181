package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Prefetch puts into apt's cache the archives of the package and of what it brings,
// from the repositories as they will be then, and the archives of what it replaces,
// from those that there are now: the way back must not need a repository that the
// plan is about to replace.
func (o Install) Prefetch(ctx context.Context, h host.Host, plan []steps.Op) error {
	m, inventory, err := read(ctx, h, o.Manager)
	if err != nil {
		return err
	}
	if current := inventory.Get(o.Name); current.Installed && m.Matches(o.To, current.Version) {
		return nil
	}
	return fetchAhead(ctx, h, m, inventory, before(plan, o), o, o.LockTimeout)
}

// Prefetch puts the archives of what goes into apt's cache, for the way back.
func (o Remove) Prefetch(ctx context.Context, h host.Host, plan []steps.Op) error {
	m, inventory, err := read(ctx, h, o.Manager)
	if err != nil || !inventory.Get(o.Name).Installed {
		return err
	}
	return fetchAhead(ctx, h, m, inventory, before(plan, o), o, o.LockTimeout)
}

// fetchAhead fetches what an op needs and what its way back needs.
func fetchAhead(ctx context.Context, h host.Host, m Manager, inventory Inventory, plan []steps.Op, o steps.Op, lockTimeout time.Duration) error {
	if len(inventory.Unfinished) > 0 {
		return nil // the package manager does nothing before the plan's repair
	}
	future, refresh := h, func() error { return nil }
	if changesSources(plan) {
		if !foresees(m) {
			host.Progress(ctx, "packages are fetched when their turn comes: the plan changes repositories")
			return nil
		}
		private, err := openPrivate(ctx, h, plan)
		if err != nil {
			return err
		}
		defer func() { _ = private.close(context.WithoutCancel(ctx)) }()
		if err := private.seedAll(ctx, plan); err != nil {
			return err
		}
		future = private
		refresh = func() error { return m.refresh(ctx, private, "") }
	}
	changes, all, err := foresee(ctx, future, m, append(slices.Clone(plan), o))
	if errors.Is(err, ErrNoPackage) || errors.Is(err, ErrNoVersion) || errors.Is(err, ErrBroken) {
		// A machine that was just installed has no lists of its distribution yet: the run fetches them when it gets there.
		if err = refresh(); err == nil {
			changes, all, err = foresee(ctx, future, m, append(slices.Clone(plan), o))
		}
	}
	if err != nil {
		return err
	}
	return withLocks(ctx, h, m.databaseLocks(), lockTimeout, func() error {
		for _, change := range all {
			if current := inventory.Get(change.Name); current.Installed && current.Version != change.To {
				setAside(ctx, h, m, current)
			}
		}
		return m.download(ctx, future, changes)
	})
}

// foresees tells whether a package manager can work with repositories as they will be,
// beside those that there are. Others fetch ahead only where the plan leaves the
// repositories alone.
func foresees(m Manager) bool { return m == apt{} }

// foresee returns the changes of all the plan's ops, and with them what they bring along.
func foresee(ctx context.Context, h host.Host, m Manager, plan []steps.Op) (changes, all []Change, err error) {
	if changes, err = planned(ctx, h, m, plan); err != nil {
		return nil, nil, err
	}
	all, err = m.Simulate(ctx, h, changes)
	return changes, all, err
}

// planned are the changes of all the plan's ops, with exact versions. They go
// together: what a package brings depends on what was installed before it.
func planned(ctx context.Context, h host.Host, m Manager, plan []steps.Op) ([]Change, error) {
	var changes []Change
	for _, o := range plan {
		switch o := o.(type) {
		case Install:
			offered, err := m.Versions(ctx, h, o.Name)
			if err != nil {
				return nil, err
			}
			version, err := Pick(m, o.Name, o.To, offered[o.Name])
			if err != nil {
				return nil, err
			}
			changes = append(changes, Change{Name: o.Name, To: version})
		case Remove:
			changes = append(changes, Change{Name: o.Name, KeepConfig: true})
		}
	}
	return changes, nil
}

// seedAll gives the private configuration all lists as they will be: those of the host,
// and over them what the plan's refreshes fetched ahead.
func (p privateApt) seedAll(ctx context.Context, plan []steps.Op) error {
	present, err := listsIn(p, repository.ListsDir, everyList)
	if err != nil {
		return err
	}
	if err := p.seed(ctx, repository.ListsDir, present); err != nil {
		return err
	}
	for _, o := range plan {
		refresh, ok := o.(Refresh)
		if !ok {
			continue
		}
		staged, err := listsIn(p, refresh.staged(), refresh.own)
		if err != nil {
			return err
		}
		if err := p.seed(ctx, refresh.staged(), staged); err != nil {
			return err
		}
	}
	return nil
}

// setAside does what it can to have the archive of an installed package at hand
// for undo. Undo can do without it as long as a repository has the version, so
// nothing here is worth failing for.
func setAside(ctx context.Context, h host.Host, m Manager, current Package) {
	archive := m.archive(current.Name, current.Version, current.Arch)
	if _, err := h.Stat(archive); err != nil {
		offered, err := m.Versions(ctx, h, current.Name)
		if err != nil || !slices.Contains(offered[current.Name], current.Version) {
			return
		}
		host.Progress(ctx, fmt.Sprintf("keeping %s %s for undo", current.Name, current.Version))
		if err := m.fetch(ctx, h, current.Name, current.Version); err != nil {
			host.Progress(ctx, fmt.Sprintf("going on without %s %s: %v", current.Name, current.Version, err))
			return
		}
	}
	_ = keepArchives(h, m, current)
}

// NoWayBack says, for a plan that replaces an installed package, why its version
// could not be brought back; it is empty where it can be. offered are the versions that the
// repositories have now.
func NoWayBack(v host.View, m Manager, current Package, offered []string) string {
	if !current.Installed || slices.Contains(offered, current.Version) {
		return ""
	}
	if _, err := v.Stat(m.archive(current.Name, current.Version, current.Arch)); err == nil {
		return ""
	}
	return fmt.Sprintf("there is no way back: %s %s is neither in the host's package cache nor in a repository; put its archive into the cache, or accept that a failure leaves the new version",
		current.Name, current.Version)
}
