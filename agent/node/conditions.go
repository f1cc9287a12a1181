package node

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps/engine"
)

// conditions brings the conditions up to what was seen. Those that are not known now stay as they were.
func (a *Agent) conditions(ctx context.Context, s *sight, act Act) []metav1.Condition {
	found := []metav1.Condition{applied(act), healthy(a.runs)}
	if s.drifted != nil {
		found = append(found, drifted(s.drifted))
	}
	if a.KubeletConfigured != nil && a.askKubelet && act.Phase == v1alpha1.PhaseUpToDate {
		configured := a.KubeletConfigured(ctx, s.target.revision)
		configured.Type = v1alpha1.ConditionKubeletConfigured
		a.askKubelet = false
		found = append(found, configured)
	}
	for _, condition := range found {
		condition.ObservedGeneration = s.assignment.Generation
		condition.Message = oneLine(condition.Message, maxMessage)
		meta.SetStatusCondition(&a.memory.Conditions, condition)
	}
	return slices.Clone(a.memory.Conditions)
}

func applied(act Act) metav1.Condition {
	condition := metav1.Condition{Type: v1alpha1.ConditionApplied, Status: metav1.ConditionFalse, Reason: string(act.Phase), Message: act.Message}
	switch act.Phase {
	case v1alpha1.PhaseUpToDate:
		condition.Status = metav1.ConditionTrue
	case v1alpha1.PhaseUnassigned, v1alpha1.PhasePlanFailed:
		condition.Status = metav1.ConditionUnknown
	case v1alpha1.PhaseWaitingForApproval, v1alpha1.PhaseStaging, v1alpha1.PhaseWaitingForDisruption, v1alpha1.PhaseApplying,
		v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed, v1alpha1.PhasePaused:
	}
	return condition
}

// healthy goes by the newest run: one that ended done, or rolled back, has proven it.
func healthy(runs []engine.Run) metav1.Condition {
	condition := metav1.Condition{Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionUnknown, Reason: "NoRun", Message: "no run has ended on this host"}
	if len(runs) == 0 {
		return condition
	}
	switch last := runs[0]; last.Outcome {
	case engine.Done:
		condition.Status, condition.Reason, condition.Message = metav1.ConditionTrue, "RunDone", ""
	case engine.RolledBack:
		condition.Status, condition.Reason, condition.Message = metav1.ConditionTrue, "RunRolledBack", "the host is as it was before a run that failed"
	case engine.Failed, engine.Stopped:
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, "RunFailed", last.Error
	case engine.Damaged:
		condition.Reason, condition.Message = "JournalDamaged", last.Error
	case engine.Interrupted:
		condition.Reason, condition.Message = "RunUnderWay", ""
	case engine.Converged:
	}
	return condition
}

func drifted(plan *engine.Plan) metav1.Condition {
	condition := metav1.Condition{Type: v1alpha1.ConditionDrifted, Status: metav1.ConditionFalse, Reason: "AsApplied"}
	if len(plan.Ops) > 0 {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionTrue, "HostChanged", opLine(plan.Ops[0].Op)
	}
	return condition
}

// configurationPrefix is what the names of the steps that run NodeGroupConfigurations begin with.
const configurationPrefix = "configuration/"

// configurations tells what became of each configuration of the wanted revision: one with work left is pending, one that
// cannot be planned or gave up has failed. Where the plan as a whole failed, nothing is known of those that did not.
func (a *Agent) configurations(s *sight) []v1alpha1.ConfigurationResult {
	failed := map[string]string{}
	if s.planned != nil {
		for _, failure := range s.planned.Failures {
			failed[failure.Step] = failure.Err.Error()
		}
	}
	if s.Spec != nil && s.Spec.Revision == a.memory.Applied {
		for _, g := range a.memory.GaveUp {
			failed[g.Step] = g.Error
		}
	}
	var noPlan *engine.PlanError
	if errors.As(s.Plan.Err, &noPlan) {
		for _, failure := range noPlan.Failures {
			failed[failure.Step] = failure.Err.Error()
		}
	}
	var results []v1alpha1.ConfigurationResult
	for _, configuration := range s.target.revision.Spec.Configurations {
		step := configurationPrefix + configuration.Name
		result := v1alpha1.ConfigurationResult{Name: configuration.Name, State: v1alpha1.ConfigurationSatisfied}
		message, broken := failed[step]
		switch {
		case broken:
			result.State, result.Message = v1alpha1.ConfigurationFailed, oneLine(message, maxLineBytes)
		case s.planned == nil:
			continue
		case wants(s.planned, step):
			result.State = v1alpha1.ConfigurationPending
		}
		results = append(results, result)
	}
	return results
}

// wants tells whether a step has anything in a plan.
func wants(plan *engine.Plan, step string) bool {
	return slices.ContainsFunc(plan.Ops, func(p engine.PlannedOp) bool { return p.Step == step }) ||
		slices.ContainsFunc(plan.Waits, func(w engine.StepRemark) bool { return w.Step == step })
}
