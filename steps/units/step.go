package units

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Step brings units to their wishes.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "units".
func (s Step) Name() string { return "units" }

// Plan says Later for a unit that is not there, because a package or file of the
// same run may bring it; its drop-ins are planned all the same.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	var ops []steps.Op
	var errs []error
	wanted := map[string]string{}
	for _, u := range s.spec.Units {
		spelling := u.Name
		u.Name = resolve(v, spelling)
		if other, twice := wanted[u.Name]; twice {
			errs = append(errs, fmt.Errorf("units %q and %q are both %s here: make one wish of the two", other, spelling, u.Name))
			continue
		}
		wanted[u.Name] = spelling
		found, err := plan(ctx, v, u)
		ops = append(ops, found...)
		errs = append(errs, err)
	}
	return ops, errors.Join(errs...)
}

// plan is the plan of one unit. The order matters to people only: jobs and
// daemon-reload are run at the end of the run.
func plan(ctx context.Context, v host.View, u Unit) ([]steps.Op, error) {
	there, err := exists(ctx, v, u.Name)
	if err != nil {
		return nil, err
	}
	dropIns, changed, err := planDropIns(v, u)
	if err != nil {
		return nil, err
	}
	var later error
	if !there && u.needsUnit() {
		later = missing(v, u)
	}
	ops := dropIns
	if u.Masked && there && v.Live() {
		stop, err := planJobs(ctx, v, u, changed)
		if err != nil {
			return nil, err
		}
		ops = append(ops, stop...) // before the mask
	}
	reload := changed
	if there || u.Masked {
		file, err := planUnitFile(ctx, v, u)
		if err != nil {
			return nil, err
		}
		if file != nil {
			ops, reload = append(ops, file), true
		}
	}
	if !v.Live() {
		return ops, later
	}
	if reload {
		ops = append(ops, op.DaemonReload{})
	}
	if !there || u.Masked {
		return ops, later
	}
	jobs, err := planJobs(ctx, v, u, changed)
	return append(ops, jobs...), err
}

// missing is a remark and not a failure: see Plan. The text serves both the plan
// and the failure that it becomes when nothing brings the unit.
func missing(v host.Files, u Unit) error {
	hint := ""
	if names := near(v, u.Name); len(names) > 0 {
		hint = " (there is " + strings.Join(names, ", ") + ")"
	}
	return steps.Later("unit %s is not there yet%s: install the package that brings it, or correct the name", u.Name, hint)
}

// planDropIns returns the ops that write drop-ins, and whether what systemd reads
// in them changes.
func planDropIns(v host.View, u Unit) (ops []steps.Op, changed bool, err error) {
	var errs []error
	for _, d := range u.DropIns {
		name := path.Join("/etc/systemd/system", u.Name+".d", d.Name)
		write, err := op.PlanFile(v, op.FileWish{Path: name, Content: d.Content, Attr: host.Attr{Mode: 0o644}})
		if err != nil || write == nil {
			errs = append(errs, err)
			continue
		}
		ops = append(ops, write)
		differs, err := op.NewContent(v, write)
		errs = append(errs, err)
		changed = changed || differs
	}
	return ops, changed, errors.Join(errs...)
}

// planUnitFile returns the op for links and masks, or nil. A mask that somebody
// made goes only where the unit is wanted; for a unit that is to be disabled
// it does more than was asked, and stays.
func planUnitFile(ctx context.Context, v host.View, u Unit) (steps.Op, error) {
	switch {
	case isTemplate(u.Name):
		return nil, nil
	case u.Masked:
		at := path.Join("/etc/systemd/system", u.Name)
		if info, err := v.Lstat(at); err == nil && info.Mode.IsRegular() {
			return nil, fmt.Errorf("unit %s cannot be masked, because its unit file %s is where the mask would be: remove the file, or disable the unit", u.Name, at)
		}
		return op.PlanUnitFile(ctx, v, u.Name, "masked")
	case u.Enabled != nil && *u.Enabled:
		return op.PlanUnitFile(ctx, v, u.Name, "enabled")
	}
	unit, err := v.Unit(ctx, u.Name)
	if err != nil {
		return nil, err
	}
	masked := unit.UnitFileState == "masked" || unit.UnitFileState == "masked-runtime"
	switch {
	case masked && u.State == Started:
		// Unmasked, the unit is disabled, which is all that is known of it.
		return op.PlanUnitFile(ctx, v, u.Name, "disabled")
	case !masked && u.Enabled != nil:
		return op.PlanUnitFile(ctx, v, u.Name, "disabled")
	}
	return nil, nil
}

// planJobs returns the jobs that bring the unit to its state, and that make it
// read changed drop-ins.
func planJobs(ctx context.Context, v host.View, u Unit, changed bool) ([]steps.Op, error) {
	if isTemplate(u.Name) {
		return planInstances(ctx, v, u, changed)
	}
	unit, err := v.Unit(ctx, u.Name)
	if err != nil {
		return nil, err
	}
	running := unit.Active() || unit.ActiveState == "activating"
	why := "wanted stopped"
	if u.Masked {
		why = "wanted masked"
	}
	switch {
	case u.Masked && running:
		return []steps.Op{op.Stop{Unit: u.Name, Cost: steps.Restart, Why: why}}, nil
	case u.stops() && running:
		return []steps.Op{op.Job{Unit: u.Name, Verb: host.JobStop, Cost: steps.Restart, Why: why}}, nil
	case u.stops():
		return nil, nil
	case changed && running:
		return []steps.Op{restart(u.Name)}, nil
	case u.State == Started && !running:
		return []steps.Op{op.Job{Unit: u.Name, Verb: host.JobStart, Why: "wanted running"}}, nil
	}
	return nil, nil
}

// planInstances restarts the running instances of a template whose drop-ins changed.
func planInstances(ctx context.Context, v host.View, u Unit, changed bool) ([]steps.Op, error) {
	if !changed {
		return nil, nil
	}
	// Names have backslashes of their own (\x2d), which escape in a pattern.
	pattern := strings.Replace(strings.ReplaceAll(u.Name, `\`, `\\`), "@.", "@*.", 1)
	instances, err := v.UnitsLike(ctx, pattern)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	for _, instance := range instances {
		if instance.Active() {
			ops = append(ops, restart(instance.Name))
		}
	}
	return ops, nil
}

func restart(name string) op.Job {
	return op.Job{Unit: name, Verb: host.JobRestart, Cost: steps.Restart, Why: "drop-ins changed"}
}
