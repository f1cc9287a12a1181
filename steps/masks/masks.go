// Package masks plans that units of the distribution are switched off for good:
// stopped, and masked so that nothing starts them, neither a boot nor a socket, D-Bus
// or the next update of their package.
//
// What is not installed gets no mask: it would be in the way of who installs it
// on purpose, and be our only trace on the machine. Masks stay when the wish goes:
// nobody can tell then who made them. "systemctl unmask" takes one back.
package masks

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Unit is one that shall be off.
type Unit struct {
	// Name is the unit's own, not an alias.
	Name string
	// Why says what is wrong with it, for people.
	Why string
}

// Exists tells whether the host has the unit, masked or not. An image has no
// systemd to ask; there the unit file decides.
func Exists(unit host.Unit) bool { return unit.Exists() || unit.UnitFileState != "" }

// Plan returns the ops that switch the unit off; none when it is off or not there.
func Plan(ctx context.Context, v host.View, u Unit) ([]steps.Op, error) {
	unit, err := v.Unit(ctx, u.Name)
	if err != nil || !Exists(unit) {
		return nil, err
	}
	state, err := reachable(v, u.Name)
	if err != nil {
		return nil, err
	}
	file, err := op.PlanUnitFile(ctx, v, u.Name, state)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	running := v.Live() && (unit.Active() || unit.ActiveState == "activating")
	if running {
		ops = append(ops, op.Stop{Unit: u.Name, Cost: steps.Restart, Why: u.Why})
	}
	if file != nil {
		ops = append(ops, file)
	}
	if !v.Live() {
		return ops, nil
	}
	if file == nil && state == "masked" && running {
		// Nothing could take that back: systemd starts no masked unit.
		return nil, steps.Warning("%s is masked already and still runs: stop it (systemctl stop %s)", u.Name, u.Name)
	}
	if file != nil {
		ops = append(ops, op.DaemonReload{})
	}
	return ops, nil
}

// reachable is the state that the unit can be brought to: a unit file in /etc is in
// the place where the mask would be, and systemd does not overwrite it. Without its
// links a boot does not start it.
func reachable(v host.Files, name string) (string, error) {
	info, err := v.Lstat(path.Join("/etc/systemd/system", name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "masked", nil
	case err != nil:
		return "", err
	case info.Mode.IsRegular():
		return "disabled", nil
	}
	return "masked", nil
}
