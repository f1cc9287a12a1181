package packages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// planRemovals names the packages that go along, because they depend on one
// that goes.
func (s Step) planRemovals(ctx context.Context, v host.View, inventory pkgmgr.Inventory, names []string) ([]steps.Op, error) {
	var ops []steps.Op
	for _, name := range names {
		changes, err := s.manager.Simulate(ctx, v, []pkgmgr.Change{{Name: name}})
		if err != nil {
			return nil, fmt.Errorf("removing %s: %w", name, err)
		}
		remove := pkgmgr.Remove{Manager: s.spec.Manager, Name: name, From: inventory.Get(name).Version, LockTimeout: s.spec.LockTimeout}
		if others := describeOthers(changes, names); others != "" {
			remove.Notes = []string{"goes with it: " + others}
		}
		ops = append(ops, remove)
	}
	return ops, nil
}

// planInstalls looks the versions up and simulates the installation, so that
// what it brings along is known before anybody agrees to it. The error may be a
// remark beside the ops.
func (s Step) planInstalls(ctx context.Context, v host.View, inventory pkgmgr.Inventory, missing []Package) ([]steps.Op, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	offered, err := s.manager.Versions(ctx, v, namesOf(missing)...)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	var changes []pkgmgr.Change
	var unknown []string
	for _, p := range missing {
		install := s.install(p, inventory)
		if note := pkgmgr.NoWayBack(v, s.manager, inventory.Get(p.Name), offered[p.Name]); note != "" {
			install.Notes = append(install.Notes, note)
		}
		version, err := pkgmgr.Pick(s.manager, p.Name, p.Version, offered[p.Name])
		if err != nil {
			unknown = append(unknown, strings.TrimSpace(p.Name+" "+p.Version))
			install.Notes = append(install.Notes, fmt.Sprintf("not in the lists fetched so far: %v", err))
		} else {
			install.To = version
			install.Downgrade = install.From != "" && s.manager.Newer(install.From, version)
			changes = append(changes, pkgmgr.Change{Name: p.Name, To: version})
		}
		ops = append(ops, install)
	}
	if len(unknown) > 0 {
		return s.withUnknown(v, ops, unknown)
	}
	if len(inventory.Unfinished) > 0 {
		return ops, nil // a simulation would stumble over what is repaired first
	}
	brought, err := s.manager.Simulate(ctx, v, changes)
	if errors.Is(err, pkgmgr.ErrBroken) {
		return s.withBroken(v, ops, err)
	}
	if err != nil {
		return nil, err
	}
	if others := describeOthers(brought, namesOf(missing)); others != "" {
		first := ops[0].(pkgmgr.Install)
		first.Notes = append(first.Notes, "comes along: "+others)
		ops[0] = first
	}
	return ops, nil
}

// withUnknown deals with versions that the lists do not have.
func (s Step) withUnknown(v host.View, ops []steps.Op, unknown []string) ([]steps.Op, error) {
	lists, err := pkgmgr.ListNames(v)
	if err != nil {
		return nil, err
	}
	for _, r := range s.spec.Repositories {
		if !r.Lists().Fetched(lists) {
			return ops, steps.Later("the exact version of %s is known when repository %s has been fetched", strings.Join(unknown, ", "), r.Name)
		}
	}
	refresh := pkgmgr.Refresh{Manager: s.spec.Manager, Why: "the lists do not have " + strings.Join(unknown, ", "), LockTimeout: s.spec.LockTimeout}
	return append([]steps.Op{refresh}, ops...), nil
}

// withBroken deals with dependencies that cannot be met. Where only the spec's
// repositories are fetched, as on a machine that was just installed, they may
// be in the distribution's own, which are fetched then.
func (s Step) withBroken(v host.View, ops []steps.Op, broken error) ([]steps.Op, error) {
	lists, err := pkgmgr.ListNames(v)
	if err != nil {
		return nil, err
	}
	for _, name := range lists {
		ours := func(r repository.Spec) bool { return r.Lists().Own(name) }
		if !slices.ContainsFunc(s.spec.Repositories, ours) {
			return nil, broken
		}
	}
	refresh := pkgmgr.Refresh{Manager: s.spec.Manager, Why: fmt.Sprintf("only the repositories of the NodeGroup are fetched so far: %v", broken), LockTimeout: s.spec.LockTimeout}
	return append([]steps.Op{refresh}, ops...), nil
}

func (s Step) install(p Package, inventory pkgmgr.Inventory) pkgmgr.Install {
	install := pkgmgr.Install{Manager: s.spec.Manager, Name: p.Name, To: p.Version, NoStart: p.NoStart, LockTimeout: s.spec.LockTimeout}
	if current := inventory.Get(p.Name); current.Installed {
		install.From, install.Cost = current.Version, p.ChangeCost
	}
	return install
}

func namesOf(packages []Package) []string {
	names := make([]string, len(packages))
	for i, p := range packages {
		names[i] = p.Name
	}
	return names
}

// describeOthers lists the changes of packages that nobody named.
func describeOthers(changes []pkgmgr.Change, named []string) string {
	var others []string
	for _, change := range changes {
		if !slices.Contains(named, change.Name) {
			others = append(others, change.String())
		}
	}
	return strings.Join(others, ", ")
}
