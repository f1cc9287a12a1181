package decision_test

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// leader is the coordinator that leads, or will.
type leader struct {
	// due is when it looks next; zero: when something happens.
	due time.Time
	// dead until then: the lease of the one before has to run out.
	deadUntil time.Time
	// ahead is how far its clock is.
	ahead time.Duration
	// jump is how much further ahead the next leader's is.
	jump time.Duration
	// killAt is the number of the write after which it is killed; 0: never. writes counts them.
	killAt, writes int
	killed         int
	rounds         int
	// idle counts the rounds since anything was written; see quiet.
	idle int
}

// changed wakes the coordinator: something is not as it was.
func (c *cluster) changed() {
	if due := c.now.Add(time.Second); c.leader.due.IsZero() || due.Before(c.leader.due) {
		c.leader.due = due
	}
	c.leader.idle = 0
}

func (c *cluster) kill() {
	c.leader.killed++
	c.leader.deadUntil = c.now.Add(15 * time.Second)
	c.leader.due = c.leader.deadUntil
	c.leader.ahead += c.leader.jump
	c.note("coordinator is killed")
}

// round is one round of the coordinator: each group is observed, decided about, and what was decided is carried out.
func (c *cluster) round() {
	c.leader.due = time.Time{}
	c.leader.rounds++
	c.leader.idle++
	wrote := false
	var wake time.Time
	for _, t := range c.teams {
		o := c.observe(t)
		if o.Group == nil && len(o.Nodes) == 0 {
			continue
		}
		actions := c.rules.decided(o)
		r := &execution{c: c, t: t, o: &o, known: map[*machine]*view{}, failed: map[string]bool{}}
		if !r.carryOut(actions) {
			return // killed
		}
		wrote = wrote || r.wrote || r.again
		if !r.wake.IsZero() && (wake.IsZero() || r.wake.Before(wake)) {
			wake = r.wake
		}
	}
	switch {
	case wrote:
		c.changed()
	case !wake.IsZero() && c.leader.due.IsZero():
		due := wake.Add(-c.leader.ahead)
		if c.leader.idle > 3 { // nothing happens; a coordinator that wakes late must do as well
			due = laterOf(due, c.now.Add(5*time.Second<<min(c.leader.idle, 18)))
		}
		c.leader.due = laterOf(due, c.now.Add(time.Millisecond))
	}
}

func laterOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// observe is what the coordinator sees of a group, a little late at times.
func (c *cluster) observe(t *team) decision.Observation {
	late := !c.calm && c.dice.roll(6) == 1
	o := decision.Observation{Now: c.now.Add(c.leader.ahead), APIServer: c.apiVersion(), Policy: c.policy}
	if o.Group = t.group.seen(c.now, late); o.Group != nil {
		o.Invalid, o.Revision, o.KubernetesVersion = t.invalid, t.wanted.name, t.wanted.kubernetes()
		o.Gates = []decision.Gate{{Name: "errors", Open: t.gate == "", Reason: t.gate}}
	}
	var elsewhere []decision.Node
	for _, m := range c.machines {
		n := decision.Node{Node: m.node.seen(c.now, late), Managed: m.managed.seen(c.now, late)}
		if n.Node == nil && n.Managed == nil {
			continue
		}
		if !c.belongs(t, &n) {
			if n.Managed != nil {
				elsewhere = append(elsewhere, n)
			}
			continue
		}
		n.GateClosed = m.gate
		if n.Managed != nil && n.Managed.Spec.Drain != nil {
			n.Drain = m.drained()
		}
		o.Nodes = append(o.Nodes, n)
	}
	o.Elsewhere, c.rules.elsewhere = decision.CountNodes(elsewhere), elsewhere
	return o
}

func (c *cluster) apiVersion() string { return "1." + itoa(c.api) + ".3" }

// drained is how far the pods of a machine have gone.
func (m *machine) drained() *decision.Drain {
	d := &decision.Drain{Left: len(m.pods)}
	for _, p := range m.pods {
		if p.stuck {
			d.Blocking = append(d.Blocking, v1alpha1.BlockingPod{Namespace: "default", Name: "stuck", Reason: "PodDisruptionBudget never"})
		}
	}
	return d
}

// belongs says whether a node is the team's, or what is left of it is, as the coordinator's membership does.
func (c *cluster) belongs(t *team, n *decision.Node) bool {
	var chosen []string
	if n.Node != nil {
		for _, other := range c.teams {
			if other.group.now != nil && (n.Node.Labels[membershipLabel] == other.name || n.Node.Labels[bothLabel] != "") {
				chosen = append(chosen, other.name)
			}
		}
	}
	if i := slices.Index(chosen, t.name); i >= 0 {
		n.OtherGroups = slices.Delete(chosen, i, i+1)
		return true
	}
	if n.Managed == nil || n.Managed.Spec.NodeGroup != t.name {
		return false
	}
	if n.Node == nil {
		return true
	}
	n.Left = len(chosen) != 1
	return n.Left
}

// dropManaged deletes a ManagedNode.
func (c *cluster) dropManaged(m *machine) {
	m.managed.own(nil)
	if m.agent.run != nil {
		m.agent.run.orphan = true
	}
	m.agent.hear()
	c.changed()
}

// setKubelet is what a new kubelet reports of itself.
func (c *cluster) setKubelet(m *machine, r *revision) {
	c.rules.kubelet(m, r)
	c.editNode(m, func(n *corev1.Node) { n.Status.NodeInfo.KubeletVersion = "v" + r.kubernetes() })
}
