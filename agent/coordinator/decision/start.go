package decision

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// start approves whoever may start, in order, and notes what holds the others.
//
// A person who sets hostler.dev/approved on a node starts it now, whatever the order says: past waves, soak, windows,
// gates, a pause of the group, an earlier failure, and somebody's cordon. Not past the slots, the versions of the API servers, a
// pause of the node or of the whole cluster, or a group that means nothing. The request stays until it is granted.
func (d *decision) start() {
	queue := d.queue()
	for _, m := range queue {
		if reason, _ := d.mayStart(m); reason != "" || !m.wantsStart() {
			continue
		}
		by := Coordinator
		if _, person, asked := m.request(v1alpha1.ApprovedAnnotation); asked {
			by = person
			m.take(v1alpha1.ApprovedAnnotation)
			m.rollout.Refused = ""
		}
		d.approve(m, by)
		d.tell(m, "UpdateApproved", d.approved(m))
	}
	for _, m := range queue {
		if m.spec.Approval == nil && m.wantsStart() {
			m.hold(d.mayStart(m))
		}
	}
}

// wantsStart is whether the node shows a plan and waits for leave. One whose run failed does so only on request.
func (m *member) wantsStart() bool {
	switch m.phase() {
	case v1alpha1.PhaseWaitingForApproval, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return m.hasPlan()
	}
	return false
}

func (d *decision) approve(m *member, by string) {
	at := d.now
	if f := m.status.Failure; f != nil && f.Approved.Equal(&at) {
		at = metav1.NewMicroTime(at.Add(time.Microsecond)) // the agent tries again only what was approved at another time
	}
	m.spec.Approval = &v1alpha1.Approval{Revision: m.spec.Revision, Plan: m.status.Plan.Hash, By: by, At: at}
	m.rollout.StartedAt = &at
	if m.spec.Drain != nil && m.spec.Drain.GivenUp != nil {
		d.dropDrain(m)
	}
	d.tally = nil
}

func (d *decision) approved(m *member) string {
	plan := m.status.Plan
	return fmt.Sprintf("may start: plan %s to revision %s, %d ops, impact %s (%s)", plan.Hash, plan.Revision, plan.Ops, plan.Impact, m.spec.Approval.By)
}

// mayStart says what keeps a node from starting, or nothing. The first reason counts.
func (d *decision) mayStart(m *member) (Waiting, string) {
	checks := []func(*member) (Waiting, string){d.groupUsable, nodePaused}
	if !m.asked(v1alpha1.ApprovedAnnotation) {
		checks = append(checks, notFailed, d.drainForgotten, d.skew, notCordoned, d.policyPaused, d.groupPaused, d.inWindow, d.gatesOpen)
		if !m.broken() {
			checks = append(checks, d.turn)
		}
	} else {
		checks = append(checks, d.skew, d.policyPaused)
	}
	for _, check := range append(checks, d.slot) {
		if reason, because := check(m); reason != "" {
			return reason, because
		}
	}
	return "", ""
}

func (d *decision) groupUsable(*member) (Waiting, string) {
	if d.o.Invalid != "" {
		return WaitingInvalidGroup, fmt.Sprintf("NodeGroup %s cannot be used, nothing starts until it is mended: %s", d.group.Name, d.o.Invalid)
	}
	return "", ""
}

func nodePaused(m *member) (Waiting, string) {
	value, _, asked := m.request(v1alpha1.PausedAnnotation)
	if !asked {
		return "", ""
	}
	if value == "" {
		value = "no reason was given"
	}
	return WaitingNodePaused, fmt.Sprintf("paused by the annotation %s (%s) until that is removed", v1alpha1.PausedAnnotation, value)
}

func notFailed(m *member) (Waiting, string) {
	f := m.status.Failure
	if m.phase() != v1alpha1.PhaseRolledBack && m.phase() != v1alpha1.PhaseFailed {
		return "", ""
	}
	reason := "a run failed"
	if f != nil {
		reason = fmt.Sprintf("revision %s failed: %s", f.Revision, f.Message)
	}
	if m.phase() == v1alpha1.PhaseFailed {
		reason += "; the host is half changed, and a cordon of hostler's stays"
	}
	return WaitingFailed, fmt.Sprintf("%s; tried again with the next revision, or when the annotation %s is set", reason, v1alpha1.ApprovedAnnotation)
}

func notCordoned(m *member) (Waiting, string) {
	if !m.foreignCordon() {
		return "", ""
	}
	return WaitingForeignCordon, fmt.Sprintf("somebody cordoned the node; it goes on after kubectl uncordon %s, or when the annotation %s is set", m.name, v1alpha1.ApprovedAnnotation)
}

func (d *decision) policyPaused(*member) (Waiting, string) {
	if d.o.Policy != nil && d.o.Policy.Spec.Paused {
		return WaitingPolicyPaused, "UpdatePolicy default pauses all groups: spec.paused"
	}
	return "", ""
}

func (d *decision) groupPaused(*member) (Waiting, string) {
	update := &d.group.Spec.Update
	if update.Paused {
		return WaitingGroupPaused, fmt.Sprintf("NodeGroup %s is paused: spec.update.paused", d.group.Name)
	}
	if failed := d.unforgiven(); failed > 0 && failed >= int(update.FailureBudget) {
		return WaitingFailureBudget, fmt.Sprintf("the revision failed on %s; NodeGroup %s goes on with the next revision, or when the annotation %s is set on it",
			few(d.failedNames()), d.group.Name, v1alpha1.ResumeAnnotation)
	}
	return "", ""
}

func (d *decision) failedNames() []string {
	var names []string
	for _, f := range d.failures() {
		if !f.Forgiven {
			names = append(names, f.Name)
		}
	}
	return names
}

func (d *decision) inWindow(*member) (Waiting, string) { return d.updates.closed(d) }

func (d *decision) gatesOpen(*member) (Waiting, string) {
	for _, gate := range d.o.Gates {
		if !gate.Open {
			return WaitingGate, fmt.Sprintf("gate %s is closed: %s", gate.Name, gate.Reason)
		}
	}
	return "", ""
}
