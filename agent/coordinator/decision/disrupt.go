package decision

import (
	"fmt"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// disrupt gives a node that waits for it the leave to end its workloads: asks again whether this is the time, empties the node,
// and then names the plan.
func (d *decision) disrupt(m *member) {
	if !m.wantsDisruption() {
		return
	}
	plan, drain := m.status.Plan, m.spec.Drain
	var by string
	switch {
	case draining(&m.spec) && drain.Plan == plan.Hash:
		by = drain.By // leave was given before the drain began
	default:
		var reason Waiting
		var because string
		if by, reason, because = d.leave(m); reason != "" {
			m.hold(reason, because)
			return
		}
		// A drain that a person asked for serves as well, and stays theirs.
		if d.drainsFirst() && (!draining(&m.spec) || drain.Plan != "") {
			m.take(v1alpha1.DisruptionApprovedAnnotation)
			m.rollout.Refused = ""
			d.order(m, plan.Hash, by)
			return
		}
	}
	if d.drainsFirst() && !m.empty() {
		return // explain says what the drain waits for
	}
	m.take(v1alpha1.DisruptionApprovedAnnotation)
	m.rollout.Refused = ""
	m.spec.Disruption = &v1alpha1.DisruptionApproval{Plan: plan.Hash, Impact: plan.Impact, By: by, At: d.now}
	d.tell(m, "DisruptionApproved", fmt.Sprintf("may be disrupted: plan %s, impact %s (%s)", plan.Hash, plan.Impact, by))
}

// wantsDisruption is whether an approved node waits for the leave to disrupt, by the plan that was approved.
func (m *member) wantsDisruption() bool {
	return m.spec.Approval != nil && m.phase() == v1alpha1.PhaseWaitingForDisruption && m.approvedPlan() &&
		m.status.Plan.Impact.Disrupts() && (m.spec.Disruption == nil || m.spec.Disruption.Plan != m.status.Plan.Hash)
}

func (d *decision) drainsFirst() bool {
	first := d.group.Spec.Disruptions.Automatic.DrainBeforeApproval
	return first == nil || *first
}

// leave is who gives leave to disrupt, or why nobody does yet.
//
// hostler.dev/disruption-approved goes past windows and somebody's cordon, and is the only leave where approvalMode is Manual.
// hostler.dev/approved goes past the windows of updates, a pause of the group and somebody's cordon here too; not past the windows of
// disruptions, which it did not speak of.
func (d *decision) leave(m *member) (by string, reason Waiting, because string) {
	_, person, asked := m.request(v1alpha1.DisruptionApprovedAnnotation)
	startNow := byPerson(m.spec.Approval.By)
	checks := []func(*member) (Waiting, string){d.groupUsable, d.policyPaused}
	if !startNow {
		checks = append(checks, d.groupPaused)
	}
	if !startNow && !asked {
		checks = append(checks, notCordoned)
	}
	switch {
	case asked:
	case d.group.Spec.Disruptions.ApprovalMode == v1alpha1.ApprovalManual:
		checks = append(checks, needsPerson)
	case startNow:
		checks = append(checks, d.within(&d.automatic))
	default:
		checks = append(checks, d.within(&d.disruptions))
	}
	for _, check := range checks {
		if reason, because := check(m); reason != "" {
			return "", reason, because
		}
	}
	if asked {
		return person, "", ""
	}
	return Coordinator, "", ""
}

func needsPerson(m *member) (Waiting, string) {
	plan := m.status.Plan
	ends := fmt.Sprintf("plan %s of impact %s ends workloads and approvalMode is Manual", plan.Hash, plan.Impact)
	return WaitingManualApproval, fmt.Sprintf("%s; goes on after: kubectl annotate managednode %s %s=%s",
		joinMessages(ends, m.Ahead), m.name, v1alpha1.DisruptionApprovedAnnotation, plan.Hash)
}

// within is a check that a disruption can start now and is likely to end in time.
func (d *decision) within(t *times) func(*member) (Waiting, string) {
	return func(*member) (Waiting, string) {
		if reason, because := t.closed(d); reason != "" {
			return reason, because
		}
		return t.fits(d)
	}
}
