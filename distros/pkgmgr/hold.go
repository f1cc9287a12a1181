package pkgmgr

import (
	"context"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Hold puts a package on hold, so that upgrades by others leave its version
// alone, or takes it off.
type Hold struct {
	Manager     distros.PackageManager `json:"manager"`
	Name        string                 `json:"name"`
	From        bool                   `json:"from"`
	To          bool                   `json:"to"`
	LockTimeout time.Duration          `json:"lockTimeout,omitempty"`
}

// Key is "package-hold:" and the name: the version of a package and its hold
// are two things.
func (o Hold) Key() string { return "package-hold:" + o.Name }

// Impact is None.
func (o Hold) Impact() steps.Impact { return steps.None }

// Diff says hold or unhold.
func (o Hold) Diff() steps.Diff {
	if o.To {
		return steps.Diff{Action: "hold"}
	}
	return steps.Diff{Action: "unhold"}
}

// Inverse brings back what is now.
func (o Hold) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	_, inventory, err := read(ctx, v, o.Manager)
	if err != nil {
		return nil, err
	}
	return Hold{Manager: o.Manager, Name: o.Name, From: o.To, To: inventory.Get(o.Name).Held, LockTimeout: o.LockTimeout}, nil
}

// Do does nothing where the hold is as wanted: apt does not know packages that
// are neither installed nor in a repository, and would fail.
func (o Hold) Do(ctx context.Context, h host.Host) error {
	m, inventory, err := read(ctx, h, o.Manager)
	if err != nil {
		return err
	}
	if inventory.Get(o.Name).Held == o.To {
		return nil
	}
	err = withLocks(ctx, h, m.databaseLocks(), o.LockTimeout, func() error { return m.setHold(ctx, h, o.Name, o.To) })
	if err != nil {
		return fmt.Errorf("%s of %s: %w", o.Diff().Action, o.Name, err)
	}
	return nil
}
