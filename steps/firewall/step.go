package firewall

import (
	"context"
	"fmt"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Spec is the wish.
type Spec struct {
	// Disabled switches firewalls off; false leaves them alone.
	Disabled bool
	// Units are those of firewalls that the distribution may have (distros.Security).
	Units []string
}

// The units that the step knows more of than their name.
const (
	firewalldUnit = "firewalld.service"
	ufwUnit       = "ufw.service"
)

// Step switches firewalls off, or does nothing.
type Step struct{ spec Spec }

// New makes the step for a Spec.
func New(spec Spec) Step { return Step{spec} }

// Name is "firewall".
func (s Step) Name() string { return "firewall" }

// Plan has nothing to say about a firewall that is not installed.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if !s.spec.Disabled {
		return nil, nil
	}
	var ops []steps.Op
	masks := false
	for _, name := range s.spec.Units {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return nil, err
		}
		if !unit.Exists() && unit.UnitFileState == "" {
			continue
		}
		found, err := planUnit(ctx, v, unit)
		if err != nil {
			return nil, err
		}
		ops = append(ops, found...)
		masks = masks || slices.ContainsFunc(found, func(o steps.Op) bool { _, is := o.(op.UnitFile); return is })
	}
	if masks && v.Live() {
		ops = append(ops, op.DaemonReload{}) // which runs before the jobs
	}
	return ops, nil
}

// planUnit returns what switches one firewall off.
func planUnit(ctx context.Context, v host.View, unit host.Unit) ([]steps.Op, error) {
	var ops []steps.Op
	if unit.Name == ufwUnit {
		disable, err := planUFW(v)
		if err != nil {
			return nil, err
		}
		if disable != nil {
			ops = append(ops, disable)
		}
	}
	mask, err := op.PlanUnitFile(ctx, v, unit.Name, "masked")
	if err != nil {
		return nil, err
	}
	if mask != nil {
		ops = append(ops, mask)
	}
	if !unit.Active() {
		return ops, nil
	}
	stop := op.Job{Unit: unit.Name, Verb: host.JobStop, Cost: steps.Restart, Why: "firewall wanted off"}
	if unit.Name == firewalldUnit {
		why, err := firewalldFlushes(v)
		if err != nil {
			return nil, err
		}
		if why != "" {
			stop.Cost = steps.Drain
			stop.Why = fmt.Sprintf("firewall wanted off; %s, so it takes the rules of pods along", why)
		}
	}
	return append(ops, stop), nil
}
