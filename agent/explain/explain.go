package explain

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// Explain names the one reason why the node waits, or says that it does not.
func Explain(in Input) Explanation {
	e := Explanation{Node: in.Name, NodeGroup: in.groupName(), State: Waiting, Notes: []string{}, Remedies: []Remedy{}}
	if m := in.Managed; m != nil {
		e.describe(m)
	}
	e.Waiting = in.reason()
	switch {
	case e.Waiting == nil && in.upToDate():
		e.State = UpToDate
	case e.Waiting == nil, e.Waiting.Reason == decision.WaitingDrain:
		e.State = Working
	}
	if e.Waiting != nil {
		e.Remedies = remedies(&in, e.Waiting.Reason)
	}
	e.Notes = append(e.Notes, in.notes(e.Waiting)...)
	return e
}

// describe takes over what needs no thought.
func (e *Explanation) describe(m *v1alpha1.ManagedNode) {
	status := &m.Status
	e.Phase, e.Message = status.Phase, status.Message
	e.Revision = Revision{Wanted: m.Spec.Revision, Applied: status.AppliedRevision}
	if p := status.Plan; p != nil {
		e.Plan = &Plan{Hash: p.Hash, Impact: p.Impact, Ops: p.Ops, Staged: p.Staged}
	}
	if r := status.Rollout; r != nil {
		e.Revision.Proven = r.ProvenRevision
		if m.Spec.Drain != nil {
			e.Drain = r.Drain
		}
	}
}

// reason finds the first reason that holds; nil: the node does not wait.
func (in *Input) reason() *Reason {
	switch {
	case in.NotInstalled:
		return &Reason{Reason: NotInstalled, Message: "the API server does not know hostler's kinds: its CustomResourceDefinitions are not installed"}
	case in.Managed == nil && in.Node == nil:
		return &Reason{Reason: NoSuchNode, Message: fmt.Sprintf("there is no Node %s, and no ManagedNode", in.Name)}
	case in.Managed == nil:
		return in.unmanaged()
	}
	if said := meta.FindStatusCondition(in.Managed.Status.Conditions, v1alpha1.ConditionWaiting); said != nil && said.Status == metav1.ConditionTrue {
		return &Reason{Reason: decision.Waiting(said.Reason), Since: since(said.LastTransitionTime), Message: said.Message}
	}
	return in.silence()
}

// unmanaged is the reason of a node without ManagedNode.
func (in *Input) unmanaged() *Reason {
	switch chosen := in.choosing(); len(chosen) {
	case 0:
		return &Reason{Reason: NoNodeGroup, Since: since(in.Node.CreationTimestamp), Message: in.noGroup()}
	case 1:
		return &Reason{Reason: CoordinatorSilent, Message: fmt.Sprintf("NodeGroup %s chooses the node, and the coordinator has made no ManagedNode for it yet", chosen[0])}
	default:
		return &Reason{Reason: decision.WaitingConflict, Message: fmt.Sprintf("NodeGroups %s choose the node, and none is applied to it", strings.Join(chosen, ", "))}
	}
}

// noGroup says why no group chooses the node.
func (in *Input) noGroup() string {
	name := in.Node.Labels[v1alpha1.NodeGroupLabel]
	switch {
	case name == "":
		return fmt.Sprintf("no NodeGroup chooses the node: it has no label %s", v1alpha1.NodeGroupLabel)
	case in.group(name) == nil:
		return fmt.Sprintf("the label %s=%s names a NodeGroup that does not exist", v1alpha1.NodeGroupLabel, name)
	default:
		return fmt.Sprintf("NodeGroup %s, which the label %s names, chooses its nodes by other labels (spec.nodeSelector)", name, v1alpha1.NodeGroupLabel)
	}
}

// silence is the reason where the coordinator has not given any; nil: there is none.
func (in *Input) silence() *Reason {
	m, group := in.Managed, in.group(in.Managed.Spec.NodeGroup)
	status := &m.Status
	switch {
	case in.Node == nil:
		return &Reason{Reason: decision.WaitingNodeGone, Message: fmt.Sprintf("there is no Node %s any more, only its ManagedNode", in.Name)}
	case status.ObservedGeneration < m.Generation:
		return in.agentSilent()
	case group == nil:
		return &Reason{Reason: CoordinatorSilent, Message: fmt.Sprintf("NodeGroup %s, which the ManagedNode names, does not exist, and the coordinator has not removed the ManagedNode yet", m.Spec.NodeGroup)}
	case group.Status.ObservedGeneration < group.Generation:
		return &Reason{Reason: CoordinatorSilent, Message: fmt.Sprintf("the coordinator has not looked at the last edit of NodeGroup %s yet", group.Name)}
	case m.Spec.Revision == "":
		return &Reason{Reason: decision.WaitingRevision, Message: fmt.Sprintf("NodeGroup %s has no revision yet", group.Name)}
	case group.Status.Revision != "" && group.Status.Revision != m.Spec.Revision:
		return &Reason{Reason: CoordinatorSilent, Message: fmt.Sprintf("NodeGroup %s is at revision %s, and the coordinator has not told the node yet", group.Name, group.Status.Revision)}
	}
	return in.phase()
}

// phase is the reason that the agent's phase alone gives; nil: none.
func (in *Input) phase() *Reason {
	spec, status := &in.Managed.Spec, &in.Managed.Status
	switch status.Phase {
	case v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		message := "the last run failed"
		if f := status.Failure; f != nil {
			message = fmt.Sprintf("revision %s failed: %s", f.Revision, f.Message)
		}
		return &Reason{Reason: decision.WaitingFailed, Message: message}
	case v1alpha1.PhasePlanFailed:
		return &Reason{Reason: decision.WaitingPlan, Message: "the agent cannot make a plan: " + status.Message}
	case v1alpha1.PhasePaused:
		return &Reason{Reason: decision.WaitingNodePaused, Message: "the agent leaves the host alone, as spec.paused says"}
	case v1alpha1.PhaseWaitingForApproval:
		if p := status.Plan; spec.Approval != nil && p != nil && spec.Approval.Plan == p.Hash {
			return nil
		}
		return &Reason{Reason: CoordinatorSilent, Message: "the agent waits for approval, and the coordinator has not said why there is none"}
	case v1alpha1.PhaseWaitingForDisruption:
		if p := status.Plan; spec.Disruption != nil && p != nil && spec.Disruption.Plan == p.Hash {
			return nil
		}
		return &Reason{Reason: CoordinatorSilent, Message: "the agent waits for leave to disrupt, and the coordinator has not said why there is none"}
	case "", v1alpha1.PhaseUnassigned:
		return in.agentSilent()
	}
	return nil
}

// agentSilent is the reason where the agent has not reported on what is wanted.
func (in *Input) agentSilent() *Reason {
	r := &Reason{Reason: decision.WaitingAgent, Message: "the agent has not reported on what is wanted of the node now"}
	if in.Managed.Status.Phase == "" {
		r.Message = "the agent has never reported"
	}
	if ready := in.ready(); ready != nil && ready.Status != corev1.ConditionTrue {
		r.Since = since(ready.LastTransitionTime)
		r.Message += ", and the Node is not Ready: " + ready.Message
	}
	return r
}

// upToDate tells whether the host has what its group says.
func (in *Input) upToDate() bool {
	status := &in.Managed.Status
	return status.Phase == v1alpha1.PhaseUpToDate && status.AppliedRevision == in.Managed.Spec.Revision
}

// notes are what a reader should know beside the reason.
func (in *Input) notes(reason *Reason) []string {
	var notes []string
	silent := reason != nil && reason.Reason == decision.WaitingAgent
	if ready := in.ready(); !silent && ready != nil && ready.Status != corev1.ConditionTrue {
		notes = append(notes, fmt.Sprintf("the Node is not Ready since %s: %s", stamp(ready.LastTransitionTime.Time), ready.Message))
	}
	if m := in.Managed; m != nil {
		if r := m.Status.Rollout; r != nil && r.Refused != "" {
			notes = append(notes, "the last request was refused: "+r.Refused)
		}
		group := in.group(m.Spec.NodeGroup)
		told := reason != nil && reason.Reason == CoordinatorSilent
		if group != nil && !told && group.Status.ObservedGeneration < group.Generation {
			notes = append(notes, fmt.Sprintf("the coordinator has not looked at the last edit of NodeGroup %s yet", group.Name))
		}
		if d := m.Status.Drift; d != nil && d.Count > 0 {
			notes = append(notes, fmt.Sprintf("the host has drifted: %s", strings.Join(d.Keys, ", ")))
		}
	}
	return notes
}

// ready is the Node's condition Ready; nil: there is none.
func (in *Input) ready() *corev1.NodeCondition {
	if in.Node == nil {
		return nil
	}
	i := slices.IndexFunc(in.Node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
	if i < 0 {
		return nil
	}
	return &in.Node.Status.Conditions[i]
}

// choosing names the groups that choose the Node.
func (in *Input) choosing() []string {
	var names []string
	for i := range in.Groups {
		group := &in.Groups[i]
		if labels.SelectorFromSet(selector(group)).Matches(labels.Set(in.Node.Labels)) {
			names = append(names, group.Name)
		}
	}
	return names
}

// selector is the labels by which a group chooses its nodes.
func selector(group *v1alpha1.NodeGroup) map[string]string {
	if len(group.Spec.NodeSelector) > 0 {
		return group.Spec.NodeSelector
	}
	return map[string]string{v1alpha1.NodeGroupLabel: group.Name}
}

func (in *Input) group(name string) *v1alpha1.NodeGroup {
	for i := range in.Groups {
		if in.Groups[i].Name == name {
			return &in.Groups[i]
		}
	}
	return nil
}

// groupName is the group that the node belongs to, or would.
func (in *Input) groupName() string {
	if in.Managed != nil {
		return in.Managed.Spec.NodeGroup
	}
	if in.Node == nil {
		return ""
	}
	if chosen := in.choosing(); len(chosen) > 0 {
		return chosen[0]
	}
	return in.Node.Labels[v1alpha1.NodeGroupLabel]
}

func since(t metav1.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
