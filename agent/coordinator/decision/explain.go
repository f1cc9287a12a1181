package decision

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// explain says the one reason why the node waits. The condition's lastTransitionTime is since when it waits for that
// reason, and does not move when only the message changes.
func (d *decision) explain(m *member) {
	reason, because := d.reason(m)
	waiting := metav1.Condition{
		Type: v1alpha1.ConditionWaiting, Status: metav1.ConditionTrue, Reason: string(reason), Message: because,
		LastTransitionTime: d.second(),
	}
	if reason == NotWaiting || reason == AgentTold {
		waiting.Status = metav1.ConditionFalse
	}
	if old := meta.FindStatusCondition(m.status.Conditions, v1alpha1.ConditionWaiting); old != nil && old.Reason == waiting.Reason {
		waiting.LastTransitionTime = old.LastTransitionTime
	}
	m.waiting = waiting
}

// second is the time as exact as a condition keeps it.
func (d *decision) second() metav1.Time { return metav1.NewTime(d.o.Now.Truncate(time.Second)) }

func (d *decision) reason(m *member) (Waiting, string) {
	switch {
	case m.released:
		return NotWaiting, "no NodeGroup chooses the node any more; hostler lets go of it"
	case m.conflict():
		return WaitingConflict, fmt.Sprintf("NodeGroup %s chooses the node too, and none is applied to it; goes on when one of them chooses it no longer",
			strings.Join(m.OtherGroups, ", "))
	case m.spec.Revision == "":
		if reason, because := d.groupUsable(m); reason != "" {
			return reason, because
		}
		return WaitingRevision, fmt.Sprintf("NodeGroup %s has no revision yet", d.group.Name)
	case m.spec.Paused && m.phase() != v1alpha1.PhaseApplying && (!m.emptying() || m.empty()):
		return nodePaused(m)
	case m.spec.Drain != nil && m.spec.Drain.GivenUp != nil && m.spec.Approval == nil:
		return d.drainForgotten(m)
	case m.held != "":
		return m.held, m.because
	case m.emptying() && !m.empty():
		return d.drainReason(m)
	}
	return d.agentReason(m)
}

// drainReason says what keeps a drain from its end.
func (d *decision) drainReason(m *member) (Waiting, string) {
	status := m.rollout.Drain
	if status == nil {
		return WaitingDrain, "pods are asked to leave"
	}
	then := joinMessages(status.Message, "onTimeout is "+string(d.group.Spec.Disruptions.Drain.OnTimeout)+" at "+clock(m.spec.Drain.At.Add(d.timeout())))
	switch {
	case status.State == v1alpha1.DrainFailed:
		return WaitingDrainFailed, fmt.Sprintf("pods cannot be evicted%s; %s", m.blocking(), then)
	case slices.ContainsFunc(status.Blocking, byBudget):
		return WaitingBudget, fmt.Sprintf("%d pods are left, and cannot go now%s; %s", status.Left, m.blocking(), then)
	}
	return WaitingDrain, fmt.Sprintf("pods are leaving%s; %s", m.blocking(), then)
}

func byBudget(pod v1alpha1.BlockingPod) bool { return strings.HasPrefix(pod.Reason, BudgetPrefix) }

// agentReason is for nodes whose agent has the next move.
func (d *decision) agentReason(m *member) (Waiting, string) {
	phase := m.phase()
	switch {
	case phase == v1alpha1.PhaseApplying && unreachable(m.Node.Node):
		return WaitingAgent, "the node went away while it was being changed to revision " + m.spec.Revision +
			": its kubelet has stopped reporting. The run goes on, or back, when it is here again"
	case phase == v1alpha1.PhaseApplying:
		return NotWaiting, "is being changed to revision " + m.spec.Revision
	case phase == v1alpha1.PhaseUpToDate && m.rollout.ProvenRevision == m.spec.Revision && m.was.Revision == m.spec.Revision:
		return NotWaiting, "has revision " + m.spec.Revision
	case !m.heard() || !equality.Semantic.DeepEqual(m.was, m.spec):
		return d.silence(m)
	case phase == v1alpha1.PhasePlanFailed:
		return WaitingPlan, joinMessages("the agent cannot make a plan", m.status.Message)
	case phase == v1alpha1.PhaseRolledBack, phase == v1alpha1.PhaseFailed:
		return notFailed(m)
	case m.spec.Approval != nil:
		return NotWaiting, fmt.Sprintf("was approved, and is at %s", phase)
	}
	return WaitingAgent, fmt.Sprintf("the agent is at %s; see journalctl -u hostler on the node if that lasts", phase)
}

// patience is how long an agent may take to report before a node is said to wait for it. It is told something with each
// decision, and answers within a second.
const patience = 10 * time.Second

// silence is for nodes whose agent has not reported on what is wanted.
func (d *decision) silence(m *member) (Waiting, string) {
	told := d.second()
	if old := meta.FindStatusCondition(m.status.Conditions, v1alpha1.ConditionWaiting); old != nil && old.Reason == string(AgentTold) {
		told = old.LastTransitionTime
	} else if old != nil && old.Reason == string(WaitingAgent) {
		told = metav1.Time{} // it is known to be silent until it reports
	}
	late := told.Add(patience)
	if d.o.Now.Before(late) {
		d.wakeAt(late)
		return AgentTold, "the agent was told a moment ago"
	}
	return WaitingAgent, "the agent has not reported on what is wanted now; see journalctl -u hostler on the node if that lasts"
}
