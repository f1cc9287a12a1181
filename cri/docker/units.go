package docker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// planDocker enables dockerd and starts, reloads or restarts it. containerd and the
// socket are only unmasked: dockerd's unit pulls them, and removals of Docker leave
// them masked (deckhouse/deckhouse#5124).
func (s Step) planDocker(ctx context.Context, v host.View, pkg plannedPackage, config plannedConfig) (ops []steps.Op, remark, err error) {
	for _, name := range []string{containerdUnit, dockerSocketUnit} {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if unit.UnitFileState == "masked" {
			ops = append(ops, op.UnitFile{Name: name, State: "disabled", From: "masked"}, op.UnitFile{Name: name, State: "enabled", From: "masked"})
		}
	}
	raised, unit, remark, err := raise(ctx, v, s.spec.Unit, len(pkg.ops) > 0)
	ops = append(ops, raised...)
	if err != nil || !v.Live() {
		return ops, remark, err
	}
	job, needed := s.job(unit, pkg, config)
	if !needed {
		return ops, remark, nil
	}
	if unit.NeedDaemonReload || unit.LoadState == "masked" || len(ops) > len(raised) {
		ops = append(ops, op.DaemonReload{})
	}
	return append(ops, job), remark, nil
}

// raise plans that a unit is neither masked nor disabled. coming is whether its
// package may be on its way.
func raise(ctx context.Context, v host.View, name string, coming bool) (ops []steps.Op, unit host.Unit, remark, err error) {
	if unit, err = v.Unit(ctx, name); err != nil {
		return nil, unit, nil, err
	}
	if !v.Live() && unit.UnitFileState == "" && !coming {
		return nil, unit, steps.Warning("%s is not in the image, so it cannot be enabled: install the package in the image first", name), nil
	}
	if unit.UnitFileState == "masked" {
		// In two ops, so that undo finds both ways back: to disabled, then to masked.
		ops = append(ops, op.UnitFile{Name: name, State: "disabled", From: "masked"})
	}
	enable, err := op.PlanUnitFile(ctx, v, name, "enabled")
	if enable != nil {
		ops = append(ops, enable)
	}
	return ops, unit, nil, err
}

// reloadable are the keys that dockerd reads again at a SIGHUP, of those that
// hostler sets (moby/moby daemon/reload.go).
var reloadable = []string{"live-restore", "max-concurrent-downloads", "registry-mirrors"}

// down tells whether a unit is to be started, not restarted.
func down(unit host.Unit) bool {
	return unit.ActiveState == "inactive" || unit.ActiveState == "failed" || !unit.Exists()
}

// job is what has to be done to dockerd at the end of the run.
func (s Step) job(unit host.Unit, pkg plannedPackage, config plannedConfig) (op.Job, bool) {
	job := op.Job{Unit: s.spec.Unit, Verb: host.JobRestart, Cost: steps.Restart}
	var why []string
	if len(config.changed) > 0 {
		why = append(why, fmt.Sprintf("%s changes in %s", s.spec.ConfigFile, strings.Join(config.changed, ", ")))
	}
	if change := pkg.change(); change != "" {
		why = append(why, "the package changes from "+change)
	}
	switch {
	case down(unit):
		return op.Job{Unit: s.spec.Unit, Verb: host.JobStart, Why: "it is not running"}, true
	case len(why) == 0 && unit.Active():
		return op.Job{}, false
	case len(why) == 0:
		return op.Job{Unit: s.spec.Unit, Verb: host.JobStart, Why: "it is " + unit.ActiveState}, true
	case pkg.change() == "" && !slices.ContainsFunc(config.changed, func(key string) bool { return !slices.Contains(reloadable, key) }):
		job.Verb, job.Cost = host.JobReload, steps.Reload
	case config.otherDriver:
		job.Cost = steps.Drain
		why = append(why, "running containers cannot follow to another cgroup driver")
	case !config.restores:
		job.Cost = steps.Drain
		why = append(why, "without live-restore before and after it, the restart ends all containers")
	case pkg.change() != "" && !pkg.keepsContainers():
		job.Cost = steps.Drain
		why = append(why, "live-restore keeps containers between patch releases only")
	}
	job.Why = strings.Join(why, "; ")
	return job, true
}
