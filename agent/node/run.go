package node

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// apply changes the host, under a leave that is on disk before: a process that is killed in the run is followed
// by one that knows what it may do.
func (a *Agent) apply(ctx context.Context, to pursuit, leave Leave) error {
	a.memory.Run = &leave
	if err := a.cache.SetMemory(&a.memory); err != nil {
		a.memory.Run = nil
		return err
	}
	a.log.Info("applying", zap.String("revision", leave.Revision), zap.Stringer("ceiling", leave.Ceiling), zap.Bool("repair", leave.Repair))
	result, err := to.wish.Apply(ctx, leave.Ceiling)
	return a.conclude(ctx, leave, result, err)
}

// resume deals with a run that was cut short. What was going forward goes on with the revision and the leave that it had; what
// was going back, or cannot go on, goes back.
func (a *Agent) resume(ctx context.Context, policy *v1alpha1.DriftSpec) error {
	cut := a.unfinished()
	if len(cut.Reverts) > 0 { // a person took runs back; that is no failure of a revision
		_, err := a.Host.Rollback(ctx, 0)
		a.readRuns(ctx)
		return err
	}
	leave := a.leaveOf(cut)
	if cut.Error != "" {
		return a.goBack(ctx, leave, errors.New(cut.Error))
	}
	to, err := a.pursue(ctx, leave.Revision)
	if err != nil {
		return a.goBack(ctx, leave, fmt.Errorf("run %d was cut short and could not go on: %w", cut.Number, err))
	}
	if leave.Repair {
		to.wish = to.wish.Without(func(step string, op steps.Op) bool { return a.memory.gaveUp(step) || unrepaired(policy, op) })
	}
	a.log.Info("run goes on", zap.Int("run", cut.Number), zap.String("revision", leave.Revision))
	result, err := to.wish.Apply(ctx, leave.Ceiling)
	if result.Outcome == "" && cannotGoOn(ctx, err) {
		return a.goBack(ctx, leave, fmt.Errorf("run %d was cut short and could not go on: %w", cut.Number, err))
	}
	return a.conclude(ctx, leave, result, err)
}

// leaveOf is what a run that was cut short may do: what the agent noted, or, for a run that somebody else began, what
// that one did.
func (a *Agent) leaveOf(cut *engine.Run) Leave {
	if noted := a.memory.Run; noted != nil && noted.Revision == cut.Revision {
		return *noted
	}
	ceiling, err := steps.ParseImpact(cut.Impact)
	if err != nil {
		ceiling = steps.None
	}
	return Leave{Revision: cut.Revision, Ceiling: ceiling}
}

// cannotGoOn tells whether a run that was cut short is stuck: the steps cannot be planned any more, or cost more than they may.
func cannotGoOn(ctx context.Context, err error) bool {
	var noPlan *engine.PlanError
	return ctx.Err() == nil && (errors.As(err, &noPlan) || errors.Is(err, engine.ErrImpact))
}

// goBack takes a run back that was cut short.
func (a *Agent) goBack(ctx context.Context, leave Leave, cause error) error {
	a.log.Info("run is taken back", zap.Error(cause))
	result, err := a.Host.Rollback(ctx, 0)
	if err == nil {
		return a.conclude(ctx, leave, result, fmt.Errorf("%w: run %d: %w", engine.ErrRolledBack, result.Run, cause))
	}
	return a.conclude(ctx, leave, result, errors.Join(cause, err))
}

// conclude remembers how a run ended. It returns an error where that is not known, or nothing was done: the next look is to
// come later.
func (a *Agent) conclude(ctx context.Context, leave Leave, result engine.Result, err error) error {
	a.readRuns(ctx)
	switch {
	case errors.Is(err, engine.ErrInterrupted) || err != nil && ctx.Err() != nil:
		return err // what it may do stays on disk for who goes on
	case err == nil:
		a.succeeded(leave, result)
	case a.failed(result, err):
		a.memory.noteFailure(failure(leave, result, err))
		a.log.Error("run failed", zap.Int("run", result.Run), zap.String("revision", leave.Revision), zap.Error(err))
		err = nil
	}
	if a.unfinished() == nil {
		a.memory.Run = nil
	}
	a.staged = ""
	return errors.Join(err, a.cache.SetMemory(&a.memory))
}

// failed tells whether a run failed, and not the attempt to begin one.
func (a *Agent) failed(result engine.Result, err error) bool {
	damaged := len(a.runs) > 0 && a.runs[0].Outcome == engine.Damaged
	return errors.Is(err, engine.ErrRolledBack) || result.Outcome == engine.Failed || result.Outcome == engine.Stopped || damaged
}

func failure(leave Leave, result engine.Result, err error) v1alpha1.Failure {
	outcome := v1alpha1.PhaseFailed
	if errors.Is(err, engine.ErrRolledBack) {
		outcome = v1alpha1.PhaseRolledBack
	}
	return v1alpha1.Failure{
		Revision: leave.Revision, Approved: leave.Approved, Outcome: outcome,
		Message: oneLine(err.Error(), maxMessage), Run: int32(result.Run), At: now(),
	}
}

func (a *Agent) succeeded(leave Leave, result engine.Result) {
	a.log.Info("run done", zap.Int("run", result.Run), zap.String("revision", leave.Revision), zap.Int("ops", result.Ops), zap.Duration("took", result.Took))
	a.memory.forgive(leave.Revision)
	a.askKubelet = true
	if leave.Repair {
		a.repaired = true
		a.memory.GaveUp = append(a.memory.GaveUp, gaveUp(result)...)
		return
	}
	a.memory.Applied, a.memory.GaveUp, a.memory.DriftSince = leave.Revision, gaveUp(result), metav1.Time{}
	if !leave.Approved.IsZero() {
		a.memory.Spent = leave.Approved
	}
}

// adopt notes that the host has a revision already.
func (a *Agent) adopt(revision string) error {
	a.log.Info("host has the revision already", zap.String("revision", revision))
	a.memory.Applied, a.memory.GaveUp, a.memory.DriftSince = revision, nil, metav1.Time{}
	a.memory.forgive(revision)
	return a.cache.SetMemory(&a.memory)
}

// gaveUp lists the optional steps that failed in a run.
func gaveUp(result engine.Result) []GaveUp {
	var list []GaveUp
	for _, failure := range result.Failures {
		list = append(list, GaveUp{failure.Step, oneLine(failure.Err.Error(), maxLineBytes)})
	}
	return list
}

// readRuns reads the history again.
func (a *Agent) readRuns(ctx context.Context) {
	runs, err := a.Host.History(ctx)
	if err != nil {
		a.log.Error("history not read", zap.Error(err))
		return
	}
	a.runs = runs
}
