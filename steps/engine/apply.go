package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// The errors of Apply and Rollback that callers decide on.
var (
	// ErrRolledBack: the run failed, and the host is as it was before.
	ErrRolledBack = errors.New("rolled back")
	// ErrInterrupted: the process was told to stop; the run will be resumed.
	ErrInterrupted = errors.New("interrupted")
	// ErrImpact: the plan costs more than was allowed.
	ErrImpact = errors.New("impact is above what is allowed")
	// ErrNoRun: there is no run to roll back.
	ErrNoRun = errors.New("no run to roll back")
)

// Options are what one Apply is allowed and should prove.
type Options struct {
	// Revision names what is applied, for the history.
	Revision string
	// Version is hostler's own, for the journal.
	Version string
	// MaxImpact is the ceiling: a plan above it is not begun, and a run whose plan grows
	// above it goes back.
	MaxImpact steps.Impact
	// Probes must be well after the run if they were well, or absent, before.
	Probes []steps.Probe
}

// Result is what Apply did.
type Result struct {
	// Run is the run's number; 0 when there was nothing to do.
	Run     int
	Outcome Outcome
	// Ops counts the ops done.
	Ops  int
	Took time.Duration
	// Warnings come from the last plan, and from probes that may not judge.
	Warnings []StepRemark
	// Failures are the optional steps that gave up; the outcome is Done, or
	// Converged, all the same. What such a step did is taken back, unless its
	// error says otherwise. Each next run tries it again.
	Failures []StepFailure
}

// maxPasses bounds how often the whole plan is gone through: work that one step
// causes in an earlier one needs a second pass; more means that steps fight.
const maxPasses = 3

// Apply makes the host as the steps wish. It first deals with a run that was
// cut short: it takes back what was being taken back, and goes on with the
// rest. Errors wrap one of the sentinels, or *LockedError, *PlanError.
func (e *Engine) Apply(ctx context.Context, list []steps.Step, opts Options) (Result, error) {
	begun := time.Now()
	release, err := e.lock()
	if err != nil {
		return Result{}, err
	}
	defer release()
	result, err := e.apply(ctx, list, opts)
	result.Took = time.Since(begun)
	return result, err
}

func (e *Engine) apply(ctx context.Context, list []steps.Step, opts Options) (Result, error) {
	open, result, err := e.recover(ctx, opts)
	if err != nil {
		return result, err
	}
	wanted := list
	switch {
	case open == nil:
	case open.begin.Revision == opts.Revision:
		wanted = open.wanted(list) // who gave up is not tried again within the run
	default:
		x := &execution{Engine: e, run: open, opts: opts}
		if err := x.finishGivingUp(ctx); err != nil { // another revision may not know the step any more
			return Result{}, e.park(open, err)
		}
	}
	plan, err := e.Plan(ctx, wanted)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w while planning: %w", ErrInterrupted, err)
		}
		return Result{}, e.park(open, err)
	}
	if open != nil {
		open.yield(plan)
		postpone(plan, opts.MaxImpact)
	}
	if err := withinCeiling(plan, open, opts.MaxImpact); err != nil {
		return Result{Warnings: plan.Warnings, Failures: plan.Failures}, e.park(open, err)
	}
	switch {
	case open == nil && plan.Converged():
		return Result{Outcome: Converged, Warnings: plan.Warnings, Failures: plan.Failures}, nil
	case open == nil:
		open, err = e.begin(ctx, plan, opts)
	case open.begin.Revision != opts.Revision:
		err = e.revise(ctx, open, plan, opts)
	}
	if err != nil {
		return Result{}, e.park(open, err)
	}
	return e.carryOut(ctx, open, list, plan, opts)
}

// carryOut does what is missing, judges the host's health, and goes back if either
// fails.
func (e *Engine) carryOut(ctx context.Context, open *run, list []steps.Step, plan *Plan, opts Options) (Result, error) {
	health := open.begin.Baseline.of(opts.Probes)
	x := &execution{Engine: e, run: open, list: list, opts: opts, total: len(open.ops) + len(plan.Ops), warnings: plan.Warnings}
	err := x.converge(ctx)
	var unjudged []StepRemark
	if err == nil {
		unjudged, err = e.await(ctx, open, health.watched)
	}
	result := Result{Run: open.number, Ops: len(open.ops), Warnings: append(x.warnings, unjudged...), Failures: open.gaveUp}
	switch {
	case err == nil:
		result.Outcome = Done
		return result, e.finish(open, Done, nil)
	case errors.Is(err, steps.ErrRestarting):
		result.Outcome = Restarting
		open.journal.close()
		return result, fmt.Errorf("%w in run %d, which goes on after the boot: %w", ErrInterrupted, open.number, err)
	case ctx.Err() != nil:
		result.Outcome = Interrupted
		open.journal.close()
		return result, fmt.Errorf("%w in run %d: the next apply goes on, `hostler rollback` goes back: %w", ErrInterrupted, open.number, err)
	}
	result.Outcome, err = e.goBack(ctx, open, health, err)
	return result, err
}

// begin looks at the host's health and opens a run for a plan.
func (e *Engine) begin(ctx context.Context, plan *Plan, opts Options) (*run, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	return e.beginRun(record{
		Revision: opts.Revision, Version: opts.Version, PlanHash: hash, Impact: plan.Impact(),
		Baseline: e.takeBaseline(ctx, opts.Probes),
	})
}

// park leaves an unfinished run for the next apply.
func (e *Engine) park(open *run, err error) error {
	if open != nil {
		open.journal.close()
	}
	return err
}

// withinCeiling judges what is planned and what an open run still owes.
func withinCeiling(plan *Plan, open *run, ceiling steps.Impact) error {
	wanted := plan.Ops
	if open != nil {
		wanted = slices.Concat(open.owed.asked, plan.Ops)
	}
	for _, planned := range wanted {
		if planned.Op.Impact() > ceiling {
			return fmt.Errorf("%w: %s of step %s costs %s, and %s is allowed", ErrImpact,
				planned.Op.Key(), planned.Step, planned.Op.Impact(), ceiling)
		}
	}
	return nil
}
