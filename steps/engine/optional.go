package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
)

// isOptional tells whether a step's failure is its own.
func isOptional(step steps.Step) bool {
	optional, ok := step.(steps.Optional)
	return ok && optional.Optional()
}

// tolerate turns a failure of optional steps into their giving up. All of the
// names must be of optional steps; what any other step wants must not fail. The
// end of ctx is nobody's failure.
func (x *execution) tolerate(ctx context.Context, failure error, names ...string) error {
	if failure == nil || ctx.Err() != nil || errors.Is(failure, steps.ErrRestarting) {
		return failure
	}
	var blockers []StepFailure
	for _, name := range names {
		if !x.optional(name) {
			return failure
		}
		blockers = append(blockers, StepFailure{name, failure})
	}
	return x.giveUpAll(ctx, blockers)
}

func (x *execution) optional(name string) bool {
	i := slices.IndexFunc(x.list, func(step steps.Step) bool { return step.Name() == name })
	return i >= 0 && isOptional(x.list[i])
}

// suspects are the optional steps that may keep the host from becoming as
// wished: those that still want something, or, where none does, all that did
// something, because one may undo what a step wants that is not optional.
func (x *execution) suspects(rest *Plan, cause error) []StepFailure {
	var wanting, working []string
	for _, planned := range rest.Ops {
		wanting = append(wanting, planned.Step)
	}
	for _, wait := range rest.Waits {
		wanting = append(wanting, wait.Step)
	}
	for _, op := range x.run.ops {
		if !op.undone {
			working = append(working, op.askers...)
		}
	}
	for _, names := range [][]string{wanting, working} {
		var found []StepFailure
		for _, step := range x.run.wanted(x.list) {
			if isOptional(step) && slices.Contains(names, step.Name()) {
				found = append(found, StepFailure{step.Name(), cause})
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func (x *execution) giveUpAll(ctx context.Context, blockers []StepFailure) error {
	for _, blocker := range blockers {
		if err := x.giveUp(ctx, blocker); err != nil {
			return err
		}
	}
	return nil
}

// giveUp takes an optional step out of the run. That it gave up is on disk
// before anything is taken back, so that whoever resumes the run neither tries
// the step again nor leaves half of it.
func (x *execution) giveUp(ctx context.Context, failure StepFailure) error {
	if err := x.journalGiveUp(failure); err != nil {
		return err
	}
	x.Logger.Named(failure.Step).Warn("optional step gave up", zap.Int("run", x.run.number), zap.Error(failure.Err))
	x.Observe(Event{Kind: StepGaveUp, Run: x.run.number, Step: failure.Step, Err: failure.Err})
	return x.takeBackStep(ctx, failure)
}

func (x *execution) journalGiveUp(failure StepFailure) error {
	rec := record{Type: recordGiveUp, Step: failure.Step, Error: failure.Err.Error()}
	if err := x.run.journal.append(rec); err != nil {
		return errors.Join(failure.Err, err)
	}
	x.run.giveUp(failure)
	return nil
}

// takeBackStep takes back what steps that gave up did alone. A job that other
// steps wanted too is owed again: the unit must forget what is taken back.
//
// A way back that does not work out does not fail the run, whose other steps may
// be well: it is a part of the step's failure, and the ops stand in the history.
// The end of ctx does not stop it, as it does not stop the undo of a whole run.
func (x *execution) takeBackStep(ctx context.Context, failure StepFailure) error {
	ctx = context.WithoutCancel(ctx)
	var own []*runOp
	for _, entry := range x.run.ops {
		if !entry.undone && x.run.without(entry.askers...) {
			own = append(own, entry)
		}
	}
	if len(own) == 0 {
		return nil
	}
	if err := x.askAgain(ctx, failure.Step); err != nil {
		return err
	}
	if err := x.undoAll(ctx, x.run, own); err != nil {
		failure.Err = fmt.Errorf("%w; and the way back did not work out: %w", failure.Err, err)
		return x.journalGiveUp(failure)
	}
	return nil
}

// askAgain asks, for those who are left, for the jobs that were done for them
// and a step that gave up.
func (x *execution) askAgain(ctx context.Context, gaveUp string) error {
	for _, entry := range x.run.ops {
		if !entry.finished || entry.undone || !slices.Contains(entry.askers, gaveUp) || x.run.without(entry.askers...) {
			continue
		}
		op, err := x.Codec.Decode(entry.op)
		if err != nil {
			return err
		}
		deferred, ok := op.(steps.Deferred)
		if !ok {
			continue
		}
		for _, asker := range entry.askers {
			if x.run.without(asker) {
				continue
			}
			if err := x.ask(ctx, asker, []steps.Deferred{deferred}); err != nil {
				return err
			}
		}
	}
	return nil
}

// finishGivingUp takes back what a kill left of steps that gave up.
func (x *execution) finishGivingUp(ctx context.Context) error {
	for _, failure := range slices.Clone(x.run.gaveUp) {
		if err := x.takeBackStep(ctx, failure); err != nil {
			return err
		}
	}
	return nil
}

// giveUp notes that the run goes on without a step, and forgets what it asked for.
func (r *run) giveUp(failure StepFailure) {
	i := slices.IndexFunc(r.gaveUp, func(f StepFailure) bool { return f.Step == failure.Step })
	if i >= 0 {
		r.gaveUp[i] = failure // the same, with what came of it
		return
	}
	r.gaveUp = append(r.gaveUp, failure)
	for _, owed := range slices.Clone(r.owed.asked) {
		r.withdraw(owed.Op.Key(), failure.Step)
	}
}

// withdraw leaves of what is owed under a key what the others asked for.
func (r *run) withdraw(key, step string) {
	left := slices.DeleteFunc(slices.Clone(r.asks[key]), func(ask PlannedOp) bool { return ask.Step == step })
	switch {
	case len(left) == len(r.asks[key]):
		return
	case len(left) == 0:
		r.settle(key)
		return
	}
	var merged queue
	for _, ask := range left {
		deferred, ok := ask.Op.(steps.Deferred)
		if !ok || merged.add(ask.Step, deferred) != nil {
			return // what serves all serves those who are left as well
		}
	}
	r.asks[key] = left
	r.owed.asked[r.owed.find(key)] = merged.asked[0]
}

// without tells whether the run goes on without all of these steps.
func (r *run) without(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(r.gaveUp, func(f StepFailure) bool { return f.Step == name })
	})
}

// wanted are the steps that did not give up.
func (r *run) wanted(list []steps.Step) []steps.Step {
	return slices.DeleteFunc(slices.Clone(list), func(step steps.Step) bool { return r.without(step.Name()) })
}

// askers are the steps that want an op: those who asked for it, or else the one
// that it was planned for.
func (r *run) askers(planned PlannedOp) []string {
	var names []string
	if _, deferred := planned.Op.(steps.Deferred); deferred {
		for _, ask := range r.asks[planned.Op.Key()] {
			if !slices.Contains(names, ask.Step) {
				names = append(names, ask.Step)
			}
		}
	}
	if len(names) == 0 {
		names = []string{planned.Step}
	}
	return names
}
