package packages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Spec is the packages that a host should have and should not have.
type Spec struct {
	Manager distros.PackageManager
	// Install is in the order in which the packages are installed.
	Install []Package
	// Remove names packages that must not be installed; their configuration
	// stays.
	Remove []string
	// Repositories are those that an earlier step describes: a version may be in
	// one that is not fetched yet.
	Repositories []repository.Spec
	// LockTimeout bounds the wait for another package manager; zero is
	// pkgmgr.DefaultLockTimeout.
	LockTimeout time.Duration
}

// Package is a wish for one package.
type Package struct {
	Name string
	// Version is "1.36.3-1.1", or "1.36.3" for any packaging of it, or empty for
	// any version.
	Version string
	// Hold keeps the version from being changed by others.
	Hold bool
	// ChangeCost is what it costs the workloads when an installed package is
	// replaced, such as Restart where the package restarts its service.
	ChangeCost steps.Impact
	// NoStart are units of the package that a step starts itself, once it has
	// configured them. Others start as the distribution does it.
	NoStart []string
}

// Step is a step of packages. A plan may have several, under different names.
type Step struct {
	name    string
	spec    Spec
	manager pkgmgr.Manager
}

// New returns the step of that name, or what is wrong with the wish.
func New(name string, spec Spec) (Step, error) {
	manager, err := pkgmgr.For(spec.Manager)
	if err != nil {
		return Step{}, err
	}
	var problems []error
	seen := map[string]bool{}
	check := func(name string) {
		switch {
		case name == "" || strings.ContainsAny(name, " \t\n=/_") || strings.HasPrefix(name, "-"):
			problems = append(problems, fmt.Errorf("package %q: not a package name", name))
		case seen[name]:
			problems = append(problems, fmt.Errorf("package %q: named twice", name))
		}
		seen[name] = true
	}
	for _, p := range spec.Install {
		check(p.Name)
		if strings.ContainsAny(p.Version, " \t\n") {
			problems = append(problems, fmt.Errorf("package %q: version %q holds blanks", p.Name, p.Version))
		}
	}
	for _, name := range spec.Remove {
		check(name)
	}
	return Step{name: name, spec: spec, manager: manager}, errors.Join(problems...)
}

// Name is the name given to New.
func (s Step) Name() string { return s.name }

// Plan asks, in this order, for: repair of interrupted work, removals, fresh
// lists where they are needed, installations, holds.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	inventory, err := s.manager.Installed(ctx, v)
	if errors.Is(err, fs.ErrNotExist) && !v.Live() {
		inventory, err = pkgmgr.Inventory{}, nil // an image before its packages
	}
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(s.spec.Install), func(p Package) bool { return s.satisfied(p, inventory) })
	removals := slices.DeleteFunc(slices.Clone(s.spec.Remove), func(name string) bool { return !inventory.Get(name).Installed })
	if !v.Live() {
		return nil, imageRemarks(missing, removals)
	}
	var ops []steps.Op
	if len(inventory.Unfinished) > 0 {
		ops = append(ops, pkgmgr.Repair{Manager: s.spec.Manager, Unfinished: inventory.Unfinished, NoStart: s.noStart(), LockTimeout: s.spec.LockTimeout})
	}
	removed, err := s.planRemovals(ctx, v, inventory, removals)
	if err != nil {
		return nil, err
	}
	ops = append(ops, removed...)
	installed, err := s.planInstalls(ctx, v, inventory, missing)
	ops = append(ops, installed...)
	return append(ops, s.planHolds(inventory)...), err
}

// noStart are the units of all packages that are not to be started.
func (s Step) noStart() []string {
	var units []string
	for _, p := range s.spec.Install {
		units = append(units, p.NoStart...)
	}
	return units
}

func (s Step) satisfied(p Package, inventory pkgmgr.Inventory) bool {
	current := inventory.Get(p.Name)
	return current.Installed && (p.Version == "" || s.manager.Matches(p.Version, current.Version))
}

// imageRemarks tells what must be done by whoever builds the image: package
// scripts of a folder that is not running would run on the machine that builds it.
func imageRemarks(missing []Package, removals []string) error {
	var remarks []error
	for _, p := range missing {
		wish := strings.TrimSpace(p.Name + " " + p.Version)
		remarks = append(remarks, steps.Warning("packages are not installed into an image: install %s when it is built", wish))
	}
	for _, name := range removals {
		remarks = append(remarks, steps.Warning("packages are not removed from an image: leave %s out when it is built", name))
	}
	return errors.Join(remarks...)
}

func (s Step) planHolds(inventory pkgmgr.Inventory) []steps.Op {
	var ops []steps.Op
	for _, p := range s.spec.Install {
		if p.Hold && !inventory.Get(p.Name).Held {
			ops = append(ops, pkgmgr.Hold{Manager: s.spec.Manager, Name: p.Name, To: true, LockTimeout: s.spec.LockTimeout})
		}
	}
	return ops
}
