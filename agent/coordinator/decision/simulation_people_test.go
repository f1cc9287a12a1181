package decision_test

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

func itoa(n int) string { return strconv.Itoa(n) }

// impacts are those of revisions, the commonest first.
var impacts = []v1alpha1.Impact{v1alpha1.ImpactDrain, v1alpha1.ImpactRestart, v1alpha1.ImpactReboot, v1alpha1.ImpactNone}

func choose[T any](d dice, from ...T) T { return from[d.roll(len(from))] }

// anyMachine is a machine, and one that exists.
func (c *cluster) anyMachine() *machine { return c.machines[c.dice.roll(len(c.machines))] }

func (c *cluster) anyTeam() *team { return c.teams[c.dice.roll(len(c.teams))] }

// editPolicy is a person's edit of the UpdatePolicy.
func (c *cluster) editPolicy(edit func(*v1alpha1.UpdatePolicySpec)) {
	p := &v1alpha1.UpdatePolicy{}
	if c.policy != nil {
		p = c.policy.DeepCopy()
	}
	edit(&p.Spec)
	p.SetDefaults()
	c.policy = p
	c.note("policy: %+v", p.Spec)
	c.changed()
}

// annotate is a request of a person's, on the ManagedNode or on the Node.
func (c *cluster) annotate(m *machine, annotation, value string) {
	c.note("%s: a person sets %s=%q", m.name, annotation, value)
	if m.managed.now != nil && c.dice.roll(3) != 1 {
		c.editManaged(m, func(n *v1alpha1.ManagedNode) { n.Annotations[annotation] = value })
		return
	}
	c.editNode(m, func(n *corev1.Node) { n.Annotations[annotation] = value })
}

func (c *cluster) unannotate(m *machine, annotation string) {
	c.editManaged(m, func(n *v1alpha1.ManagedNode) { delete(n.Annotations, annotation) })
	c.editNode(m, func(n *corev1.Node) { delete(n.Annotations, annotation) })
}

// cordon is kubectl cordon, or uncordon: it leaves annotations alone.
func (c *cluster) cordon(m *machine, on bool) {
	if m.node.now == nil || m.node.now.Spec.Unschedulable == on {
		return
	}
	c.note("%s: a person cordons: %t", m.name, on)
	c.editNode(m, func(n *corev1.Node) { n.Spec.Unschedulable = on })
}

// newRevision is an edit of a group, which may turn out bad.
func (c *cluster) newRevision(t *team) {
	minor := t.wanted.minor
	if minor < 37 && c.dice.roll(3) == 1 {
		minor++
	}
	r := &revision{name: t.name + itoa(len(t.revisions)+1), impact: choose(c.dice, impacts...), minor: minor}
	switch c.dice.roll(8) {
	case 1:
		r.breaks = map[string]v1alpha1.Phase{c.anyMachine().name: choose(c.dice, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed)}
	case 2:
		r.puzzles = map[string]bool{c.anyMachine().name: true}
	}
	t.revisions = append(t.revisions, r)
	c.choose(t, r)
}

// person does something to the cluster, at random.
func (c *cluster) person() {
	t := c.anyTeam()
	acts := []func(){
		func() { c.newRevision(t) },
		func() { c.choose(t, t.revisions[c.dice.roll(len(t.revisions))]) },
		func() {
			limit := choose(c.dice, intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("50%"), intstr.FromInt32(4))
			c.note("group %s: maxUnavailable %s", t.name, limit.String())
			c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Update.MaxUnavailable = &limit })
		},
		func() { c.editWaves(t) },
		func() { c.editTimes(t) },
		func() {
			on := t.group.now != nil && !t.group.now.Spec.Update.Paused
			c.note("group %s: paused %t", t.name, on)
			c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Update.Paused = on })
		},
		func() { c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.Paused = !p.Paused }) },
		func() { m := c.anyMachine(); c.cordon(m, m.node.now != nil && !m.node.now.Spec.Unschedulable) },
		func() { c.cordon(c.anyMachine(), false) },
		func() { c.deleteNode(c.anyMachine()) },
		func() { c.joinOrMove(t) },
		func() { c.annotate(c.anyMachine(), v1alpha1.ApprovedAnnotation, "") },
		func() { c.giveLeave(c.anyMachine()) },
		func() { c.annotate(c.anyMachine(), v1alpha1.DrainAnnotation, "") },
		func() { c.annotate(c.anyMachine(), v1alpha1.PausedAnnotation, "disk") },
		func() { c.unannotate(c.anyMachine(), v1alpha1.PausedAnnotation) },
		func() { c.resume(t) },
		func() { c.editDisruptions(t) },
		func() { c.deleteOrRestore(t) },
		func() {
			t.invalid = choose(c.dice, "", "files[0]: no path")
			c.note("group %s: invalid %q", t.name, t.invalid)
			c.editGroup(t, func(*v1alpha1.NodeGroup) {})
		},
		func() {
			limit := choose(c.dice, intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("34%"))
			c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.MaxUnavailable = &limit })
		},
	}
	acts[c.dice.roll(len(acts))]()
}

func (c *cluster) editWaves(t *team) {
	waves := c.someWaves()
	c.note("group %s: %d waves", t.name, len(waves))
	c.rules.edited(t)
	c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Update.Waves = waves; g.SetDefaults() })
}

// canaryLabel chooses the machines of a wave.
const canaryLabel = "canary"

func (c *cluster) someWaves() []v1alpha1.Wave {
	one, all := intstr.FromInt32(1), intstr.FromString("100%")
	canary := v1alpha1.Wave{Name: "canary", Size: &all, Soak: &metav1.Duration{Duration: 5 * time.Minute}, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{canaryLabel: "yes"}}}
	first := v1alpha1.Wave{Name: "first", Size: &one, Soak: &metav1.Duration{Duration: 3 * time.Minute}}
	return choose(c.dice, nil, []v1alpha1.Wave{first}, []v1alpha1.Wave{canary}, []v1alpha1.Wave{canary, first})
}

func (c *cluster) editTimes(t *team) {
	windows := choose(c.dice, nil, []v1alpha1.Window{{From: "12:00", To: "12:20"}}, []v1alpha1.Window{{From: "23:00", To: "12:10"}})
	var exclusions []v1alpha1.Exclusion
	if c.dice.roll(3) == 1 {
		exclusions = []v1alpha1.Exclusion{{From: metav1.NewTime(c.now.Add(-time.Hour)), To: metav1.NewTime(c.now.Add(time.Hour)), Reason: "fair"}}
	}
	where := c.dice.roll(3)
	c.note("windows %v, exclusions %v, in place %d of group %s", windows, exclusions, where, t.name)
	switch where {
	case 0:
		c.editGroup(t, func(g *v1alpha1.NodeGroup) {
			g.Spec.Update.Windows, g.Spec.Update.Exclusions = windows, exclusions
			g.SetDefaults()
		})
	case 1:
		c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Disruptions.Automatic.Windows = windows; g.SetDefaults() })
	case 2:
		c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.Windows, p.Exclusions = windows, exclusions })
	}
}

func (c *cluster) editDisruptions(t *team) {
	mode := choose(c.dice, v1alpha1.ApprovalAutomatic, v1alpha1.ApprovalManual)
	first := c.dice.roll(4) != 1
	onTimeout := choose(c.dice, v1alpha1.DrainAbort, v1alpha1.DrainForce, v1alpha1.DrainWait)
	order := choose(c.dice, v1alpha1.OrderZone, v1alpha1.OrderName, v1alpha1.OrderOldestFirst)
	c.note("group %s: approvalMode %s, drainBeforeApproval %t, onTimeout %s, order %s", t.name, mode, first, onTimeout, order)
	c.editGroup(t, func(g *v1alpha1.NodeGroup) {
		g.Spec.Disruptions.ApprovalMode, g.Spec.Disruptions.Automatic.DrainBeforeApproval = mode, &first
		g.Spec.Disruptions.Drain.OnTimeout = onTimeout
		g.Spec.Update.Order = order
	})
}

// giveLeave names the plan, an old one, or none.
func (c *cluster) giveLeave(m *machine) {
	hash := ""
	if n := m.managed.now; n != nil && n.Status.Plan != nil {
		hash = choose(c.dice, n.Status.Plan.Hash, "old>plan", "")
	}
	c.annotate(m, v1alpha1.DisruptionApprovedAnnotation, hash)
}

func (c *cluster) resume(t *team) {
	c.note("group %s: a person resumes", t.name)
	c.rules.resumes++
	c.rules.edited(t)
	c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Annotations[v1alpha1.ResumeAnnotation] = "" })
}

func (c *cluster) deleteNode(m *machine) {
	if m.node.now == nil {
		return
	}
	c.note("%s: the Node is deleted", m.name)
	m.node.foreign(c.now, nil)
	m.pods = nil
	if m.agent.run != nil {
		m.agent.run.orphan = true
	}
	c.forgetWaves()
	c.changed()
}

func (c *cluster) forgetWaves() {
	for _, t := range c.teams {
		c.rules.edited(t)
	}
}

// joinOrMove brings a node back, makes a new one, or moves one to another group or to none.
func (c *cluster) joinOrMove(t *team) {
	m := c.anyMachine()
	c.forgetWaves()
	switch {
	case m.node.now == nil:
		c.note("%s: joins again", m.name)
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: m.name, Labels: map[string]string{membershipLabel: t.name}, ResourceVersion: c.bump()}}
		n.Status.NodeInfo.KubeletVersion = "v" + t.revisions[0].kubernetes()
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		m.node.foreign(c.now, n)
		c.changed()
	case len(c.machines) < 6 && c.dice.roll(2) == 1:
		c.note("m%d: joins group %s", len(c.machines)+1, t.name)
		c.addMachine("m"+itoa(len(c.machines)+1), t)
	default:
		to := choose(c.dice, t.name, "", "both")
		c.note("%s: moves to group %q", m.name, to)
		c.editNode(m, func(n *corev1.Node) {
			delete(n.Labels, bothLabel)
			if n.Labels[membershipLabel] = to; to == "both" {
				n.Labels[membershipLabel], n.Labels[bothLabel] = t.name, "yes"
			}
		})
	}
}

// deleteOrRestore deletes a group, or makes it again under the same name.
func (c *cluster) deleteOrRestore(t *team) {
	c.rules.edited(t)
	t.chapter++
	if t.group.now != nil {
		c.note("group %s: deleted", t.name)
		t.group.foreign(c.now, nil)
		c.changed()
		return
	}
	c.note("group %s: made again", t.name)
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: t.name, Generation: 1, ResourceVersion: c.bump()}}
	g.SetDefaults()
	g.Spec.Disruptions.Drain.Timeout = &metav1.Duration{Duration: time.Minute}
	t.group.foreign(c.now, g)
	c.changed()
}

// misfortune happens to machines and to the coordinator.
func (c *cluster) misfortune() {
	m := c.anyMachine()
	a := &m.agent
	acts := []func(){
		func() { c.kill() },
		func() { a.die(); c.after(c.within(3*time.Minute), a.revive) },
		func() {
			a.clumsy, a.outcome = 1+c.dice.roll(2), choose(c.dice, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed)
			c.note("%s: the next %d runs will end %s", m.name, a.clumsy, a.outcome)
		},
		func() { c.setReady(m, false); c.after(c.within(3*time.Minute), func() { c.setReady(m, true) }) },
		func() {
			c.note("%s: cannot reach the API server", m.name)
			a.away = true
			c.after(c.within(2*time.Minute), func() { a.away = false; a.hear() })
		},
		func() {
			if a.run == nil && a.alive && a.applied != "" {
				a.host = a.applied + choose(c.dice, lightDrift, heavyDrift)
				a.repaired = false
				c.note("%s: drifts to %s", m.name, a.host)
				a.turn()
			}
		},
		func() {
			c.leader.ahead = choose(c.dice, 0, 30*time.Second, -30*time.Second, time.Hour)
			c.note("coordinator's clock is %s ahead", c.leader.ahead)
		},
		func() { m.pods = append(m.pods, &pod{stuck: true}); c.note("%s: a pod that never leaves", m.name) },
		func() { m.gate = choose(c.dice, "DaemonSet", ""); c.note("%s: gate %q", m.name, m.gate); c.changed() },
		func() {
			t := c.anyTeam()
			t.gate = choose(c.dice, "errors", "")
			c.note("group %s: gate %q", t.name, t.gate)
			c.changed()
		},
		func() { c.note("%s: the agent dies and nobody mends it", m.name); a.die() },
		func() { a.skew = choose(c.dice, time.Hour, -time.Hour) },
		func() {
			if m.managed.now != nil {
				c.note("%s: a person deletes the ManagedNode", m.name)
				c.forgetWaves()
				m.managed.foreign(c.now, nil)
				m.severed = true
				if a.run != nil {
					a.run.orphan = true
				}
				a.hear()
				c.changed()
			}
		},
		func() { c.note("%s: the agent restarts", m.name); a.die(); a.revive() },
	}
	acts[c.dice.roll(len(acts))]()
}
