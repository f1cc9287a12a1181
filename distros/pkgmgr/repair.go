package pkgmgr

import (
	"context"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Repair finishes what somebody's interrupted installation left. Nothing can
// be installed before.
type Repair struct {
	Manager distros.PackageManager `json:"manager"`
	// Unfinished is what the plan found, for people.
	Unfinished []string `json:"unfinished"`
	// NoStart is as in Install.
	NoStart     []string      `json:"noStart,omitempty"`
	LockTimeout time.Duration `json:"lockTimeout,omitempty"`
}

// Key is the same for all.
func (o Repair) Key() string { return "package-database" }

// Impact is Restart: the scripts of half-configured packages may restart
// services.
func (o Repair) Impact() steps.Impact { return steps.Restart }

// Diff names what is unfinished.
func (o Repair) Diff() steps.Diff {
	return steps.Diff{
		Action:       "repair",
		Notes:        []string{"an installation was interrupted: " + joinNames(o.Unfinished)},
		Irreversible: "what was half installed is not wanted back",
	}
}

// Inverse is nil.
func (o Repair) Inverse(context.Context, host.View) (steps.Op, error) { return nil, nil }

// Do finishes what there still is.
func (o Repair) Do(ctx context.Context, h host.Host) error {
	m, err := For(o.Manager)
	if err != nil {
		return err
	}
	return transact(ctx, h, m, nil, o.NoStart, o.LockTimeout)
}
