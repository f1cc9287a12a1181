package decision_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// Histories that once broke a rule, as short as they could be made. The times are those of the moment that matters.
func TestHistoriesThatOnceBrokeARule(t *testing.T) {
	t.Parallel()
	one := intstr.FromInt32(1)
	for _, s := range []script{
		{name: "an empty node is not disrupted before its cordon is seen", people: []deed{
			{0, func(c *cluster) { c.machines[0].pods = nil }},
			{12 * time.Second, func(c *cluster) { c.leader.killAt = c.leader.writes + 1 }}, // the order to drain, and not the cordon
		}},
		{name: "a node that is paused and drained waits for a person, not for its agent", people: []deed{
			{0, func(c *cluster) { c.annotate(c.machines[0], v1alpha1.PausedAnnotation, "disk") }},
			{10 * time.Second, func(c *cluster) { c.annotate(c.machines[0], v1alpha1.DrainAnnotation, "") }},
		}},
		{name: "a node that leaves its group holds its slot of the policy until that is seen to be free", people: []deed{
			{0, func(c *cluster) { c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.MaxUnavailable = &one }) }},
			{15 * time.Second, func(c *cluster) {
				c.editNode(c.machines[0], func(n *corev1.Node) { delete(n.Labels, membershipLabel) })
			}},
		}},
		{name: "a host that drifts again before it is seen to be well is approved again", people: []deed{
			{2 * time.Minute, driftsAgain},
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := s.play(good{}, decision.Decide, 0, 0)
			c.settleDown()
			if c.broken != "" {
				t.Error(c.story())
			}
		})
	}
}

// driftsAgain makes a host drift, and once more at the moment at which it has been put right.
func driftsAgain(c *cluster) {
	a := &c.machines[0].agent
	a.host += heavyDrift
	a.turn()
	var watch func()
	watch = func() {
		if a.spent.After(c.now.Add(-5*time.Minute)) && a.host == a.applied && a.heard.Spec.Approval != nil && a.heard.Spec.Approval.At.Equal(&a.spent) {
			a.host += heavyDrift
			a.turn()
			return
		}
		c.after(time.Second, watch)
	}
	c.after(30*time.Second, watch)
}
