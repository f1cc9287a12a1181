package decision_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// scenario says what may happen in a rollout.
type scenario struct {
	name string
	// share is how many of the rollouts are of this scenario, in thousands.
	share int
	// teams and machines are how many there are at most.
	teams, machines int
	// people and luck are how many times at most people and misfortune strike.
	people, luck int
	// plain leaves the group's settings at their defaults, but for a short timeout.
	plain bool
}

// troubled is how long people and misfortune strike.
const troubled = 12 * time.Minute

// rollout plays a whole rollout, and returns the cluster as it is at the end.
func (s *scenario) rollout(d dice, decide func(decision.Observation) []decision.Action) *cluster {
	c := newCluster(d, decide)
	s.build(c)
	c.calm = true
	if !c.play(time.Time{}) {
		c.violate("it does not come to rest before anything has happened")
	}
	c.calm = false
	for _, t := range c.teams {
		c.newRevision(t)
	}
	for range d.roll(s.people + 1) {
		c.after(c.within(troubled), c.person)
	}
	for range d.roll(s.luck + 1) {
		c.after(c.within(troubled), c.misfortune)
	}
	c.play(c.now.Add(troubled))
	c.calmDown()
	c.settleDown()
	c.finish()
	return c
}

func (s *scenario) build(c *cluster) {
	d := c.dice
	for i := range 1 + d.roll(s.teams) {
		t := c.addTeam(string(rune('a' + i)))
		c.editGroup(t, func(g *v1alpha1.NodeGroup) { s.settings(c, g) })
	}
	if !s.plain && d.roll(3) == 1 {
		limit := choose(d, intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("50%"))
		c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.MaxUnavailable = &limit })
	}
	for i := range 1 + d.roll(s.machines) {
		m := c.addMachine("m"+itoa(i+1), c.teams[i%len(c.teams)])
		if i == 0 {
			c.editNode(m, func(n *corev1.Node) { n.Labels[canaryLabel] = "yes" })
		}
		for range d.roll(3) {
			m.pods = append(m.pods, &pod{})
		}
	}
}

func (s *scenario) settings(c *cluster, g *v1alpha1.NodeGroup) {
	g.Spec.Disruptions.Drain.Timeout = &metav1.Duration{Duration: time.Minute}
	if s.plain {
		return
	}
	d, update := c.dice, &g.Spec.Update
	limit := choose(d, intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("50%"))
	update.MaxUnavailable = &limit
	update.Waves = c.someWaves()
	update.FailureBudget = int32(1 + d.roll(2))
	update.Order = choose(d, v1alpha1.OrderZone, v1alpha1.OrderName, v1alpha1.OrderOldestFirst)
	g.Spec.Disruptions.Drain.OnTimeout = choose(d, v1alpha1.DrainAbort, v1alpha1.DrainForce, v1alpha1.DrainWait)
	if d.roll(8) == 1 {
		g.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual
	}
	if d.roll(6) == 1 {
		first := false
		g.Spec.Disruptions.Automatic.DrainBeforeApproval = &first
	}
	if d.roll(5) == 1 {
		update.Windows = []v1alpha1.Window{{From: "12:00", To: "12:10"}, {From: "13:00", To: "14:00"}}
	}
	if d.roll(8) == 1 {
		update.Exclusions = []v1alpha1.Exclusion{{From: metav1.NewTime(simulationStart), To: metav1.NewTime(simulationStart.Add(10 * time.Minute)), Reason: "fair"}}
	}
	if d.roll(5) == 1 {
		g.Spec.Disruptions.Automatic.Windows = []v1alpha1.Window{{From: "12:05", To: "12:08"}, {From: "13:30", To: "14:30"}}
	}
	g.SetDefaults()
}
