package node

import (
	"context"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps/engine"
)

// shownRuns is how many runs a status shows.
const shownRuns = 5

// report hands over what was seen and what is done about it.
func (a *Agent) report(ctx context.Context, s *sight, act Act) {
	if s.assignment == nil || act.Phase == "" {
		return
	}
	status := v1alpha1.ManagedNodeStatus{
		ObservedGeneration: s.assignment.Generation,
		Phase:              act.Phase,
		Message:            oneLine(act.Message, maxMessage),
		AppliedRevision:    a.memory.Applied,
		Failure:            a.shownFailure(s.assignment.Spec.Revision),
		Drift:              a.shownDrift(s),
		Configurations:     a.configurations(s),
		Runs:               showRuns(a.runs),
		Facts:              a.facts,
		Conditions:         a.conditions(ctx, s, act),
	}
	if s.planned != nil && !s.Plan.Empty {
		status.Plan = summarize(s.Spec.Revision, s.Plan.Hash, s.planned, s.Staged)
	}
	a.Source.Report(status)
	if err := a.cache.SetMemory(&a.memory); err != nil {
		a.log.Error("memory not kept", zap.Error(err))
	}
}

// shownFailure is the failure of the wanted revision, or else the newest.
func (a *Agent) shownFailure(wanted string) *v1alpha1.Failure {
	if failure := a.memory.failure(wanted); failure != nil {
		return failure.DeepCopy()
	}
	if len(a.memory.Failures) > 0 {
		return a.memory.Failures[0].DeepCopy()
	}
	return nil
}

// shownDrift is nil where there is none, or it is not known.
func (a *Agent) shownDrift(s *sight) *v1alpha1.DriftStatus {
	if s.drifted == nil {
		return nil
	}
	if len(s.drifted.Ops) == 0 {
		a.memory.DriftSince = metav1.Time{}
		return nil
	}
	if a.memory.DriftSince.IsZero() {
		a.memory.DriftSince = now()
	}
	status := &v1alpha1.DriftStatus{Count: int32(len(s.drifted.Ops)), Since: a.memory.DriftSince}
	for _, planned := range s.drifted.Ops[:min(len(s.drifted.Ops), maxDriftKeys)] {
		status.Keys = append(status.Keys, oneLine(planned.Op.Key(), maxLineBytes))
	}
	return status
}

func showRuns(runs []engine.Run) []v1alpha1.RunSummary {
	var shown []v1alpha1.RunSummary
	for _, run := range runs[:min(len(runs), shownRuns)] {
		summary := v1alpha1.RunSummary{
			Run: int32(run.Number), Revision: run.Revision, Outcome: string(run.Outcome), Impact: v1alpha1.Impact(run.Impact),
			Begun: apiTime(run.Begun), Error: oneLine(run.Error, maxLineBytes),
		}
		for _, op := range run.Ops {
			if op.State == "done" {
				summary.Ops++
			}
		}
		if !run.Ended.IsZero() {
			ended := apiTime(run.Ended)
			summary.Ended = &ended
		}
		shown = append(shown, summary)
	}
	return shown
}

// readFacts finds out what the host is.
func (a *Agent) readFacts(ctx context.Context) {
	found, err := a.Host.Facts(ctx)
	if err != nil {
		a.log.Warn("facts not read", zap.Error(err))
		return
	}
	a.facts = &v1alpha1.NodeFacts{Distro: found.Distro.Name, Kernel: found.Kernel, BootID: found.BootID, Agent: a.Version}
	for _, p := range found.Packages {
		if a.facts.Packages == nil {
			a.facts.Packages = map[string]string{}
		}
		a.facts.Packages[p.Name] = p.Version
	}
}
