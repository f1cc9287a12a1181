package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// ErrUnfinished says that a run was cut short, and must be finished by Apply or taken back
// by Rollback before anything is fetched for another.
var ErrUnfinished = errors.New("a run is unfinished")

// Prefetched is what Prefetch did.
type Prefetched struct {
	// Fetched counts the ops whose needs are at hand now.
	Fetched int
	// Failures are the optional steps for which something could not be fetched, or
	// that could not be planned; Apply will find out for itself.
	Failures []StepFailure
	Took     time.Duration
}

// Prefetch plans, and fetches what the ops of the plan need, in their order, so
// that nothing is downloaded while the node is disrupted. It is no run: it
// leaves the host as it was but for caches, may be repeated, and cut short at any
// point. It stops at the first op that fails, unless the op's step is optional.
//
// Errors wrap ErrUnfinished or ErrInterrupted, or are *LockedError or *PlanError.
func (e *Engine) Prefetch(ctx context.Context, list []steps.Step) (Prefetched, error) {
	begun := time.Now()
	release, err := e.lock()
	if err != nil {
		return Prefetched{}, err
	}
	defer release()
	result, err := e.prefetch(ctx, list)
	result.Took = time.Since(begun)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w while fetching ahead: %w", ErrInterrupted, err)
	}
	return result, err
}

func (e *Engine) prefetch(ctx context.Context, list []steps.Step) (Prefetched, error) {
	open, err := e.lastUnfinished()
	if err != nil {
		return Prefetched{}, err
	}
	if open != nil {
		return Prefetched{}, e.park(open, fmt.Errorf("%w: run %d; apply goes on with it, `hostler rollback` goes back", ErrUnfinished, open.number))
	}
	plan, err := e.Plan(ctx, list)
	if err != nil {
		return Prefetched{}, err
	}
	result := Prefetched{Failures: plan.Failures}
	optional := map[string]bool{}
	for _, step := range list {
		optional[step.Name()] = isOptional(step)
	}
	ops := make([]steps.Op, 0, len(plan.Ops))
	for _, planned := range plan.Ops {
		ops = append(ops, planned.Op)
	}
	for i, planned := range plan.Ops {
		fetcher, ok := planned.Op.(steps.Prefetcher)
		if !ok {
			continue
		}
		err := e.prefetchOne(ctx, planned.Step, fetcher, i+1, ops)
		switch {
		case err == nil:
			result.Fetched++
		case ctx.Err() == nil && optional[planned.Step]:
			result.Failures = append(result.Failures, StepFailure{planned.Step, err})
		default:
			return result, fmt.Errorf("step %s: %w", planned.Step, err)
		}
	}
	return result, nil
}

// prefetchOne runs an op's prefetch under the deadline of ops.
func (e *Engine) prefetchOne(ctx context.Context, step string, op steps.Prefetcher, index int, plan []steps.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begun := time.Now()
	event := Event{Step: step, Op: op, Index: index, Total: len(plan), Message: "prefetch"}
	err := e.perform(ctx, event, func(ctx context.Context) error { return op.Prefetch(ctx, e.Host, plan) })
	event.Kind, event.Err, event.Took = OpEnded, err, time.Since(begun)
	e.Observe(event)
	if err != nil {
		return fmt.Errorf("fetching for %s ahead: %w", op.Key(), err)
	}
	return nil
}
