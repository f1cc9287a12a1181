package decision

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// member is a node of the group: what was observed of it, and what is wanted of it.
type member struct {
	*Node
	name string
	// mine is whether this group decides about the node. Where several groups choose it, it is the one that had it before.
	mine bool
	// released is whether the group has no more to say about the node, and hostler lets go of it.
	released bool

	// was and status are as observed; empty where there is no ManagedNode.
	was    v1alpha1.ManagedNodeSpec
	status v1alpha1.ManagedNodeStatus

	// spec and rollout are wanted.
	spec    v1alpha1.ManagedNodeSpec
	rollout v1alpha1.RolloutStatus

	// drop and dropFromNode are requests to remove; those refused count no longer.
	drop, dropFromNode, refused []string
	evict                       *Evict
	events                      []Event

	// wave is the place in the waves; len(waves): after all of them.
	wave int
	// held is why the node may not start, or not be disrupted.
	held    Waiting
	because string
	waiting metav1.Condition
}

func newMember(n *Node, group *v1alpha1.NodeGroup) *member {
	m := &member{Node: n, name: n.Name(), mine: true, released: group == nil || n.Left}
	if n.Managed == nil {
		// Nobody had it before: where several groups choose it, nobody gets it.
		m.mine = len(n.OtherGroups) == 0 && !m.released
		return m
	}
	m.was, m.status = n.Managed.Spec, n.Managed.Status
	m.spec = *n.Managed.Spec.DeepCopy()
	if r := n.Managed.Status.Rollout; r != nil {
		m.rollout = *r.DeepCopy()
	}
	if len(n.OtherGroups) > 0 && group != nil {
		m.mine = m.was.NodeGroup == group.Name
	}
	return m
}

// counts is whether the node is one of the group's.
func (m *member) counts() bool { return m.Node.Node != nil && !m.released }

// usable is whether the group decides what the node becomes.
func (m *member) usable() bool { return m.counts() && m.mine && !m.conflict() }

func (m *member) conflict() bool { return len(m.OtherGroups) > 0 }

// heard is whether the agent has reported on the spec as it is.
func (m *member) heard() bool {
	return m.Managed != nil && m.status.ObservedGeneration == m.Managed.Generation
}

func (m *member) phase() v1alpha1.Phase { return m.status.Phase }

func (m *member) ready() bool { return m.Node != nil && ready(m.Node.Node) }

func ready(n *corev1.Node) bool {
	if n == nil {
		return false
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// unreachable is whether the control plane has not heard of the node for a while. A kubelet that is well enough to say that it
// is not Ready says False.
func unreachable(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionUnknown
		}
	}
	return false
}

func (m *member) cordoned() bool { return m.Node.Node != nil && m.Node.Node.Spec.Unschedulable }

// marked is whether the node bears the mark of hostler's cordon.
func (m *member) marked() bool {
	return m.Node.Node != nil && m.Node.Node.Annotations[v1alpha1.CordonedByAnnotation] == v1alpha1.CordonedByHostler
}

// foreignCordon is whether somebody else cordoned the node.
func (m *member) foreignCordon() bool { return m.cordoned() && !m.marked() }

// hasPlan is whether the agent shows a plan for the revision that it was given, and means it.
func (m *member) hasPlan() bool {
	return m.heard() && m.status.Plan != nil && m.status.Plan.Revision == m.was.Revision && m.was.Revision == m.spec.Revision
}

// approvedPlan is whether the plan that the agent shows is the approved one.
func (m *member) approvedPlan() bool {
	return m.hasPlan() && m.was.Approval != nil && m.was.Approval.Plan == m.status.Plan.Hash
}

// draining is whether the node is being emptied, or kept empty.
func draining(spec *v1alpha1.ManagedNodeSpec) bool {
	return spec.Drain != nil && spec.Drain.GivenUp == nil
}

// holds is whether the node holds a slot, by what is wanted. StartedAt outlives an approval that was taken back for as
// long as the agent may have begun before it knew. An agent that is applying without either repairs drift that costs
// workloads nothing, which needs no leave and no slot.
func (m *member) holds() bool {
	return m.spec.Approval != nil || m.rollout.StartedAt != nil || draining(&m.spec)
}

// heldBefore is the same by what was observed.
func (m *member) heldBefore() bool {
	return m.was.Approval != nil || m.status.Rollout != nil && m.status.Rollout.StartedAt != nil || draining(&m.was)
}

// keepsCordon is whether the node cannot be trusted with pods after a run that failed: it is half changed, or it is as it was and not well.
func (m *member) keepsCordon() bool {
	f := m.status.Failure
	return f != nil && (f.Outcome == v1alpha1.PhaseFailed || !m.ready())
}

// broken is whether the node does no work anyway, and the revision may be what mends it.
func (m *member) broken() bool { return !m.ready() || draining(&m.was) && m.keepsCordon() }

// hold notes why the node waits; the first reason counts.
func (m *member) hold(reason Waiting, because string) {
	if m.held == "" {
		m.held, m.because = reason, because
	}
}
