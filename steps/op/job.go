package op

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Job starts, stops, restarts or reloads a unit, at the end of the run and once
// for all who asked.
type Job struct {
	Unit string       `json:"unit"`
	Verb host.JobVerb `json:"verb"`
	Cost steps.Impact `json:"cost"`
	// Why says what asked for it, for people.
	Why string `json:"why,omitempty"`
}

// Key is "unit:" and the unit.
func (o Job) Key() string { return "unit:" + o.Unit }

// Impact is what the job costs, as the step knows it.
func (o Job) Impact() steps.Impact { return o.Cost }

// Diff names the job and its reason.
func (o Job) Diff() steps.Diff {
	diff := steps.Diff{Action: string(o.Verb)}
	if o.Why != "" {
		diff.Notes = []string{o.Why}
	}
	return diff
}

// Stage is UnitJobs.
func (o Job) Stage() steps.Stage { return steps.UnitJobs }

// verbRank orders the jobs by what they include: a restart also reads the
// configuration again, and also starts what was stopped.
var verbRank = map[host.JobVerb]int{host.JobReload: 0, host.JobStart: 1, host.JobRestart: 2}

// Merge keeps the job that includes the other; stopping and starting the same
// unit is a contradiction in the NodeGroup.
func (o Job) Merge(other steps.Op) (steps.Op, error) {
	b, ok := other.(Job)
	if !ok || b.Unit != o.Unit {
		return nil, fmt.Errorf("job for %s cannot be merged with %s", o.Unit, other.Key())
	}
	if (o.Verb == host.JobStop) != (b.Verb == host.JobStop) {
		return nil, fmt.Errorf("unit %s is wanted both stopped and running (%s; %s): remove one of the two wishes", o.Unit, o.Why, b.Why)
	}
	merged := o
	if verbRank[b.Verb] > verbRank[o.Verb] {
		merged.Verb = b.Verb
	}
	merged.Cost = max(o.Cost, b.Cost)
	merged.Why = joinReasons(o.Why, b.Why)
	return merged, nil
}

// joinReasons names each reason once, however often it was given.
func joinReasons(a, b string) string {
	var reasons []string
	for _, reason := range append(strings.Split(a, "; "), strings.Split(b, "; ")...) {
		if reason != "" && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// Inverse leaves the unit running if it runs now, and stopped if not. A unit that
// runs is restarted, because its files go back as well; one that systemd keeps
// trying to start is wanted too.
func (o Job) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	unit, err := v.Unit(ctx, o.Unit)
	if err != nil {
		return nil, err
	}
	back := Job{Unit: o.Unit, Cost: o.Cost, Why: "undo of " + string(o.Verb)}
	switch {
	case !unit.Active() && unit.ActiveState != "activating":
		back.Verb = host.JobStop
	case unit.LoadState == "masked": // it was masked while it ran, and nothing can start it any more
		back.Verb = host.JobStop
	case o.Verb == host.JobStop:
		back.Verb = host.JobStart
	case o.Verb == host.JobStart:
		back.Verb = host.JobStart
	default:
		back.Verb = o.Verb
	}
	return back, nil
}

// Do runs the job to its end. Stopping what does not exist, as after the removal
// of its package, is done already.
func (o Job) Do(ctx context.Context, h host.Host) error {
	if o.Verb == host.JobStop {
		unit, err := h.Unit(ctx, o.Unit)
		if err != nil {
			return err
		}
		// A service that runs on after its unit file is gone is "not-found" and
		// active: it can be stopped still.
		if unit.ActiveState == "" || unit.ActiveState == "inactive" || (!unit.Exists() && !unit.Active()) {
			return nil
		}
	}
	return h.UnitJob(ctx, o.Unit, o.Verb)
}

// DaemonReload makes systemd read the unit files again, once, before the jobs.
type DaemonReload struct{}

// Key is the same for all.
func (o DaemonReload) Key() string { return "systemd:daemon-reload" }

// Impact is None.
func (o DaemonReload) Impact() steps.Impact { return steps.None }

// Diff is the act alone.
func (o DaemonReload) Diff() steps.Diff { return steps.Diff{Action: "daemon-reload"} }

// Stage is ReloadManager.
func (o DaemonReload) Stage() steps.Stage { return steps.ReloadManager }

// Merge of two is one.
func (o DaemonReload) Merge(steps.Op) (steps.Op, error) { return o, nil }

// Inverse is the same: undone unit files must be read again too.
func (o DaemonReload) Inverse(context.Context, host.View) (steps.Op, error) { return o, nil }

// Do reloads.
func (o DaemonReload) Do(ctx context.Context, h host.Host) error { return h.DaemonReload(ctx) }
