package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Install brings one package to a version, newer or older. A hold on it stays.
type Install struct {
	Manager distros.PackageManager `json:"manager"`
	Name    string                 `json:"name"`
	// From is the version that the plan found, empty when there was none.
	From string `json:"from,omitempty"`
	// To is the version as the package manager writes it. Where the lists did not
	// have it when the op was planned, it is what the person wrote (or nothing,
	// for any version), and is looked up when the op is done.
	To string `json:"to"`
	// Downgrade is for people: To is older than From.
	Downgrade bool `json:"downgrade,omitempty"`
	// Notes are what the plan has to say about the installation.
	Notes []string `json:"notes,omitempty"`
	// NoStart are the units that hostler itself starts, once it has configured them:
	// the scripts of packages neither start nor stop them.
	NoStart []string `json:"noStart,omitempty"`
	// Cost is what the package's own scripts do to the workloads.
	Cost        steps.Impact  `json:"cost"`
	LockTimeout time.Duration `json:"lockTimeout,omitempty"`
}

// Key is "package:" and the name.
func (o Install) Key() string { return "package:" + o.Name }

// Impact is the cost that the step gave.
func (o Install) Impact() steps.Impact { return o.Cost }

// Diff shows the versions, and what else the plan found out.
func (o Install) Diff() steps.Diff {
	action := "install"
	switch {
	case o.Downgrade:
		action = "downgrade"
	case o.From != "":
		action = "upgrade"
	}
	return steps.Diff{Action: action, From: o.From, To: o.To, Notes: o.Notes}
}

// Inverse simulates the installation and names all that it would change.
func (o Install) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	m, inventory, err := read(ctx, v, o.Manager)
	if err != nil {
		return nil, err
	}
	version, err := o.resolve(ctx, v, m, inventory)
	if err != nil {
		return nil, err
	}
	back, err := wayBack(ctx, v, m, inventory, Change{Name: o.Name, To: version})
	if err != nil {
		return nil, err
	}
	return Rollback{Manager: o.Manager, Name: o.Name, Changes: back, NoStart: o.NoStart, Cost: o.Cost, LockTimeout: o.LockTimeout}, nil
}

// Do installs the version, unless it is there.
func (o Install) Do(ctx context.Context, h host.Host) error {
	m, inventory, err := read(ctx, h, o.Manager)
	if err != nil {
		return err
	}
	version, err := o.resolve(ctx, h, m, inventory)
	if errors.Is(err, ErrLocked) { // zypper locks others out even to look something up
		err = withLocks(ctx, h, m.databaseLocks(), o.LockTimeout, func() error {
			version, err = o.resolve(ctx, h, m, inventory)
			return err
		})
	}
	if err != nil {
		return err
	}
	current := inventory.Get(o.Name)
	if current.Installed && current.Version != version {
		setAside(ctx, h, m, current)
	}
	change := Change{Name: o.Name, From: current.Version, To: version, Hold: current.Held}
	if err := transact(ctx, h, m, []Change{change}, o.NoStart, o.LockTimeout); err != nil {
		return fmt.Errorf("installing %s %s: %w", o.Name, version, err)
	}
	return nil
}

// resolve finds the exact version. One that is installed satisfies the wish
// without a look at the repositories.
func (o Install) resolve(ctx context.Context, v host.View, m Manager, inventory Inventory) (string, error) {
	current := inventory.Get(o.Name)
	if current.Installed && (o.To == "" || m.Matches(o.To, current.Version)) {
		return current.Version, nil
	}
	offered, err := m.Versions(ctx, v, o.Name)
	if err != nil {
		return "", err
	}
	return Pick(m, o.Name, o.To, offered[o.Name])
}

func joinNames(names []string) string { return strings.Join(names, ", ") }
