package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Rollback takes an Install or a Remove back: exactly the packages that it
// touched return to their versions and marks, and those that it brought are
// purged, together with what their scripts configured.
type Rollback struct {
	Manager distros.PackageManager `json:"manager"`
	// Name is the package of the op that is taken back.
	Name    string   `json:"name"`
	Changes []Change `json:"changes"`
	// NoStart is as in Install.
	NoStart     []string      `json:"noStart,omitempty"`
	Cost        steps.Impact  `json:"cost"`
	LockTimeout time.Duration `json:"lockTimeout,omitempty"`
}

// Key is that of the op that is taken back.
func (o Rollback) Key() string { return "package:" + o.Name }

// Impact is that of the op that is taken back.
func (o Rollback) Impact() steps.Impact { return o.Cost }

// Diff lists the packages, and warns of those whose archive the host lacks.
func (o Rollback) Diff() steps.Diff {
	diff := steps.Diff{Action: "roll back"}
	var others []string
	for _, change := range o.Changes {
		if change.Name == o.Name {
			diff.From, diff.To = change.From, change.To
		} else {
			others = append(others, change.String())
		}
		if change.To != "" && change.Blob == "" {
			diff.Notes = append(diff.Notes, fmt.Sprintf("the archive of %s %s is not on the host: its repository is needed", change.Name, change.To))
		}
	}
	if len(others) > 0 {
		diff.Notes = append(diff.Notes, "with it: "+strings.Join(others, ", "))
	}
	return diff
}

// Inverse brings back what is there now.
func (o Rollback) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	m, inventory, err := read(ctx, v, o.Manager)
	if err != nil {
		return nil, err
	}
	back, err := inverse(v, m, inventory, o.Changes)
	if err != nil {
		return nil, err
	}
	return Rollback{Manager: o.Manager, Name: o.Name, Changes: back, NoStart: o.NoStart, Cost: o.Cost, LockTimeout: o.LockTimeout}, nil
}

// noStart is for changes that leave the package in place: the scripts of one that
// goes must stop its service.
func (o Rollback) noStart() []string {
	if slices.ContainsFunc(o.Changes, func(c Change) bool { return c.Name == o.Name && c.To == "" }) {
		return nil
	}
	return o.NoStart
}

// Do makes the changes that are still to be made. It is right also where the op
// that it takes back never ran, or was cut short.
func (o Rollback) Do(ctx context.Context, h host.Host) error {
	m, err := For(o.Manager)
	if err != nil {
		return err
	}
	err = transact(ctx, h, m, o.Changes, o.noStart(), o.LockTimeout)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoVersion) || errors.Is(err, ErrUnreachable):
		return fmt.Errorf("going back to the packages as they were: the host has no copy of an old version, and its repository does not have it either: %w", err)
	default:
		return fmt.Errorf("going back to the packages as they were: %w", err)
	}
}
