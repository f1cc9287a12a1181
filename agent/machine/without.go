package machine

import (
	"context"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Without is the wish less the ops, each with the name of its step, for which leave is true: plan and apply know
// nothing of them.
func (w *Wish) Without(leave func(step string, op steps.Op) bool) *Wish {
	less := *w
	less.steps = Narrow(w.steps, leave)
	return &less
}

// Narrow is a list of steps less some of their ops; see Wish.Without.
func Narrow(list []steps.Step, leave func(step string, op steps.Op) bool) []steps.Step {
	narrower := make([]steps.Step, len(list))
	for i, step := range list {
		narrower[i] = narrowed{step, leave}
		if optional, ok := step.(steps.Optional); ok {
			narrower[i] = narrowedOptional{narrowed{step, leave}, optional}
		}
	}
	return narrower
}

// narrowed is a step that leaves some of its ops out.
type narrowed struct {
	steps.Step
	leave func(step string, op steps.Op) bool
}

// Plan implements steps.Step. Jobs of units, which a step asks for because of its other ops, go with the last of those:
// a service is not restarted over a file that is left as it is.
func (n narrowed) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	ops, err := n.Step.Plan(ctx, v)
	kept := slices.DeleteFunc(slices.Clone(ops), func(op steps.Op) bool { return n.leave(n.Name(), op) })
	isJob := func(op steps.Op) bool { _, ok := op.(steps.Deferred); return ok }
	edits := func(list []steps.Op) bool {
		return slices.ContainsFunc(list, func(op steps.Op) bool { return !isJob(op) })
	}
	if edits(ops) && !edits(kept) {
		kept = nil
	}
	return kept, err
}

// narrowedOptional is narrowed for a step whose failure is its own.
type narrowedOptional struct {
	narrowed
	optional steps.Optional
}

// Optional implements steps.Optional.
func (n narrowedOptional) Optional() bool { return n.optional.Optional() }
