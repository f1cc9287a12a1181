package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
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
	// Warnings come from the last plan.
	Warnings []StepRemark
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
	plan, err := e.Plan(ctx, list)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w while planning: %w", ErrInterrupted, err)
		}
		return Result{}, e.park(open, err)
	}
	if open != nil {
		open.yield(plan)
	}
	if err := withinCeiling(plan, open, opts.MaxImpact); err != nil {
		return Result{Warnings: plan.Warnings}, e.park(open, err)
	}
	switch {
	case open == nil && plan.Converged():
		return Result{Outcome: Converged, Warnings: plan.Warnings}, nil
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
	if err == nil {
		err = e.await(ctx, open, health.watched)
	}
	result := Result{Run: open.number, Ops: len(open.ops), Warnings: x.warnings}
	switch {
	case err == nil:
		result.Outcome = Done
		return result, e.finish(open, Done, nil)
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

// converge goes through the steps until a plan finds nothing missing.
func (x *execution) converge(ctx context.Context) error {
	for pass := 1; ; pass++ {
		for _, step := range x.list {
			if err := x.runStep(ctx, step); err != nil {
				return err
			}
		}
		for _, owed := range x.run.owed.inOrder() {
			if err := x.do(ctx, owed.Step, owed.Op); err != nil {
				return err
			}
		}
		x.Observe(Event{Kind: Verifying, Run: x.run.number})
		rest, err := x.Plan(ctx, x.list)
		if err != nil {
			return fmt.Errorf("verifying: %w", err)
		}
		x.warnings = rest.Warnings
		if rest.Converged() {
			return nil
		}
		if pass == maxPasses {
			return fmt.Errorf("the host is still not as wished after %d passes: %s", maxPasses, remaining(rest))
		}
	}
}

// runStep plans a step again, now that the ones before it have run, and does
// its ops. A step that could not plan all is asked again as long as it finds more to do.
func (x *execution) runStep(ctx context.Context, step steps.Step) error {
	for pass := 1; ; pass++ {
		found, err := planStep(ctx, host.Snapshot(x.Host), step)
		if err != nil {
			return fmt.Errorf("step %s: %w", step.Name(), err)
		}
		if err := x.ask(ctx, step.Name(), found.deferred); err != nil {
			return fmt.Errorf("step %s: %w", step.Name(), err)
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
			return fmt.Errorf("step %s: %s", step.Name(), found.waits[0].Text)
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
		owed := x.run.owed.asked[x.run.owed.find(op.Key())]
		rec := record{Type: recordAsk, Step: owed.Step, Key: op.Key()}
		var err error
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
		return fmt.Errorf("step %s: %w: %s costs %s, and %s is allowed", step, ErrImpact, op.Key(), op.Impact(), x.opts.MaxImpact)
	}
	entry, err := x.write(ctx, step, op)
	if err != nil {
		return fmt.Errorf("step %s: %s: %w", step, op.Key(), err)
	}
	x.total = max(x.total, entry.seq)
	event := Event{Run: x.run.number, Step: step, Op: op, Index: entry.seq, Total: x.total}
	err = x.perform(ctx, event, func(ctx context.Context) error { return op.Do(ctx, x.Host) })
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
		return fmt.Errorf("step %s: %s: %w", step, op.Key(), err)
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
	if err := x.run.journal.append(rec); err != nil {
		return nil, err
	}
	entry := &runOp{seq: rec.Seq, step: step, key: rec.Key, undo: rec.Undo, begun: time.Now()}
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
			return first, nil
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
	opCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.OpTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(e.StopGrace, cancel)
		context.AfterFunc(opCtx, func() { grace.Stop() })
	})
	defer stop()
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
	if err != nil {
		logger.Error("op failed", took, zap.Error(err))
	} else {
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
