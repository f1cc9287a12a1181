package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// execution is the forward part of one run.
type execution struct {
	*Engine
	run  *run
	list []steps.Step
	opts Options
	// total is the best guess of how many ops the run will have.
	total int
	// warnings are those of the newest whole plan.
	warnings []StepRemark
}

// converge goes through the steps until a plan finds nothing missing. Where
// optional steps are in the way of that, the run goes on without them.
func (x *execution) converge(ctx context.Context) error {
	if err := x.finishGivingUp(ctx); err != nil {
		return err
	}
	for pass := 1; ; pass++ {
		if err := x.goThrough(ctx); err != nil {
			return err
		}
		x.Observe(Event{Kind: Verifying, Run: x.run.number})
		rest, err := x.Plan(ctx, x.run.wanted(x.list))
		if err != nil {
			return fmt.Errorf("verifying: %w", err)
		}
		postpone(rest, x.opts.MaxImpact)
		x.warnings = rest.Warnings
		blockers := rest.Failures
		switch {
		case len(blockers) == 0 && rest.Converged():
			return nil
		case len(blockers) == 0 && pass < maxPasses:
			continue
		case len(blockers) == 0:
			err := fmt.Errorf("the host is still not as wished after %d passes: %s", maxPasses, remaining(rest))
			if blockers = x.suspects(rest, err); len(blockers) == 0 {
				return err
			}
		}
		if err := x.giveUpAll(ctx, blockers); err != nil {
			return err
		}
		pass = 0 // there is less to agree about; each step gives up once, so this ends
	}
}

// goThrough runs every step once, then what they asked for.
func (x *execution) goThrough(ctx context.Context) error {
	for _, step := range x.list {
		if x.run.without(step.Name()) {
			continue
		}
		if err := x.tolerate(ctx, x.runStep(ctx, step), step.Name()); err != nil {
			return fmt.Errorf("step %s: %w", step.Name(), err)
		}
	}
	for {
		owed := x.run.owed.inOrder()
		if len(owed) == 0 {
			return nil
		}
		next := owed[0]
		askers := x.run.askers(next)
		if err := x.tolerate(ctx, x.do(ctx, next.Step, next.Op), askers...); err != nil {
			return fmt.Errorf("step %s: %w", next.Step, err)
		}
	}
}

// runStep plans a step again, now that the ones before it have run, and does
// its ops. A step that could not plan all is asked again as long as it finds more to do.
func (x *execution) runStep(ctx context.Context, step steps.Step) error {
	for pass := 1; ; pass++ {
		found, err := planStep(ctx, host.Snapshot(x.Host), step)
		if err != nil {
			return err
		}
		if err := x.ask(ctx, step.Name(), withoutPostponed(found.deferred, x.opts.MaxImpact)); err != nil {
			return err
		}
		for _, op := range found.immediate {
			if err := x.do(ctx, step.Name(), op); err != nil {
				return err
			}
		}
		switch {
		case len(found.waits) == 0:
			return nil
		case len(found.immediate) == 0 || pass == maxPasses:
			return errors.New(found.waits[0].Text)
		}
	}
}

// ask journals deferred ops before the edits that make them necessary, so that a
// kill between a file and its restart does not lose the restart. The journal gets
// what is owed now: the op that serves all who asked so far.
//
// Its inverse is found now as well: the edits may do its work on the side, as a
// package's scripts start the service that they bring, and then it is too late
// to see how the host was.
func (x *execution) ask(ctx context.Context, step string, ops []steps.Deferred) error {
	for _, op := range ops {
		if op.Impact() > x.opts.MaxImpact {
			return fmt.Errorf("%w: %s costs %s, and %s is allowed", ErrImpact, op.Key(), op.Impact(), x.opts.MaxImpact)
		}
		if err := x.run.owed.add(step, op); err != nil {
			return err
		}
		x.run.asks[op.Key()] = append(x.run.asks[op.Key()], PlannedOp{step, op})
		owed := x.run.owed.asked[x.run.owed.find(op.Key())]
		rec := record{Type: recordAsk, Step: owed.Step, Key: op.Key()}
		var err error
		if len(x.run.asks[op.Key()]) > 1 {
			rec.By = step
			if rec.Own, err = x.Codec.Encode(op); err != nil {
				return err
			}
		}
		if rec.Undo, err = x.owedInverse(ctx, owed.Op); err != nil {
			return err
		}
		if rec.Op, err = x.Codec.Encode(owed.Op); err != nil {
			return err
		}
		if err := x.run.journal.append(rec); err != nil {
			return err
		}
		x.run.owedUndo[op.Key()] = rec.Undo
	}
	return nil
}

// do runs one op: its inverse is on disk before, its result after.
func (x *execution) do(ctx context.Context, step string, op steps.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if op.Impact() > x.opts.MaxImpact {
		return fmt.Errorf("%w: %s costs %s, and %s is allowed", ErrImpact, op.Key(), op.Impact(), x.opts.MaxImpact)
	}
	entry, err := x.write(ctx, step, op)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Key(), err)
	}
	x.total = max(x.total, entry.seq)
	event := Event{Run: x.run.number, Step: step, Op: op, Index: entry.seq, Total: x.total}
	err = x.perform(ctx, event, func(ctx context.Context) error { return op.Do(ctx, x.Host) })
	if errors.Is(err, steps.ErrRestarting) {
		return fmt.Errorf("%s: %w", op.Key(), err) // neither done nor failed: the next boot tells
	}
	result := record{Type: recordDone, Seq: entry.seq}
	if err != nil {
		entry.failed = err.Error()
		result = record{Type: recordFailed, Seq: entry.seq, Error: err.Error()}
	}
	if journalErr := x.run.journal.append(result); journalErr != nil {
		err = errors.Join(err, journalErr)
	}
	event.Kind, event.Err, event.Took = OpEnded, err, time.Since(entry.begun)
	x.Observe(event)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Key(), err)
	}
	entry.finished, entry.took = true, event.Took
	x.run.settle(op.Key())
	return nil
}

// write puts an op and its inverse into the journal.
func (x *execution) write(ctx context.Context, step string, op steps.Op) (*runOp, error) {
	rec := record{Type: recordDo, Step: step, Key: op.Key(), Seq: len(x.run.ops) + 1, Undo: x.run.owedUndo[op.Key()]}
	var err error
	if rec.Undo == nil {
		if rec.Undo, err = x.inverse(ctx, op); err != nil {
			return nil, err
		}
	}
	if rec.Op, err = x.Codec.Encode(op); err != nil {
		return nil, err
	}
	if askers := x.run.askers(PlannedOp{step, op}); len(askers) > 1 {
		rec.Askers = askers
	}
	if err := x.noteOrigin(x.run, rec, op); err != nil {
		return nil, err
	}
	if err := x.run.journal.append(rec); err != nil {
		return nil, err
	}
	rec.Time = time.Now()
	entry := newRunOp(rec)
	x.run.ops = append(x.run.ops, entry)
	return entry, nil
}

// owedInverse is the way back of what is owed under a key. The inverse from the
// first ask knows how the host was; the one from now knows all that was asked for
// since, such as a restart after a reload. One op that serves both is the way
// back; where they contradict each other, the first is right.
func (x *execution) owedInverse(ctx context.Context, op steps.Op) (json.RawMessage, error) {
	now, err := x.inverse(ctx, op)
	first := x.run.owedUndo[op.Key()]
	if err != nil || first == nil || now == nil {
		return now, err
	}
	var both queue
	for _, data := range []json.RawMessage{first, now} {
		back, err := x.Codec.Decode(data)
		if err != nil {
			return nil, err
		}
		deferred, ok := back.(steps.Deferred)
		if !ok || both.add("", deferred) != nil {
			return first, nil //nolint:nilerr // what cannot be merged leaves the first, which knows the state before
		}
	}
	return x.Codec.Encode(both.asked[0].Op)
}

// inverse encodes the way back of an op; nil where there is none.
func (x *execution) inverse(ctx context.Context, op steps.Op) (json.RawMessage, error) {
	inverse, err := op.Inverse(ctx, x.Host)
	if err != nil {
		return nil, fmt.Errorf("finding the way back: %w", err)
	}
	if inverse == nil {
		return nil, nil
	}
	return x.Codec.Encode(inverse)
}

// perform runs an op under its deadline. The end of ctx does not cut the op
// short at once: an op that is nearly done is better ended than resumed.
func (e *Engine) perform(ctx context.Context, event Event, do func(context.Context) error) error {
	logger := e.Logger.Named(event.Step).With(zap.Int("run", event.Run), zap.String("key", event.Op.Key()), zap.Stringer("impact", event.Op.Impact()))
	if event.Message != "" {
		logger = logger.With(zap.String("what", event.Message)) // an undo or a prefetch
	}
	opCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.OpTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(e.StopGrace, cancel)
		context.AfterFunc(opCtx, func() { grace.Stop() })
	})
	defer stop()
	opCtx = host.WithStop(opCtx, ctx.Done())
	opCtx = host.WithProgress(opCtx, func(message string) {
		progress := event
		progress.Kind, progress.Message = OpProgress, message
		e.Observe(progress)
	})
	event.Kind = OpBegun
	e.Observe(event)
	logger.Info("op begins")
	begun := time.Now()
	err := do(opCtx)
	if err != nil && errors.Is(opCtx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w after %s: %w", host.ErrTimeout, e.OpTimeout, err)
	}
	took := zap.Duration("took", time.Since(begun))
	switch {
	case errors.Is(err, steps.ErrRestarting):
		logger.Info("the machine restarts", took)
	case err != nil:
		// Who handles the error reports it; here it is a part of the story.
		logger.Info("op failed", took, zap.Error(err))
	default:
		logger.Info("op ended", took)
	}
	event.Kind = OpMade
	e.Observe(event)
	return err
}

// remaining lists what a plan still wants, for an error.
func remaining(plan *Plan) string {
	var parts []string
	for _, planned := range plan.Ops {
		parts = append(parts, planned.Step+" wants "+planned.Op.Diff().Action+" "+planned.Op.Key())
	}
	for _, wait := range plan.Waits {
		parts = append(parts, wait.Step+" waits: "+wait.Text)
	}
	return strings.Join(parts, "; ")
}
