package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
)

// goBack takes a failed run back, newest op first, and says how that went. The
// end of ctx does not stop it: half gone back is the worst place to be.
func (e *Engine) goBack(ctx context.Context, r *run, before health, cause error) (Outcome, error) {
	ctx = context.WithoutCancel(ctx)
	e.Observe(Event{Kind: UndoBegun, Run: r.number, Err: cause})
	e.Logger.Info("run goes back", zap.Int("run", r.number), zap.Error(cause))
	if !r.undoing {
		// A journal that cannot be written must not keep the host from going back.
		if err := r.journal.append(record{Type: recordUndo, Error: cause.Error()}); err != nil {
			e.Logger.Error("journal not written", zap.Error(err))
		}
		r.turnBack(cause.Error())
	}
	failure := e.undoAll(ctx, r, r.ops)
	if failure == nil {
		_, failure = e.await(ctx, r, before.well)
	}
	if failure != nil {
		err := fmt.Errorf("%w; and the way back did not work out: %w; see `hostler history`", cause, failure)
		return Failed, errors.Join(err, e.finish(r, Failed, err))
	}
	if err := e.finish(r, RolledBack, cause); err != nil {
		e.Logger.Error("journal not written", zap.Error(err))
	}
	return RolledBack, fmt.Errorf("%w: run %d failed, and the host is as it was before: %w", ErrRolledBack, r.number, cause)
}

// undoAll takes back those of the run's ops given that are not taken back yet.
// Deferred ones come last, each unit once, in the order in which the run ran
// them. One that cannot be taken back does not keep the others from it.
func (e *Engine) undoAll(ctx context.Context, r *run, ops []*runOp) error {
	var failures []error
	var later queue
	laterSeqs := map[string][]*runOp{}
	for _, entry := range slices.Backward(ops) {
		if entry.undone {
			continue
		}
		back, err := e.wayBack(entry)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if back == nil {
			continue
		}
		if deferred, ok := back.(steps.Deferred); ok {
			// The oldest of several jobs on a unit knows the state before the run.
			later.drop(deferred.Key())
			if err := later.add(entry.step, deferred); err != nil {
				failures = append(failures, err)
			}
			laterSeqs[deferred.Key()] = append(laterSeqs[deferred.Key()], entry)
			continue
		}
		if err := e.undoOne(ctx, r, back, entry); err != nil {
			failures = append(failures, err)
		}
	}
	slices.Reverse(later.asked)
	for _, planned := range later.inOrder() {
		if err := e.undoOne(ctx, r, planned.Op, laterSeqs[planned.Op.Key()]...); err != nil {
			failures = append(failures, err)
		}
	}
	if err := e.forgetUndone(r); err != nil {
		e.Logger.Error("ledger of origins not written", zap.Error(err))
	}
	return errors.Join(failures...)
}

// wayBack decodes the inverse that the journal holds. It is nil for a restart of the machine, of which there is
// nothing to take back.
func (e *Engine) wayBack(entry *runOp) (steps.Op, error) {
	if entry.undo == nil {
		if e.isRestart(entry) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s cannot be taken back", entry.key)
	}
	back, err := e.Codec.Decode(entry.undo)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entry.key, err)
	}
	return back, nil
}

func (e *Engine) undoOne(ctx context.Context, r *run, back steps.Op, entries ...*runOp) error {
	event := Event{Run: r.number, Step: entries[0].step, Op: back, Index: entries[0].seq, Total: len(r.ops), Message: "undo"}
	err := e.perform(ctx, event, func(ctx context.Context) error { return back.Do(ctx, e.Host) })
	event.Kind, event.Err = OpEnded, err
	e.Observe(event)
	if err != nil {
		return fmt.Errorf("taking back %s: %w", back.Key(), err)
	}
	for _, entry := range entries {
		r.takenBack(entry)
		if err := r.journal.append(record{Type: recordUndone, Seq: entry.seq}); err != nil {
			e.Logger.Error("journal not written", zap.Error(err))
		}
	}
	return nil
}

// Rollback takes back the newest run that still stands, or with to > 0 all runs
// from the newest down to that one. It is a run itself: journalled, undone when
// it fails, gone on with when it was cut short. A run that was cut short is taken back in
// place.
func (e *Engine) Rollback(ctx context.Context, to int, opts Options) (Result, error) {
	begun := time.Now()
	release, err := e.lock()
	if err != nil {
		return Result{}, err
	}
	defer release()
	result, err := e.takeBack(ctx, to, opts)
	result.Took = time.Since(begun)
	return result, err
}

func (e *Engine) takeBack(ctx context.Context, to int, opts Options) (Result, error) {
	unfinished, err := e.lastUnfinished()
	if err != nil {
		return Result{}, err
	}
	if unfinished != nil && len(unfinished.begin.Reverts) == 0 {
		outcome, err := e.goBack(ctx, unfinished, unfinished.begin.Baseline.of(opts.Probes), errors.New("a person asked for it"))
		if errors.Is(err, ErrRolledBack) {
			err = nil
		}
		return Result{Run: unfinished.number, Outcome: outcome, Ops: len(unfinished.ops)}, err
	}
	return e.rollback(ctx, unfinished, to, opts)
}

// rollback runs the inverses of the runs to take back. Where a former rollback was cut short
// (open), all its inverses run again: done twice is done once.
func (e *Engine) rollback(ctx context.Context, open *run, to int, opts Options) (Result, error) {
	if open != nil {
		to = open.begin.Reverts[len(open.begin.Reverts)-1]
	}
	reverts, undo, err := e.standing(ctx, to)
	if err != nil {
		return Result{}, e.park(open, err)
	}
	if open == nil {
		begin := record{Revision: fmt.Sprintf("rollback of run %d", reverts[len(reverts)-1]), Version: opts.Version, Reverts: reverts}
		if open, err = e.beginRun(begin); err != nil {
			return Result{}, err
		}
	}
	x := &execution{Engine: e, run: open, opts: Options{MaxImpact: steps.Reboot}, total: len(undo)}
	err = x.doAll(ctx, undo)
	result := Result{Run: open.number, Outcome: Done, Ops: len(open.ops)}
	switch {
	case err == nil:
		reverted := func(entry origin) bool { return slices.Contains(reverts, entry.Run) }
		return result, errors.Join(e.finish(open, Done, nil), e.forgetOrigins(reverted))
	case ctx.Err() != nil:
		result.Outcome = Interrupted
		return result, e.park(open, fmt.Errorf("%w in run %d: `hostler rollback` goes on: %w", ErrInterrupted, open.number, err))
	}
	result.Outcome, err = e.goBack(ctx, open, health{}, err)
	return result, err
}

// standing finds the runs to take back and their inverses, newest first.
func (e *Engine) standing(ctx context.Context, to int) (reverts []int, undo []PlannedOp, err error) {
	history, err := e.History(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, shown := range history {
		if shown.Outcome == Damaged {
			return nil, nil, errors.New(shown.Error)
		}
		if shown.Leaves && shown.Outcome == Done {
			break // what was before is no state to come back to
		}
		if shown.Outcome != Done && shown.Outcome != Failed || shown.RevertedBy != 0 || len(shown.Reverts) > 0 {
			continue
		}
		inverses, err := e.inverses(shown.Number)
		if err != nil {
			return nil, nil, fmt.Errorf("run %d: %w", shown.Number, err)
		}
		if len(inverses) == 0 {
			continue
		}
		undo = append(undo, inverses...)
		reverts = append(reverts, shown.Number)
		if to == 0 || shown.Number == to {
			return reverts, undo, nil
		}
	}
	if to > 0 {
		return nil, nil, fmt.Errorf("%w: run %d is not there, did not end well, or was taken back before", ErrNoRun, to)
	}
	return nil, nil, ErrNoRun
}

// inverses are the ways back of a run's ops that stand, newest first. In a run
// whose way back did not work out, some stand.
func (e *Engine) inverses(number int) ([]PlannedOp, error) {
	r, _, err := e.load(number)
	if err != nil || r == nil {
		return nil, err
	}
	var inverses []PlannedOp
	for _, entry := range slices.Backward(r.ops) {
		if entry.undone && (r.undoing || !entry.overlaid) {
			continue
		}
		back, err := e.wayBack(entry)
		if err != nil {
			return nil, err
		}
		if back == nil {
			continue
		}
		inverses = append(inverses, PlannedOp{entry.step, back})
	}
	return inverses, nil
}

// doAll does ops in order, deferred ones last and only the oldest for each unit:
// it knows the state to come back to.
func (x *execution) doAll(ctx context.Context, ops []PlannedOp) error {
	var later queue
	var now []PlannedOp
	for _, planned := range ops {
		if deferred, ok := planned.Op.(steps.Deferred); ok {
			later.drop(deferred.Key())
			later.put(planned.Step, deferred)
			continue
		}
		now = append(now, planned)
	}
	x.run.owed, x.run.asks = queue{}, map[string][]PlannedOp{}
	for _, planned := range slices.Backward(later.asked) {
		if err := x.ask(ctx, planned.Step, []steps.Deferred{planned.Op.(steps.Deferred)}); err != nil {
			return err
		}
	}
	return x.doInOrder(ctx, append(now, x.run.owed.inOrder()...))
}

// doInOrder does ops one after the other.
func (x *execution) doInOrder(ctx context.Context, ops []PlannedOp) error {
	for _, planned := range ops {
		if err := x.do(ctx, planned.Step, planned.Op); err != nil {
			return fmt.Errorf("step %s: %w", planned.Step, err)
		}
	}
	return nil
}
