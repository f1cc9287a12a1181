package decision

import (
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// again is how often eviction is asked for anew while pods are left; kubectl drain asks as often.
const again = 5 * time.Second

// cordonOnly stands for the plan of a drain that is over and only keeps the cordon of a node that cannot be trusted. It is the
// hash of no plan, so nobody waits for pods any more, and the next update asks for leave and drains anew.
const cordonOnly = "cordon"

// order decides to empty the node.
func (d *decision) order(m *member, plan, by string) {
	m.spec.Drain = &v1alpha1.DrainOrder{Plan: plan, By: by, At: d.now}
	m.rollout.Drain = &v1alpha1.DrainStatus{State: v1alpha1.Draining, Since: d.now, Message: m.Ahead}
	d.tally = nil
	message := "cordoned, pods are asked to leave for plan " + plan
	if plan == "" {
		message = "cordoned, pods are asked to leave (" + by + ")"
	}
	d.tell(m, "DrainStarted", joinMessages(message, m.Ahead))
}

// drainOnRequest drains nodes that a person wants to be empty, as slots allow. Such a node is kept empty until somebody uncordons it
// (kubectl uncordon): that ends the order.
func (d *decision) drainOnRequest() {
	for _, m := range d.members {
		_, by, asked := m.request(v1alpha1.DrainAnnotation)
		if !asked || !m.usable() || draining(&m.spec) {
			continue
		}
		if reason, because := d.slot(m); reason != "" {
			m.hold(reason, "the drain that was asked for waits: "+because)
			continue
		}
		m.take(v1alpha1.DrainAnnotation)
		d.order(m, "", by)
	}
}

// endDrain ends drains that are no longer wanted.
//
//	of a plan     with the approval or its end; when a pause, or the failure of others, comes before the leave to
//	              disrupt; the cordon of a node that failed stays until it can be trusted with pods again
//	of a person   when somebody uncordons the node
//	given up      when it may be tried again: another plan is shown, the pods have gone, or as long again is over
func (d *decision) endDrain(m *member) {
	switch drain := m.spec.Drain; {
	case drain == nil:
	case drain.GivenUp != nil:
		if d.mayRetry(m) {
			d.dropDrain(m)
		}
	case !m.changing() && (m.released || m.uncordonedByHand()):
		m.spec.Drain = nil
	case drain.Plan != "" && (!m.changing() || m.stopped(d)):
		d.dropDrain(m)
	}
	if m.spec.Drain == nil {
		m.rollout.Drain = nil
	}
}

// dropDrain ends a drain, except for the cordon of a node that cannot be trusted.
func (d *decision) dropDrain(m *member) {
	switch drain := m.spec.Drain; {
	case !m.keepsCordon() || m.released:
		m.spec.Drain = nil
	case drain.Plan != cordonOnly:
		m.spec.Drain = &v1alpha1.DrainOrder{Plan: cordonOnly, By: Coordinator, At: d.now}
	}
}

// stopped is whether a pause came before the leave to disrupt was given.
func (m *member) stopped(d *decision) bool {
	if m.spec.Approval == nil || m.spec.Disruption != nil || m.was.Disruption != nil || m.phase() == v1alpha1.PhaseApplying {
		return false
	}
	reason, _ := d.policyPaused(m)
	if reason == "" && !byPerson(m.spec.Approval.By) {
		reason, _ = d.groupPaused(m)
	}
	return reason != ""
}

// uncordonedByHand is whether somebody made the node schedulable although hostler had cordoned it. hostler's mark
// stays behind then; where the cordon was somebody else's there is none, but the drain has been noted since.
func (m *member) uncordonedByHand() bool {
	noted := m.status.Rollout != nil && m.status.Rollout.Drain != nil
	return m.Node.Node != nil && !m.cordoned() && (m.marked() || noted)
}

// mayRetry is whether a drain that was given up may be forgotten.
func (d *decision) mayRetry(m *member) bool {
	drain := m.spec.Drain
	if drain.GivenUp.After(d.now.Time) {
		drain.GivenUp = d.now.DeepCopy() // the clock was ahead
	}
	until := drain.GivenUp.Add(d.timeout())
	otherPlan := drain.Plan != "" && m.hasPlan() && m.status.Plan.Hash != drain.Plan
	gone := m.Drain != nil && m.Drain.Left == 0
	d.wakeAt(until)
	return m.released || otherPlan || gone || !d.o.Now.Before(until)
}

// drainForgotten keeps a node from starting while its last drain was given up a short time ago.
func (d *decision) drainForgotten(m *member) (Waiting, string) {
	drain := m.spec.Drain
	if drain == nil || drain.GivenUp == nil {
		return "", ""
	}
	reason, what := WaitingDrainTimedOut, "pods did not leave in time"
	if s := m.rollout.Drain; s != nil && s.State == v1alpha1.DrainFailed {
		reason, what = WaitingDrainFailed, "pods cannot be evicted"
	}
	return reason, fmt.Sprintf("%s%s; tried again at %s, when they have gone, or when the annotation %s is set",
		what, m.blocking(), clock(drain.GivenUp.Add(d.timeout())), v1alpha1.ApprovedAnnotation)
}

func (d *decision) timeout() time.Duration { return duration(d.group.Spec.Disruptions.Drain.Timeout) }

// progress follows a drain that is under way, and asks for the pods that are left.
func (d *decision) progress(m *member) {
	if m.spec.Drain != nil && m.spec.Drain.GivenUp != nil {
		d.noteGivenUp(m) // again, where the note was lost
		return
	}
	if !m.emptying() || m.was.Drain == nil {
		return
	}
	drain, seen := m.spec.Drain, m.Drain
	if drain.At.After(d.now.Time) {
		drain.At = d.now // the clock was ahead
	}
	if seen == nil {
		return
	}
	status := &v1alpha1.DrainStatus{Left: int32(seen.Left), Blocking: first(seen.Blocking)}
	switch {
	case seen.Left == 0:
		status.State = v1alpha1.Drained
	case seen.Failed != "":
		status.State, status.Message = v1alpha1.DrainFailed, seen.Failed
	default:
		status.State = v1alpha1.Draining
	}
	d.note(m, status)
	if seen.Left > 0 {
		d.wait(m)
	}
}

// emptying is whether pods are wanted gone: for a person, or for the leave to disrupt by the approved plan. What is left of
// an earlier update keeps the cordon, and nobody is waiting for the pods.
func (m *member) emptying() bool {
	if !draining(&m.spec) || m.spec.Disruption != nil {
		return false
	}
	plan := m.spec.Drain.Plan
	return plan == "" || m.spec.Approval != nil && plan == m.spec.Approval.Plan
}

// wait evicts on, or does what the group wants when pods did not leave in time.
func (d *decision) wait(m *member) {
	spec, status := &d.group.Spec.Disruptions.Drain, m.rollout.Drain
	deadline := m.spec.Drain.At.Add(d.timeout())
	evict := &Evict{Node: m.name, SkipTerminating: duration(spec.SkipWaitForDeleteTimeout)}
	if d.o.Now.Before(deadline) {
		d.wakeAt(deadline)
	} else {
		switch spec.OnTimeout {
		case v1alpha1.DrainForce:
			evict.Force = true
			status.Message = fmt.Sprintf("timed out at %s; what is left is deleted, as onTimeout says", clock(deadline))
		case v1alpha1.DrainWait:
			status.Message = joinMessages(status.Message, fmt.Sprintf("timed out at %s; waits on, as onTimeout says", clock(deadline)))
		default:
			d.giveUp(m)
			return
		}
	}
	m.evict = evict
	d.wakeAt(d.o.Now.Add(again))
}

// giveUp takes the cordon and the slot back. Nothing has been changed on the host: leave to disrupt was not given.
func (d *decision) giveUp(m *member) {
	m.spec.Drain.GivenUp = d.now.DeepCopy()
	m.spec.Approval, m.rollout.StartedAt = nil, nil
	d.noteGivenUp(m)
	d.warn(m, "DrainTimedOut", fmt.Sprintf("given up: %d pods had not left in %s%s", m.rollout.Drain.Left, d.timeout(), m.blocking()))
}

// noteGivenUp keeps what was left when the drain was given up: timed out, or failed.
func (d *decision) noteGivenUp(m *member) {
	if m.rollout.Drain == nil {
		m.rollout.Drain = &v1alpha1.DrainStatus{}
	}
	status := m.rollout.Drain
	if status.State == v1alpha1.DrainTimedOut || status.State == v1alpha1.DrainFailed {
		return
	}
	status.State, status.Since = v1alpha1.DrainTimedOut, *m.spec.Drain.GivenUp
	status.Message = fmt.Sprintf("%d pods had not left at %s", status.Left, clock(m.spec.Drain.GivenUp.Time))
}

// note keeps when a state began.
func (d *decision) note(m *member, status *v1alpha1.DrainStatus) {
	old := m.rollout.Drain
	if old != nil && old.State == status.State {
		status.Since = old.Since
		m.rollout.Drain = status
		return
	}
	if status.Since = d.now; status.State == v1alpha1.Draining {
		status.Since = m.spec.Drain.At
	}
	m.rollout.Drain = status
	switch status.State {
	case v1alpha1.Drained:
		d.tell(m, "Drained", "no pod is left that had to go")
	case v1alpha1.DrainFailed:
		d.warn(m, "DrainFailed", "pods cannot be evicted: "+status.Message)
	}
}

// empty is whether nothing is left on the node that would have to go, and nothing comes either: without a cordon, lost or
// lifted, pods may land in the moment after the look.
func (m *member) empty() bool {
	return draining(&m.spec) && m.was.Drain != nil && m.cordoned() && m.rollout.Drain != nil && m.rollout.Drain.State == v1alpha1.Drained
}

// blocking names the pods that keep the node from being empty.
func (m *member) blocking() string {
	if m.rollout.Drain == nil || len(m.rollout.Drain.Blocking) == 0 {
		return ""
	}
	var names []string
	for _, pod := range m.rollout.Drain.Blocking {
		names = append(names, fmt.Sprintf("%s/%s (%s)", pod.Namespace, pod.Name, pod.Reason))
	}
	return ": " + few(names)
}

// first are as many pods as a status shows.
func first(pods []v1alpha1.BlockingPod) []v1alpha1.BlockingPod {
	const shown = 10
	return append([]v1alpha1.BlockingPod(nil), pods[:min(shown, len(pods))]...)
}

func joinMessages(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// wantsCordon is whether hostler wants no new pods on the node. A drain that was given up leaves a node that cannot be trusted
// cordoned, if it is.
func (m *member) wantsCordon() bool {
	return draining(&m.spec) || m.spec.Drain != nil && m.keepsCordon() && !m.released && m.marked() && m.cordoned()
}
