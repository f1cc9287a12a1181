package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// sight is what a look saw: what the decision is made from, and what it is carried out and reported with.
type sight struct {
	Situation
	assignment *Assignment

	// target is the wanted revision, and planned what is missing for it.
	target  pursuit
	planned *engine.Plan
	// repair is the applied revision where that is another one.
	repair pursuit
	// drifted is what changed on the host although the revision did not, without what nobody wants to know; nil: not
	// known.
	drifted *engine.Plan
}

// pursuit is a revision and how to get there.
type pursuit struct {
	revision render.Revision
	wish     Wish
}

// look sees how things are. What goes wrong in it is part of what is seen; it fails with ctx alone.
func (a *Agent) look(ctx context.Context, seen heard) (*sight, error) {
	s := &sight{assignment: seen.assignment}
	s.Unheard, s.Away, s.Limit = !seen.spoken, seen.away != nil, steps.Reboot
	s.Unfinished = a.unfinished() != nil
	if seen.assignment == nil || s.Unfinished {
		return s, nil
	}
	s.Spec = &seen.assignment.Spec
	if limit, err := steps.ParseImpact(string(seen.assignment.Limit)); err == nil {
		s.Limit = limit
	}
	s.Applied, s.Spent, s.Repaired = a.memory.Applied, a.memory.Spent, a.repaired
	s.Failure, s.RepairFailure = a.memory.failure(s.Spec.Revision), a.memory.failure(a.memory.Applied)
	if s.Spec.Revision == "" {
		return s, nil
	}
	a.lookAtTarget(ctx, s)
	a.lookAtApplied(ctx, s)
	return s, ctx.Err()
}

// lookAtTarget plans the wanted revision. For the one that the host has, the drift policy says what may be repaired.
func (a *Agent) lookAtTarget(ctx context.Context, s *sight) {
	s.target, s.Plan.Err = a.pursue(ctx, s.Spec.Revision)
	if s.Plan.Err != nil {
		return
	}
	if s.Spec.Revision == s.Applied {
		s.target.wish, s.drifted, s.planned, s.Plan = a.drift(ctx, s, s.target.wish)
	} else {
		s.planned, s.Plan = plan(ctx, s.target.wish)
	}
	s.Staged = s.Plan.Hash == a.staged
}

// lookAtApplied finds drift where another revision is wanted. After a run that left the host half changed it would find
// what that run did.
func (a *Agent) lookAtApplied(ctx context.Context, s *sight) {
	s.Repair.Empty = true
	halfChanged := s.Failure != nil && s.Failure.Outcome == v1alpha1.PhaseFailed
	if s.Applied == "" || s.Spec.Revision == s.Applied || halfChanged {
		return
	}
	s.repair, s.Repair.Err = a.pursue(ctx, s.Applied)
	if s.Repair.Err != nil {
		a.log.Warn("applied revision not checked for drift", zap.Error(s.Repair.Err))
		return
	}
	s.repair.wish, s.drifted, _, s.Repair = a.drift(ctx, s, s.repair.wish)
}

// drift plans a revision that the host should have: what has changed, and what of it may be repaired. Optional steps that
// gave up are no drift: the host never had them.
func (a *Agent) drift(ctx context.Context, s *sight, wish Wish) (repair Wish, drifted, planned *engine.Plan, p Plan) {
	policy := s.Spec.Drift
	noticed := wish.Without(func(step string, op steps.Op) bool { return a.memory.gaveUp(step) || ignored(policy, op) })
	drifted, p = plan(ctx, noticed)
	left := func(planned engine.PlannedOp) bool { return unrepaired(policy, planned.Op) }
	if p.Err != nil || !slices.ContainsFunc(drifted.Ops, left) {
		return noticed, drifted, drifted, p
	}
	repair = noticed.Without(func(_ string, op steps.Op) bool { return unrepaired(policy, op) })
	planned, p = plan(ctx, repair)
	return repair, drifted, planned, p
}

func plan(ctx context.Context, wish Wish) (*engine.Plan, Plan) {
	planned, err := wish.Plan(ctx)
	if err != nil {
		return nil, Plan{Err: err}
	}
	hash, err := planned.Hash()
	return planned, Plan{Hash: hash, Impact: planned.Impact(), Empty: planned.Converged(), Err: err}
}

// pursue makes a revision this host's.
func (a *Agent) pursue(ctx context.Context, name string) (pursuit, error) {
	revision, err := a.revision(ctx, name)
	if err != nil {
		return pursuit{}, err
	}
	wish, err := a.Host.Wish(revision)
	if err != nil {
		return pursuit{}, fmt.Errorf("revision %s does not fit this host: %w", name, err)
	}
	return pursuit{revision, wish}, nil
}

// revision takes a revision from the disk, or fetches and keeps it.
func (a *Agent) revision(ctx context.Context, name string) (render.Revision, error) {
	kept, cacheErr := a.cache.Revision(name)
	if cacheErr == nil {
		return kept, nil
	}
	fetched, err := a.Source.Revision(ctx, name)
	if err != nil {
		return render.Revision{}, errors.Join(fmt.Errorf("fetching revision %s: %w", name, err), cacheErr)
	}
	if err := verify(fetched, name); err != nil {
		return render.Revision{}, err
	}
	if err := a.cache.KeepRevision(fetched); err != nil {
		a.log.Error("revision not kept: it is not at hand while the API server is away", zap.Error(err))
	}
	return fetched, nil
}

// unfinished is the newest run, if it was cut short.
func (a *Agent) unfinished() *engine.Run {
	if len(a.runs) == 0 || a.runs[0].Outcome != engine.Interrupted {
		return nil
	}
	return &a.runs[0]
}
