package op

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// UnitFile enables, disables or masks a systemd unit; it neither starts nor stops
// it (see Job).
type UnitFile struct {
	Name string `json:"name"`
	// State is one of enabled, disabled, masked.
	State string `json:"state"`
	From  string `json:"from,omitempty"`
	// Under is the state that the unit gets before it is masked, enabled or
	// disabled; empty leaves it. Inverses use it: systemd hides behind
	// the mask whether a unit is enabled, and unmasking may change it.
	Under string `json:"under,omitempty"`
}

// PlanUnitFile returns the op that brings the unit file into the state, or
// nil. A unit that has no unit file yet gets an op as well, because a package
// earlier in the run may bring it. Units without an [Install] section ("static",
// "generated") count as both enabled and disabled: there is nothing to link.
func PlanUnitFile(ctx context.Context, v host.View, name, state string) (steps.Op, error) {
	unit, err := v.Unit(ctx, name)
	if err != nil {
		return nil, err
	}
	current := unit.UnitFileState
	switch {
	case current == state:
		return nil, nil
	case state == "disabled" && current == "":
		return nil, nil
	case state != "masked" && hasNoInstall(current):
		return nil, nil
	}
	return UnitFile{Name: name, State: state, From: current}, nil
}

func hasNoInstall(state string) bool {
	return state == "static" || state == "generated" || state == "indirect" || state == "transient"
}

// Key is "unit-file:" and the unit.
func (o UnitFile) Key() string { return "unit-file:" + o.Name }

// Impact is None: nothing starts or stops.
func (o UnitFile) Impact() steps.Impact { return steps.None }

// Diff names the act and the state before.
func (o UnitFile) Diff() steps.Diff {
	action := map[string]string{"enabled": "enable", "disabled": "disable", "masked": "mask"}[o.State]
	return steps.Diff{Action: action, From: o.From, To: o.State}
}

// Inverse brings back the state of now. A unit file that does not exist counts
// as disabled.
func (o UnitFile) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	unit, err := v.Unit(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	back := UnitFile{Name: o.Name, State: "disabled", From: o.State}
	switch unit.UnitFileState {
	case "enabled":
		back.State = "enabled"
	case "masked":
		back.State, back.Under = "masked", "disabled"
		linked, err := isLinked(v, o.Name)
		if err != nil {
			return nil, err
		}
		if linked {
			back.Under = "enabled"
		}
	}
	return back, nil
}

// isLinked tells whether a unit has the links that enabling makes, masked or not.
func isLinked(v host.View, name string) (bool, error) {
	const folder = "/etc/systemd/system"
	entries, err := v.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, entry := range entries {
		if ext := path.Ext(entry); ext != ".wants" && ext != ".requires" {
			continue
		}
		_, err := v.Lstat(path.Join(folder, entry, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// Do makes or removes the links.
func (o UnitFile) Do(ctx context.Context, h host.Host) error {
	if o.State == "disabled" {
		unit, err := h.Unit(ctx, o.Name)
		if err != nil {
			return err
		}
		if unit.UnitFileState == "" || unit.UnitFileState == "disabled" {
			return nil
		}
	}
	if o.State == "masked" && o.Under != "" {
		if err := h.SetUnitFileState(ctx, o.Name, o.Under); err != nil {
			return err
		}
	}
	return h.SetUnitFileState(ctx, o.Name, o.State)
}
