package decision

import (
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// assign gives every node the group's revision, and what the group and people say of it. A node that several groups
// choose keeps what it has.
func (d *decision) assign(m *member) {
	if m.Node.Node == nil || m.released {
		return
	}
	m.spec.Paused = m.asked(v1alpha1.PausedAnnotation)
	if m.conflict() {
		return
	}
	m.spec.NodeGroup = d.group.Name
	if d.o.Revision != "" {
		m.spec.Revision = d.o.Revision
	}
	if d.o.Invalid == "" {
		m.spec.Drift = d.group.Spec.Drift.DeepCopy()
	}
}

// withdraw takes an approval back that no longer holds. A run that has begun ends: while the agent says that it is
// applying, it keeps its leave. Where it may have begun and not said so yet, the slot is kept until it has (settle).
func (d *decision) withdraw(m *member) {
	a := m.spec.Approval
	if a == nil || m.phase() == v1alpha1.PhaseApplying {
		return
	}
	idle := m.heard() && (m.phase() == v1alpha1.PhasePlanFailed || m.phase() == v1alpha1.PhasePaused || m.phase() == v1alpha1.PhaseUnassigned)
	if !m.released && !m.conflict() && !m.spec.Paused && !idle && a.Revision == m.spec.Revision {
		return
	}
	if idle || !m.mayHaveBegun() {
		m.rollout.StartedAt = nil
	} else if m.rollout.StartedAt == nil {
		return // settle notes it first: an approval that is taken back unnoted would take the slot's memory along
	}
	m.spec.Approval, m.spec.Disruption = nil, nil
}

// mayHaveBegun is whether the agent could have begun to change the host under the observed approval. Without leave to
// disrupt it cannot where its plan disrupts, and never with a plan or a revision other than the approved.
func (m *member) mayHaveBegun() bool {
	a, plan := m.was.Approval, m.status.Plan
	switch {
	case a == nil || m.phase() == v1alpha1.PhaseApplying:
		return true
	case m.heard() && a.Revision != m.was.Revision:
		return false
	case m.heard() && m.phase() == v1alpha1.PhaseWaitingForApproval:
		return plan != nil && plan.Hash == a.Plan && (!plan.Impact.Disrupts() || m.was.Disruption != nil)
	}
	return plan == nil || plan.Hash != a.Plan || !plan.Impact.Disrupts() || m.was.Disruption != nil
}

// renew binds the approval of a node to the plan that it shows now, where the approved one went stale before it began.
// The node keeps its slot. The leave to disrupt is not renewed: what is to be disrupted may be more than was shown.
func (d *decision) renew(m *member) {
	a := m.spec.Approval
	if a == nil || m.phase() != v1alpha1.PhaseWaitingForApproval || !m.hasPlan() || a.Plan == m.status.Plan.Hash && !d.used(m) {
		return
	}
	d.approve(m, a.By)
	d.tell(m, "UpdateApproved", "the plan changed, or is due once more; "+d.approved(m))
	m.spec.Disruption = nil
	drain := m.spec.Drain
	switch {
	case !draining(&m.spec) || drain.Plan == "" || m.keepsCordon():
	case m.status.Plan.Impact.Disrupts() && drain.By == Coordinator:
		drain.Plan = m.status.Plan.Hash
	default:
		m.spec.Drain = nil // nobody is known to want it any more: who gave leave saw another plan
	}
}

// used is whether the agent has made use of an approval, which is good for one run, and shows the same plan once more: the host
// drifted again before anybody saw that it was well. An agent that has heard of an approval and still waits for it
// tells so; the pause keeps one that refuses for another reason from being asked all the time.
func (d *decision) used(m *member) bool {
	const pause = 5 * time.Minute
	a := m.was.Approval
	if a == nil || m.status.AppliedRevision != a.Revision {
		return false
	}
	until := a.At.Add(pause)
	d.wakeAt(until)
	return !d.o.Now.Before(until)
}

// settle frees the slot of an approval that was taken back once the agent has said that it is not at work.
func (d *decision) settle(m *member) {
	if m.spec.Approval != nil && m.rollout.StartedAt == nil {
		m.rollout.StartedAt = m.spec.Approval.At.DeepCopy()
	}
	if m.was.Approval == nil && m.spec.Approval == nil && m.heard() &&
		m.phase() != v1alpha1.PhaseApplying && m.phase() != v1alpha1.PhaseStaging {
		m.rollout.StartedAt = nil
	}
	if m.rollout.ProvenAt != nil && m.rollout.ProvenAt.After(d.now.Time) {
		// The clock was ahead, here or on another leader's machine. Nobody soaks until then.
		m.rollout.ProvenAt = d.now.DeepCopy()
	}
}
