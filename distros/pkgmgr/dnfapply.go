package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// apply makes the changes, and leaves no configuration of what goes for good.
func (d dnf) apply(ctx context.Context, h host.Host, changes []Change) error {
	return purging(ctx, h, changes, func() error { return d.perform(ctx, h, changes) })
}

// perform makes the changes, and then those that are not made although all went well: yum
// leaves out what it does not find, and what another package makes obsolete until that
// has gone, and ends with exit status 0.
func (d dnf) perform(ctx context.Context, h host.Host, changes []Change) error {
	if err := d.attempt(ctx, h, changes); err != nil {
		return err
	}
	d.keepDownloads(ctx, h)
	missing, err := d.notMade(ctx, h, changes)
	if err != nil || len(missing) == 0 {
		return err
	}
	if err := d.attempt(ctx, h, missing); err != nil {
		return err
	}
	if missing, err = d.notMade(ctx, h, changes); err != nil || len(missing) == 0 {
		return err
	}
	left := make([]string, len(missing))
	for i, c := range missing {
		left[i] = c.String()
	}
	return &Error{Kind: ErrNoVersion, Detail: fmt.Sprintf("%s left out, without an error: %s; see what `%s list --showduplicates` has", d.program, joinNames(left), d.program)}
}

// notMade are the changes that rpm's database does not show.
func (d dnf) notMade(ctx context.Context, h host.Host, changes []Change) ([]Change, error) {
	inventory, err := rpmInventory(ctx, h)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		return c.done(inventory) || c.To != "" && rpm.MayBeSeveral(c.Name) // of these the newest counts as installed
	}), nil
}

// attempt moves the locks on the packages to the versions that they get, so that the
// locks on all others go on counting.
func (d dnf) attempt(ctx context.Context, h host.Host, changes []Change) error {
	inventory, err := d.Installed(ctx, h)
	if err != nil {
		return err
	}
	sight, err := d.sight(ctx, h, inventory, changes)
	if err != nil {
		return err
	}
	putBack, err := d.moveLocks(h, inventory, changes)
	if err != nil {
		return err
	}
	for _, t := range d.transactions(inventory, changes) {
		if err := d.transact(ctx, h, t, sight); err != nil {
			return errors.Join(err, putBack())
		}
	}
	return nil
}

// transact goes by what was fetched ahead, and fetches only where that is not enough.
func (d dnf) transact(ctx context.Context, h host.Host, t dnfTransaction, sight []string) error {
	if t.verb == "remove" {
		if t.targets = d.present(ctx, h, t.targets); len(t.targets) == 0 {
			return nil // it went with another package, or for one
		}
	}
	args := slices.Concat(sight, t.options, []string{t.verb}, t.targets)
	err := d.run(ctx, h, d.command(transactionTimeout, append([]string{"-C", lenient}, args...)...))
	if err == nil || t.verb == "remove" || errors.Is(err, ErrLocked) || errors.Is(err, ErrMaintainerScript) || errors.Is(err, ErrSignature) {
		return err
	}
	return d.run(ctx, h, d.command(transactionTimeout, args...))
}

// sight lets a transaction see packages that are excluded from repositories, as those of
// Kubernetes are where people followed its documentation. Version locks count (see
// moveLocks), but where one is on a named package at a version that it neither has nor
// gets: it would hide the package, and is nobody's hold any more. That the others are
// minded is then seen in a simulation.
func (d dnf) sight(ctx context.Context, v host.View, inventory Inventory, changes []Change) ([]string, error) {
	stale, err := d.staleLocks(v, inventory, changes)
	if err != nil || !stale {
		return d.everything(v)[1:], err
	}
	if _, err := d.Simulate(ctx, v, changes); err != nil {
		return nil, err
	}
	return d.everything(v), nil
}

func (d dnf) present(ctx context.Context, v host.View, names []string) []string {
	inventory, err := rpmInventory(ctx, v)
	if err != nil {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !inventory.Get(name).Installed })
}
