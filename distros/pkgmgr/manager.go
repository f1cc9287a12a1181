package pkgmgr

import (
	"context"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// DefaultLockTimeout bounds the wait for another package manager.
const DefaultLockTimeout = 10 * time.Minute

// Manager is what hostler needs of a package manager. The methods that take a
// View only read.
type Manager interface {
	// Installed reads the package database: from files where they can be read, else by a
	// query whose answer is kept until the database changes.
	Installed(ctx context.Context, v host.View) (Inventory, error)
	// Versions asks which versions of the packages the fetched lists hold, newest
	// first. A package that no repository has is not in the answer.
	Versions(ctx context.Context, v host.View, names ...string) (map[string][]string, error)
	// Simulate says what making the changes would change in all: the packages
	// named and those that they bring, upgrade or push out.
	Simulate(ctx context.Context, v host.View, changes []Change) ([]Change, error)

	// Matches tells whether a version is what a person wished for.
	Matches(wish, version string) bool
	// Newer tells whether a is a newer version than b.
	Newer(a, b string) bool

	// apply makes the changes in one transaction.
	apply(ctx context.Context, h host.Host, changes []Change) error
	// setHold puts a package on hold or takes it off.
	setHold(ctx context.Context, h host.Host, name string, held bool) error
	// setAuto marks a package as installed for others only.
	setAuto(ctx context.Context, h host.Host, name string) error
	// refresh fetches the lists of one source file, or of all when it is empty.
	refresh(ctx context.Context, h host.Host, source string) error
	// repair finishes what was interrupted.
	repair(ctx context.Context, h host.Host) error
	// fetch puts a package's archive into the cache.
	fetch(ctx context.Context, h host.Host, name, version string) error
	// download puts into the cache what making the changes needs, and verifies it.
	download(ctx context.Context, h host.Host, changes []Change) error
	// archive is where the cache keeps a package.
	archive(name, version, arch string) string
	// databaseLocks and listLocks are the files that other managers lock.
	databaseLocks() []string
	listLocks() []string
}

// managers are the package managers that hostler speaks with, a line each.
var managers = map[distros.PackageManager]Manager{
	distros.Apt:    apt{},
	distros.AptRPM: aptRPM{},
	distros.Dnf:    dnfProper,
	distros.Yum:    yumProper,
	distros.Zypper: zypper{},
}

// For returns the package manager of that name.
func For(name distros.PackageManager) (Manager, error) {
	m, known := managers[name]
	if !known {
		return nil, fmt.Errorf("package manager %q is not known", name)
	}
	return m, nil
}

// read returns the package manager of that name, and what is installed.
func read(ctx context.Context, v host.View, name distros.PackageManager) (Manager, Inventory, error) {
	m, err := For(name)
	if err != nil {
		return nil, Inventory{}, err
	}
	inventory, err := m.Installed(ctx, v)
	return m, inventory, err
}

// Package is a package of the host.
type Package struct {
	Name, Version, Arch string
	// Installed means unpacked and configured.
	Installed bool
	// ConfigFiles means removed, with its configuration left behind.
	ConfigFiles bool
	// Unfinished means that its installation or removal was cut short or failed.
	Unfinished bool
	// Held means that nothing but an explicit wish changes its version.
	Held bool
	// Auto means that it was installed for others.
	Auto bool
}

// Inventory is the host's package database.
type Inventory struct {
	packages map[string]Package
	// Unfinished names the packages, and other remains, of interrupted work.
	Unfinished []string
	// keys are those that rpm trusts.
	keys []rpm.Key
}

// Get returns a package; one that the host does not know is zero but for its name.
func (i Inventory) Get(name string) Package {
	if found, known := i.packages[name]; known {
		return found
	}
	return Package{Name: name}
}

// Change is a package's way from one version to another. An empty version
// means not installed.
type Change struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Hold and Auto are how the package is marked afterwards.
	Hold bool `json:"hold,omitempty"`
	Auto bool `json:"auto,omitempty"`
	// KeepConfig leaves the configuration of a package that is removed.
	KeepConfig bool `json:"keepConfig,omitempty"`
	// Archive is where the package of version To may be on the host, and Blob
	// its copy in the blob store, where there is one.
	Archive string `json:"archive,omitempty"`
	Blob    string `json:"blob,omitempty"`
}

// done tells whether the host is as the change leaves it, marks aside.
func (c Change) done(i Inventory) bool {
	current := i.Get(c.Name)
	if c.To != "" {
		return current.Installed && current.Version == c.To
	}
	return !current.Installed && (current.Version == "" || current.ConfigFiles && c.KeepConfig)
}

// String is "kubelet 1.35.4-1.1 → 1.36.3-1.1" for people.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("%s %s", c.Name, c.To)
	case c.To == "":
		return fmt.Sprintf("%s %s → removed", c.Name, c.From)
	default:
		return fmt.Sprintf("%s %s → %s", c.Name, c.From, c.To)
	}
}
