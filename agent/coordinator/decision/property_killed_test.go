package decision_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// good are dice of a good day: everything is as fast as it can be, and nothing fails. With slow all is as late as it can be.
type (
	good struct{}
	slow struct{}
)

func (good) roll(int) int       { return 0 }
func (slow) roll(sides int) int { return sides - 1 }

// script is a rollout that is always the same: a group as it is set up, what people do to it and when, counted from its edit.
type script struct {
	name   string
	set    func(*v1alpha1.NodeGroupSpec)
	people []deed
	// once: a drain that times out uses up the leave that a person gave for it, so the clock of the next leader is not so far
	// ahead that it does.
	once bool
}

type deed struct {
	at time.Duration
	do func(*cluster)
}

func (s *script) play(d dice, decide decide, killAt int, jump time.Duration) *cluster {
	c := newCluster(d, decide)
	t := c.addTeam("a")
	c.editGroup(t, func(g *v1alpha1.NodeGroup) {
		g.Spec.Disruptions.Drain.Timeout = &metav1.Duration{Duration: time.Minute}
		if s.set != nil {
			s.set(&g.Spec)
		}
		g.SetDefaults()
	})
	for i := range 3 {
		m := c.addMachine(fmt.Sprintf("m%d", i+1), t)
		m.pods = []*pod{{}, {}}
		m.agent.skew = time.Duration(i-1) * time.Hour
	}
	c.calm = true
	c.play(time.Time{})
	c.leader.writes, c.leader.killAt, c.leader.jump = 0, killAt, jump
	c.edit(t, v1alpha1.ImpactDrain)
	for _, deed := range s.people {
		c.after(deed.at, func() { deed.do(c) })
	}
	if !c.play(time.Time{}) {
		c.violate("it does not come to rest")
	}
	return c
}

// outcome is how it is in the end, but for times.
func (c *cluster) outcome() []string {
	var all []string
	for _, m := range c.machines {
		if n := m.managed.now; n != nil && m.node.now != nil {
			waits := ""
			for _, condition := range n.Status.Conditions {
				waits = condition.Reason
			}
			all = append(all, fmt.Sprintf("%s: host %s, wanted %s, %s, proven %s, approved %t, drain %t, cordoned %t, hostler's %t, waits %s", m.name, m.agent.host, n.Spec.Revision, n.Status.Phase,
				n.Status.Rollout.ProvenRevision, n.Spec.Approval != nil, n.Spec.Drain != nil, m.node.now.Spec.Unschedulable, marked(m.node.now), waits))
			continue
		}
		all = append(all, fmt.Sprintf("%s: let go, hostler's cordon %t", m.name, marked(m.node.now)))
	}
	for _, t := range c.teams {
		if g := t.group.now; g != nil {
			all = append(all, fmt.Sprintf("group: %+v", g.Status.Nodes))
			if g.Status.Failures != nil {
				for _, f := range g.Status.Failures.Nodes {
					all = append(all, fmt.Sprintf("failed: %s, forgiven %t", f.Name, f.Forgiven))
				}
			}
		}
	}
	return all
}

// scripts are the rollouts in which the coordinator is killed after each write. People come late enough for a
// second leader to have caught up.
func scripts() []script {
	edit := func(change func(*v1alpha1.NodeGroup)) func(*cluster) {
		return func(c *cluster) { c.editGroup(c.teams[0], change) }
	}
	canary := func(s *v1alpha1.NodeGroupSpec) {
		one, two := intstr.FromInt32(1), intstr.FromInt32(2)
		s.Update.MaxUnavailable = &two
		s.Update.Waves = []v1alpha1.Wave{{Name: "canary", Size: &one, Soak: &metav1.Duration{Duration: 5 * time.Minute}}}
	}
	breaks := func(outcome v1alpha1.Phase) deed {
		return deed{0, func(c *cluster) { c.teams[0].wanted.breaks = map[string]v1alpha1.Phase{"m1": outcome} }}
	}
	return []script{
		{name: "node by node"},
		{name: "a canary, then two at a time", set: canary},
		{name: "without drain before approval", set: func(s *v1alpha1.NodeGroupSpec) {
			first := false
			s.Disruptions.Automatic.DrainBeforeApproval = &first
		}},
		{name: "the canary goes back, and the group pauses", set: canary, people: []deed{breaks(v1alpha1.PhaseRolledBack)}},
		{name: "the canary stays half way", set: canary, people: []deed{breaks(v1alpha1.PhaseFailed)}},
		{name: "a bad revision, a resume, and a better one", set: canary, people: []deed{
			breaks(v1alpha1.PhaseFailed),
			{20 * time.Minute, func(c *cluster) { c.resume(c.teams[0]) }},
			{40 * time.Minute, func(c *cluster) { c.edit(c.teams[0], v1alpha1.ImpactReboot) }},
		}},
		{name: "each disruption is approved by hand", once: true, set: func(s *v1alpha1.NodeGroupSpec) { s.Disruptions.ApprovalMode = v1alpha1.ApprovalManual }, people: []deed{
			{10 * time.Minute, func(c *cluster) {
				c.annotate(c.machine("m1"), v1alpha1.DisruptionApprovedAnnotation, c.machine("m1").managed.now.Status.Plan.Hash)
			}},
			{20 * time.Minute, func(c *cluster) { c.annotate(c.machine("m2"), v1alpha1.DisruptionApprovedAnnotation, "old>plan") }},
		}},
		{name: "edited back in the middle", people: []deed{{40 * time.Second, func(c *cluster) { c.choose(c.teams[0], c.teams[0].revisions[0]) }}}},
		{name: "the group is deleted in the middle", people: []deed{{time.Minute, func(c *cluster) { c.deleteOrRestore(c.teams[0]) }}}},
		{name: "paused and resumed", people: []deed{
			{20 * time.Second, edit(func(g *v1alpha1.NodeGroup) { g.Spec.Update.Paused = true })},
			{20 * time.Minute, edit(func(g *v1alpha1.NodeGroup) { g.Spec.Update.Paused = false })},
		}},
		{name: "a person drains, and uncordons", people: []deed{
			{20 * time.Minute, func(c *cluster) { c.annotate(c.machine("m2"), v1alpha1.DrainAnnotation, "") }},
			{40 * time.Minute, func(c *cluster) { c.cordon(c.machine("m2"), false) }},
		}},
		{name: "a node that somebody has cordoned", once: true, people: []deed{
			{0, func(c *cluster) { c.cordon(c.machine("m3"), true) }},
			{20 * time.Minute, func(c *cluster) { c.annotate(c.machine("m3"), v1alpha1.ApprovedAnnotation, "") }},
		}},
		{name: "a pod that does not leave for a while", people: []deed{
			{0, func(c *cluster) { c.machine("m1").pods[0].stuck = true }},
			{10 * time.Minute, func(c *cluster) { c.machine("m1").pods[0].stuck = false }},
		}},
		{name: "a node leaves the API while it is being drained", people: []deed{{14 * time.Second, func(c *cluster) { c.deleteNode(c.machine("m1")) }}}},
		{name: "a node leaves the group while it is being changed", people: []deed{{22 * time.Second, func(c *cluster) {
			c.editNode(c.machine("m1"), func(n *corev1.Node) { delete(n.Labels, membershipLabel) })
		}}}},
	}
}

// A coordinator may be killed after any single write: the next one, which knows nothing but what is in the API, comes to the same
// end. Its clock may be another, and so may the clocks of nodes.
func TestTheEndIsTheSameWhereverTheCoordinatorIsKilled(t *testing.T) {
	t.Parallel()
	for _, s := range scripts() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			whole := s.play(good{}, decision.Decide, 0, 0)
			if whole.broken != "" {
				t.Fatal(whole.story())
			}
			want, writes := whole.outcome(), whole.leader.writes
			if writes < 30 {
				t.Fatalf("got %d writes, want a rollout:\n%s", writes, whole.story())
			}
			ahead := time.Hour
			if s.once {
				ahead = 30 * time.Second
			}
			for _, jump := range []time.Duration{0, ahead, -time.Hour} {
				every := 1
				if jump != 0 {
					every = 3
				}
				for kill := 1; kill <= writes; kill += every {
					c := s.play(good{}, decision.Decide, kill, jump)
					if c.broken != "" {
						t.Fatalf("killed after write %d of %d, the next leader's clock is %s ahead: %s", kill, writes, jump, c.story())
					}
					if c.leader.killed != 1 {
						t.Fatalf("got %d coordinators killed, want 1", c.leader.killed)
					}
					if diff := cmp.Diff(want, c.outcome()); diff != "" {
						t.Fatalf("killed after write %d of %d, the next leader's clock is %s ahead; the end (-want +got):\n%s\n%s",
							kill, writes, jump, diff, strings.TrimSpace(c.story()))
					}
				}
			}
		})
	}
}
