package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// leaveRevision is what a run that gives the host back is called in the history.
const leaveRevision = "leave"

// LeavePlan is what giving the host back takes.
type LeavePlan struct {
	// Plan holds the ways back of everything that hostler has touched, newest first, and unit jobs last.
	Plan
	// Kept are the things that stay as hostler made them, because what it did to them has no way back.
	Kept []Kept
}

// Kept is a thing that cannot be given back.
type Kept struct {
	Step, Key string
	// Why is empty where nobody wrote it down.
	Why string
}

// PlanLeave says what Leave would do. A run that was cut short is taken back before, and is not in the plan.
func (e *Engine) PlanLeave(_ context.Context) (*LeavePlan, error) {
	known, err := e.readOrigins()
	if err != nil {
		return nil, err
	}
	plan := &LeavePlan{}
	var jobs []PlannedOp
	for _, entry := range slices.Backward(known.list) {
		if entry.Undo == nil {
			plan.Kept = append(plan.Kept, Kept{entry.Step, entry.Key, entry.Why})
			continue
		}
		back, err := e.Codec.Decode(entry.Undo)
		if err != nil {
			return nil, fmt.Errorf("the way back of %s: %w", entry.Key, err)
		}
		planned := PlannedOp{entry.Step, back}
		if _, deferred := back.(steps.Deferred); deferred {
			jobs = append(jobs, planned)
			continue
		}
		plan.Ops = append(plan.Ops, planned)
	}
	// Jobs run in the order in which they were first asked for, as in the runs themselves.
	slices.Reverse(jobs)
	plan.Ops = append(plan.Ops, (&queue{jobs}).inOrder()...)
	return plan, nil
}

// Leave gives the host back as it was before hostler first touched it, thing by thing, in a run of its own: journalled, gone on with
// when it was cut short, taken back when it fails. A run that was cut short before is taken back first. What
// cannot be given back is in the plan's Kept, and forgotten afterwards. It looks at no probe: what they watch may go.
func (e *Engine) Leave(ctx context.Context, opts Options) (Result, error) {
	begun := time.Now()
	release, err := e.lock()
	if err != nil {
		return Result{}, err
	}
	defer release()
	result, err := e.leave(ctx, opts)
	result.Took = time.Since(begun)
	return result, err
}

func (e *Engine) leave(ctx context.Context, opts Options) (Result, error) {
	open, result, err := e.cutShortBeforeLeave(ctx)
	if err != nil {
		return result, err
	}
	plan, err := e.PlanLeave(ctx)
	if err != nil {
		return Result{}, e.park(open, err)
	}
	if err := withinCeiling(&plan.Plan, nil, opts.MaxImpact); err != nil {
		return Result{}, e.park(open, err)
	}
	if open == nil {
		if len(plan.Ops)+len(plan.Kept) == 0 {
			return Result{Outcome: Converged}, nil
		}
		hash, err := plan.Hash()
		if err != nil {
			return Result{}, err
		}
		begin := record{Revision: leaveRevision, Version: opts.Version, PlanHash: hash, Impact: plan.Impact(), Leaves: true}
		if open, err = e.beginRun(begin); err != nil {
			return Result{}, err
		}
	}
	return e.giveBack(ctx, open, plan, opts)
}

// giveBack runs the ways back. Where a former leave was cut short all of them run again: done twice is done once.
func (e *Engine) giveBack(ctx context.Context, open *run, plan *LeavePlan, opts Options) (Result, error) {
	x := &execution{Engine: e, run: open, opts: Options{MaxImpact: opts.MaxImpact}, total: len(plan.Ops)}
	err := x.doInOrder(ctx, plan.Ops)
	result := Result{Run: open.number, Outcome: Done, Ops: len(open.ops)}
	switch {
	case err == nil:
		// A kill between the two leaves the ledger: the next leave does nothing new and ends.
		if err := e.finish(open, Done, nil); err != nil {
			return result, err
		}
		return result, e.forgetOrigins(func(origin) bool { return true })
	case ctx.Err() != nil:
		result.Outcome = Interrupted
		return result, e.park(open, fmt.Errorf("%w in run %d: `hostler leave` goes on: %w", ErrInterrupted, open.number, err))
	}
	result.Outcome, err = e.goBack(ctx, open, health{}, err)
	return result, err
}

// cutShortBeforeLeave returns a leave that was cut short, and takes back any other run that was.
func (e *Engine) cutShortBeforeLeave(ctx context.Context) (*run, Result, error) {
	open, err := e.lastUnfinished()
	switch {
	case err != nil || open == nil:
		return nil, Result{}, err
	case len(open.begin.Reverts) > 0:
		return nil, Result{}, e.park(open, fmt.Errorf("run %d, a rollback, was cut short: end it with `hostler rollback`, then leave", open.number))
	case open.begin.Leaves && !open.undoing:
		resume := record{Type: recordResume, BootID: e.bootID()}
		if err := open.journal.append(resume); err != nil {
			return nil, Result{}, e.park(open, err)
		}
		e.Observe(Event{Kind: RunResumed, Run: open.number})
		return open, Result{}, e.replay(open, resume)
	}
	outcome, err := e.goBack(ctx, open, health{}, errors.New("the host is given back"))
	if errors.Is(err, ErrRolledBack) {
		return nil, Result{}, nil
	}
	return nil, Result{Run: open.number, Outcome: outcome, Ops: len(open.ops)}, err
}
