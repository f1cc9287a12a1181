package node

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// turn looks, decides, does one thing and reports. tick says that it is time to verify.
func (a *Agent) turn(ctx context.Context, tick bool) outcome {
	a.Progress.live()
	seen := a.inbox.newest()
	a.takeIn(seen)
	if tick {
		a.repaired = false
		a.askKubelet = a.askKubelet || !meta.IsStatusConditionTrue(a.memory.Conditions, v1alpha1.ConditionKubeletConfigured)
		a.readRuns(ctx)
	}
	if tick || a.facts == nil {
		a.readFacts(ctx)
	}
	s, err := a.look(ctx, seen)
	if err != nil {
		return rested // ctx has ended
	}
	act := Next(s.Situation)
	a.report(ctx, s, act)
	a.announce(seen, act)
	did, err := a.do(ctx, s, act)
	switch {
	case ctx.Err() != nil:
		return rested
	case err != nil:
		a.log.Warn("tried again later", zap.String("phase", string(act.Phase)), zap.Error(err))
		act.Message = oneLine(err.Error(), maxMessage)
		a.report(ctx, s, act)
		return retried
	case did:
		return again
	case act.Phase == v1alpha1.PhasePlanFailed:
		return retried
	}
	return rested
}

// do carries an act out, and tells whether there may be more to do.
func (a *Agent) do(ctx context.Context, s *sight, act Act) (did bool, err error) {
	switch act.Kind {
	case Resume:
		var policy *v1alpha1.DriftSpec
		if s.assignment != nil {
			policy = s.assignment.Spec.Drift
		}
		err = a.resume(ctx, policy)
		a.readFacts(ctx)
		return true, err
	case Adopt:
		return true, a.adopt(act.Revision)
	case Stage:
		return true, a.stage(ctx, s)
	case Apply, Repair:
		return true, a.change(ctx, s, act)
	case Rest, LetGo:
		return false, a.tidy(s, act)
	}
	return false, nil
}

// stage downloads what the plan needs. A plan that became another one meanwhile is staged again.
func (a *Agent) stage(ctx context.Context, s *sight) error {
	if _, err := s.target.wish.Stage(ctx); err != nil {
		return fmt.Errorf("downloading what the plan needs: %w", err)
	}
	a.staged = s.Plan.Hash
	return nil
}

// change applies a revision, or repairs what the host has. The look before took time, so what is wanted may be another thing by
// now; then nothing is done, and the next turn sees it.
func (a *Agent) change(ctx context.Context, s *sight, act Act) error {
	newest := a.inbox.newest()
	if !newest.assignment.same(s.assignment) || newest.away != nil && act.Kind == Apply {
		return nil
	}
	to, leave := s.target, Leave{Revision: act.Revision, Ceiling: act.Ceiling, Repair: act.Kind == Repair}
	if leave.Repair && act.Revision != s.Spec.Revision {
		to = s.repair
	}
	if s.Spec.Approval != nil {
		leave.Approved = s.Spec.Approval.At
	}
	err := a.apply(ctx, to, leave)
	a.readFacts(ctx)
	return err
}

// takeIn keeps what was heard for times when nobody can be asked.
func (a *Agent) takeIn(seen heard) {
	if !seen.spoken || seen.away != nil {
		return
	}
	if a.forgetful && seen.assignment != nil && seen.assignment.Reported != nil {
		a.memory.noteFailure(*seen.assignment.Reported)
	}
	a.forgetful = false
	if err := a.cache.SetAssignment(seen.assignment); err != nil {
		a.log.Error("assignment not kept: it is not at hand while the API server is away", zap.Error(err))
	}
}

// tidy forgets the failure of a revision that the host has by now, whoever put it right, and revisions that nobody needs.
func (a *Agent) tidy(s *sight, act Act) error {
	if act.Phase != v1alpha1.PhaseUpToDate || !s.Plan.Empty {
		return nil
	}
	a.memory.forgive(s.Spec.Revision)
	return errors.Join(a.cache.SetMemory(&a.memory), a.cache.Prune(s.Spec.Revision, a.memory.Applied))
}

// announce tells the service manager that the agent works, and on what. A run that goes on may take longer than a start may.
func (a *Agent) announce(seen heard, act Act) {
	if !a.saidReady && (seen.spoken || act.Kind == Resume) {
		a.saidReady = true
		a.Progress.notify("READY=1")
	}
	switch {
	case seen.away != nil:
		a.Progress.status("%s; %s", act.Phase, oneLine(seen.away.Error(), maxStatusText))
	case act.Phase == "":
		a.Progress.status("%s", act.Message)
	case act.Message == "":
		a.Progress.status("%s", act.Phase)
	default:
		a.Progress.status("%s: %s", act.Phase, act.Message)
	}
}
