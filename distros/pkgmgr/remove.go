package pkgmgr

import (
	"context"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Remove removes one package, held or not, and leaves its configuration.
type Remove struct {
	Manager distros.PackageManager `json:"manager"`
	Name    string                 `json:"name"`
	From    string                 `json:"from"`
	// Notes are what the plan has to say about the removal.
	Notes       []string      `json:"notes,omitempty"`
	Cost        steps.Impact  `json:"cost"`
	LockTimeout time.Duration `json:"lockTimeout,omitempty"`
}

// Key is "package:" and the name.
func (o Remove) Key() string { return "package:" + o.Name }

// Impact is the cost that the step gave.
func (o Remove) Impact() steps.Impact { return o.Cost }

// Diff shows the version that goes.
func (o Remove) Diff() steps.Diff {
	return steps.Diff{Action: "remove", From: o.From, Notes: o.Notes}
}

// Inverse simulates the removal and names all that would go with the package.
func (o Remove) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	m, inventory, err := read(ctx, v, o.Manager)
	if err != nil {
		return nil, err
	}
	back, err := wayBack(ctx, v, m, inventory, Change{Name: o.Name, KeepConfig: true})
	if err != nil {
		return nil, err
	}
	return Rollback{Manager: o.Manager, Name: o.Name, Changes: back, Cost: o.Cost, LockTimeout: o.LockTimeout}, nil
}

// Do keeps the archive for undo and removes the package, unless it is gone.
func (o Remove) Do(ctx context.Context, h host.Host) error {
	m, inventory, err := read(ctx, h, o.Manager)
	if err != nil {
		return err
	}
	current := inventory.Get(o.Name)
	if current.Installed {
		if err := keepArchives(h, m, current); err != nil {
			return err
		}
	}
	// A hold on a package that is not there is a person's wish that it stays away.
	change := Change{Name: o.Name, From: o.From, KeepConfig: true, Hold: current.Held && !current.Installed}
	if err := transact(ctx, h, m, []Change{change}, nil, o.LockTimeout); err != nil {
		return fmt.Errorf("removing %s: %w", o.Name, err)
	}
	return nil
}
