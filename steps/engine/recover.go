package engine

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
)

// maxBoots is the reboot-loop guard: so many boots in which a run got no op
// done end it.
const maxBoots = 3

// recover deals with a run that was cut short: one that was going back goes
// back to its end, any other is returned, to be gone on with.
func (e *Engine) recover(ctx context.Context, opts Options) (*run, Result, error) {
	last, err := e.lastUnfinished()
	if err != nil || last == nil {
		return nil, Result{}, err
	}
	resume := record{Type: recordResume, BootID: e.bootID()}
	switch err := last.journal.append(resume); {
	case err != nil && !last.undoing:
		return nil, Result{}, e.park(last, err)
	case err != nil: // going back does not wait for disk space
		e.Logger.Error("journal not written", zap.Error(err))
	}
	if err := e.replay(last, resume); err != nil {
		return nil, Result{}, e.park(last, err)
	}
	e.Observe(Event{Kind: RunResumed, Run: last.number})
	if len(last.boots) > maxBoots {
		return nil, Result{Run: last.number, Outcome: Stopped, Ops: len(last.ops)}, e.stop(last)
	}
	if !last.undoing {
		return last, Result{}, nil
	}
	outcome, err := e.goBack(ctx, last, last.begin.Baseline.of(opts.Probes), errors.New(last.reason))
	if errors.Is(err, ErrRolledBack) {
		return nil, Result{}, nil
	}
	return nil, Result{Run: last.number, Outcome: outcome, Ops: len(last.ops)}, err
}

// stop ends a run that boots do not bring forward. What it owes stays owed.
func (e *Engine) stop(r *run) error {
	err := fmt.Errorf("run %d got nothing done in %d boots: it is stopped so that the machine does not reboot for ever; see `hostler history`, then `hostler rollback` or apply again",
		r.number, maxBoots)
	return errors.Join(err, e.finish(r, Stopped, err))
}

// lastUnfinished returns the newest run, open for going on, if it has no end or was stopped.
func (e *Engine) lastUnfinished() (*run, error) {
	numbers, err := e.numbers()
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	number := numbers[len(numbers)-1]
	last, whole, err := e.load(number)
	if err != nil || last == nil || last.end != nil && last.end.Outcome != Stopped {
		return nil, err
	}
	// A way back that is not understood is found before the host is touched: the
	// version that wrote it can still go on.
	for _, entry := range last.ops {
		if entry.undo == nil || entry.undone && !entry.overlaid {
			continue
		}
		if _, err := e.wayBack(entry); err != nil {
			return nil, fmt.Errorf("run %d was cut short: %w", number, err)
		}
	}
	if last.journal, err = e.openJournal(last.dir, whole); err != nil {
		return nil, err
	}
	return last, nil
}

// revise hands an unfinished run over to another revision. It stays one run: what
// it owes is still owed, its harm is still its own, and going back is going back
// to before it began.
func (e *Engine) revise(ctx context.Context, open *run, plan *Plan, opts Options) error {
	hash, err := plan.Hash()
	if err != nil {
		return err
	}
	rec := record{
		Type: recordRevise, Revision: opts.Revision, Version: opts.Version, PlanHash: hash,
		Impact: max(open.begin.Impact, plan.Impact()), Baseline: open.begin.Baseline,
	}
	if len(open.begin.Reverts) > 0 { // a rollback does not look at the health
		rec.Baseline = e.takeBaseline(ctx, opts.Probes)
	}
	if err := open.journal.append(rec); err != nil {
		return err
	}
	return e.replay(open, rec)
}

// yield drops what the run owes where a new plan wants the opposite, such as a
// start of what was to be stopped: the newer wish counts.
func (r *run) yield(plan *Plan) {
	for _, planned := range plan.Ops {
		i := r.owed.find(planned.Op.Key())
		if i < 0 {
			continue
		}
		if owed, ok := r.owed.asked[i].Op.(steps.Deferred); ok {
			if _, err := owed.Merge(planned.Op); err != nil {
				r.owed.drop(planned.Op.Key())
				delete(r.asks, planned.Op.Key())
			}
		}
	}
}
