package decision_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// moment is a rollout in which a person does one thing, at one moment; and afterwards people end it.
type moment struct {
	name string
	dice dice
	at   time.Duration
	do   func(*cluster)
}

func (m *moment) play(d decide) *cluster {
	s := script{people: []deed{{m.at, m.do}}}
	c := s.play(m.dice, d, 0, 0)
	c.settleDown()
	c.finish()
	return c
}

// moments are all of them: whatever people do may meet an agent that has just begun and not said so, or a coordinator
// between two looks.
func moments() []moment {
	first := func(do func(*cluster, *machine)) func(*cluster) { return func(c *cluster) { do(c, c.machines[0]) } }
	group := func(do func(*cluster, *team)) func(*cluster) { return func(c *cluster) { do(c, c.teams[0]) } }
	annotate := func(annotation string) func(*cluster) {
		return first(func(c *cluster, m *machine) { c.annotate(m, annotation, "") })
	}
	deeds := map[string]func(*cluster){
		"another revision":     group(func(c *cluster, t *team) { c.edit(t, v1alpha1.ImpactReboot) }),
		"back":                 group(func(c *cluster, t *team) { c.choose(t, t.revisions[0]) }),
		"the group is deleted": group((*cluster).deleteOrRestore),
		"the group is paused":  group(func(c *cluster, t *team) { c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Update.Paused = true }) }),
		"the policy is paused": func(c *cluster) { c.editPolicy(func(p *v1alpha1.UpdatePolicySpec) { p.Paused = true }) },
		"manual approval": group(func(c *cluster, t *team) {
			c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual })
		}),
		"the node is paused":   annotate(v1alpha1.PausedAnnotation),
		"the node shall start": annotate(v1alpha1.ApprovedAnnotation),
		"the node shall drain": annotate(v1alpha1.DrainAnnotation),
		"leave is given":       annotate(v1alpha1.DisruptionApprovedAnnotation),
		"leave is given for another plan": group(func(c *cluster, t *team) {
			c.editGroup(t, func(g *v1alpha1.NodeGroup) { g.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual })
			c.after(2*time.Minute, func() {
				for _, m := range c.machines {
					c.annotate(m, v1alpha1.DisruptionApprovedAnnotation, "old>plan")
				}
			})
		}),
		"the node is cordoned":   first(func(c *cluster, m *machine) { c.cordon(m, true) }),
		"the node is uncordoned": first(func(c *cluster, m *machine) { c.cordon(m, false) }),
		"the node is deleted":    first((*cluster).deleteNode),
		"the node leaves": first(func(c *cluster, m *machine) {
			c.editNode(m, func(n *corev1.Node) { delete(n.Labels, membershipLabel) })
		}),
		"the node drifts": first(func(_ *cluster, m *machine) {
			if m.agent.run == nil {
				m.agent.host += heavyDrift
			}
		}),
		"the agent restarts": first(func(_ *cluster, m *machine) { m.agent.die(); m.agent.revive() }),
		"the node is lost":   first(func(c *cluster, m *machine) { m.agent.die(); c.setReady(m, false) }),
	}
	var all []moment
	for _, name := range slices.Sorted(maps.Keys(deeds)) {
		for _, d := range []dice{good{}, slow{}} {
			for at := time.Duration(0); at < 100*time.Second; at += 3 * time.Second {
				all = append(all, moment{name, d, at, deeds[name]})
			}
		}
	}
	return all
}

// Whatever a person does at whatever moment of a rollout, no rule is broken, and it can be brought to its end.
func TestPeopleMayComeAtAnyMoment(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		if c := m.play(decision.Decide); c.broken != "" {
			t.Errorf("%s after %s, %T: %s", m.name, m.at, m.dice, c.story())
			return
		}
	}
}
