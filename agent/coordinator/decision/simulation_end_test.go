package decision_test

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// step is the next thing that happens. It returns false where nothing will ever happen again.
func (c *cluster) step(until time.Time) bool {
	due := c.leader.due
	if !due.IsZero() && due.Before(c.leader.deadUntil) {
		due = c.leader.deadUntil
	}
	const asleep = 20 // see round: the times between two looks have grown to weeks
	if len(c.queue) == 0 && (due.IsZero() || c.leader.idle > asleep) {
		return false
	}
	if e, ok := c.next(due); ok {
		if !until.IsZero() && e.at.After(until) {
			c.queue = append(c.queue, e)
			return false
		}
		c.happen(e)
		return true
	}
	if !until.IsZero() && due.After(until) {
		return false
	}
	if due.After(c.now) {
		c.now = due
	}
	c.round()
	return true
}

// play lets things happen until a time, or, with a zero time, until nothing does. It tells whether there was an end to it.
func (c *cluster) play(until time.Time) bool {
	const most = 2500
	for range most {
		if c.broken != "" {
			return true
		}
		if !c.step(until) {
			if !until.IsZero() && until.After(c.now) {
				c.now = until
			}
			return true
		}
	}
	return false
}

// calmDown ends bad luck: what mends itself is mended.
func (c *cluster) calmDown() {
	c.calm = true
	c.note("bad luck ends")
	c.leader.killAt = 0
	for _, m := range c.machines {
		if m.agent.away {
			m.agent.away = false
			m.agent.hear()
		}
	}
	c.changed()
}

// stuck tells whether any pod never leaves; drains for it go on for ever, by design.
func (c *cluster) stuck() bool {
	for _, m := range c.machines {
		for _, p := range m.pods {
			if p.stuck {
				return true
			}
		}
	}
	return false
}

// settleDown plays until nothing moves any more. Every node has what is wanted, or a reason to wait that is true.
func (c *cluster) settleDown() {
	if c.stuck() {
		c.play(c.now.Add(30 * time.Minute))
		return
	}
	if !c.play(time.Time{}) {
		c.violate("it does not come to rest")
	}
	if c.broken != "" {
		return
	}
	for _, m := range c.machines {
		if reason := c.untrue(m); reason != "" {
			c.violate("%s: %s", m.name, reason)
		}
	}
}

// owners are the teams that choose a machine.
func (c *cluster) owners(m *machine) []*team {
	var owners []*team
	for _, t := range c.teams {
		if n := m.node.now; n != nil && t.group.now != nil && (n.Labels[membershipLabel] == t.name || n.Labels[bothLabel] != "") {
			owners = append(owners, t)
		}
	}
	return owners
}

// finished says what a machine lacks of the end of its rollout; empty: nothing.
func (c *cluster) finished(m *machine) string {
	owners, n := c.owners(m), m.managed.now
	switch {
	case m.node.now == nil && n != nil:
		return "the Node is gone and its ManagedNode is not"
	case m.node.now == nil:
		return ""
	case len(owners) == 0 && n != nil:
		return "no group chooses the node, and hostler does not let go of it"
	case len(owners) == 0 && marked(m.node.now) && !m.severed:
		return "no group chooses the node, and hostler's cordon is left"
	case len(owners) == 0:
		return ""
	case n == nil:
		return "there is no ManagedNode"
	case n.Spec.Revision != owners[0].wanted.name || n.Status.AppliedRevision != n.Spec.Revision || n.Status.Phase != v1alpha1.PhaseUpToDate:
		return "has not the wanted revision"
	case n.Spec.Approval != nil || n.Spec.Disruption != nil || n.Spec.Drain != nil:
		return "still has what it was granted"
	case n.Status.Rollout == nil || n.Status.Rollout.StartedAt != nil || n.Status.Rollout.ProvenRevision != n.Spec.Revision:
		return "is not proven"
	case m.node.now.Spec.Unschedulable || marked(m.node.now):
		return "is cordoned"
	}
	return ""
}

// untrue says what is wrong where a machine waits at the end and its reason is not true, or needs no person.
func (c *cluster) untrue(m *machine) string {
	lacks, owners, n, a := c.finished(m), c.owners(m), m.managed.now, &m.agent
	if len(owners) == 1 && a.alive && annotated(n, m.node.now, v1alpha1.DrainAnnotation) && !c.slotsTaken(m) {
		return "somebody asked for a drain, and nothing stands in its way"
	}
	if lacks == "" || m.node.now == nil {
		return lacks
	}
	if n == nil && len(owners) > 1 {
		return "" // nobody had it before, and nobody gets it
	}
	if n == nil || len(owners) == 0 {
		if n != nil && !a.alive {
			return "" // its agent may be at work, and cannot say
		}
		return lacks
	}
	condition := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionWaiting)
	if condition == nil {
		return lacks + ", and there is no reason"
	}
	if c.isTrue(decision.Waiting(condition.Reason), owners[0], m, owners) {
		return ""
	}
	return lacks + ", and the reason is not true: " + condition.Reason + ": " + condition.Message
}

// isTrue checks a reason by what really is.
func (c *cluster) isTrue(reason decision.Waiting, t *team, m *machine, owners []*team) bool {
	g, n, a, node := t.group.now, m.managed.now, &m.agent, m.node.now
	paused := annotated(n, node, v1alpha1.PausedAnnotation)
	switch reason {
	case decision.WaitingConflict:
		return len(owners) > 1
	case decision.WaitingInvalidGroup:
		return t.invalid != ""
	case decision.WaitingNodePaused:
		return paused
	case decision.WaitingAgent:
		return !a.alive
	case decision.WaitingPlan:
		return c.revision(n.Spec.Revision).puzzles[m.name]
	case decision.WaitingFailed:
		return a.failures[n.Spec.Revision] != nil
	case decision.WaitingNodeGate:
		return m.gate != "" || !nodeReady(node)
	case decision.WaitingManualApproval:
		return g.Spec.Disruptions.ApprovalMode == v1alpha1.ApprovalManual
	case decision.WaitingSkew:
		return t.wanted.minor > c.api
	case decision.WaitingForeignCordon:
		return node.Spec.Unschedulable && !marked(node)
	case decision.WaitingPolicyPaused:
		return c.policy != nil && c.policy.Spec.Paused
	case decision.WaitingGroupPaused:
		return g.Spec.Update.Paused
	case decision.WaitingFailureBudget:
		return g.Status.Failures != nil && len(g.Status.Failures.Nodes) >= int(g.Spec.Update.FailureBudget)
	case decision.WaitingGate:
		return t.gate != ""
	case decision.WaitingWave:
		return c.blockedBefore(t, m)
	case decision.WaitingSlot, decision.WaitingClusterSlot:
		return c.slotsTaken(m)
	case decision.NotWaiting:
		// A node that was drained for a person stays empty until somebody uncordons it; a foreign cordon is nobody's business; an agent
		// that is dead may have said that it applies.
		return n.Status.Phase == v1alpha1.PhaseUpToDate && n.Spec.Approval == nil && (n.Spec.Drain == nil || n.Spec.Drain.Plan == "") || !a.alive
	}
	return false
}

func annotated(n *v1alpha1.ManagedNode, node *corev1.Node, annotation string) bool {
	_, asked := request(&decision.Node{Node: node, Managed: n}, annotation)
	return asked
}

// blockedBefore tells whether another node of the group lacks something that only a person can give: it may be of an earlier wave.
func (c *cluster) blockedBefore(t *team, m *machine) bool {
	for _, other := range c.machines {
		owners := c.owners(other)
		if other == m || len(owners) != 1 || owners[0] != t {
			continue
		}
		if c.finished(other) != "" || !nodeReady(other.node.now) {
			return true
		}
	}
	return false
}

// slotsTaken tells whether other nodes are unavailable, and nothing but a person can change that.
func (c *cluster) slotsTaken(m *machine) bool {
	for _, other := range c.machines {
		if other != m && other.node.now != nil && (other.node.now.Spec.Unschedulable || !nodeReady(other.node.now) || c.rules.holds(other)) {
			return true
		}
	}
	return false
}

// cleanUp is what people do to end a rollout: whatever stands in its way is taken away.
func (c *cluster) cleanUp() {
	c.note("people clean up")
	c.policy, c.api = nil, 37
	for _, t := range c.teams {
		t.invalid, t.gate = "", ""
		for _, r := range t.revisions {
			r.breaks, r.puzzles = nil, nil
		}
		c.editGroup(t, func(g *v1alpha1.NodeGroup) {
			g.Spec.Update.Paused, g.Spec.Update.Windows, g.Spec.Update.Exclusions = false, nil, nil
			g.Spec.Disruptions.ApprovalMode, g.Spec.Disruptions.Automatic.Windows = v1alpha1.ApprovalAutomatic, nil
		})
		c.resume(t)
	}
	for _, m := range c.machines {
		c.mend(m)
	}
	c.changed()
}

func (c *cluster) mend(m *machine) {
	a := &m.agent
	for _, p := range m.pods {
		p.stuck = false
	}
	m.gate, a.clumsy = "", 0
	a.revive()
	c.setReady(m, true)
	c.unannotate(m, v1alpha1.PausedAnnotation)
	c.unannotate(m, v1alpha1.DrainAnnotation)
	c.editNode(m, func(n *corev1.Node) { delete(n.Labels, bothLabel) })
	c.cordon(m, false)
	if n := m.managed.now; n != nil && (n.Status.Phase == v1alpha1.PhaseFailed || n.Status.Phase == v1alpha1.PhaseRolledBack) {
		c.annotate(m, v1alpha1.ApprovedAnnotation, "")
	}
	a.turn() // a plan that failed is tried again
}

// finish lets people end the rollout, which must end then.
func (c *cluster) finish() {
	const looks = 3 // a failure may have been reported since a person looked
	for range looks {
		if c.broken != "" || !slices.ContainsFunc(c.machines, func(m *machine) bool { return c.finished(m) != "" || len(c.owners(m)) > 1 }) {
			break
		}
		c.cleanUp()
		if !c.play(time.Time{}) {
			c.violate("it does not come to rest after people have cleaned up")
		}
	}
	for _, m := range c.machines {
		if lacks := c.finished(m); lacks != "" && c.broken == "" {
			c.violate("%s at the end: %s", m.name, lacks)
		}
	}
	for _, t := range c.teams {
		if g := t.group.now; g != nil && c.broken == "" && !meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionUpToDate) {
			c.violate("group %s does not say that it is up to date: %+v", t.name, g.Status)
		}
	}
}
