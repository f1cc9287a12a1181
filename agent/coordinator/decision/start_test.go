package decision

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// worldCase is a world that a test makes, and what is to be done in it.
type worldCase struct {
	nodes int
	given func(w *world)
	moves []string
}

func runWorlds(t *testing.T, cases map[string]worldCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.nodes)
			c.given(w)
			w.want(c.moves...)
		})
	}
}

func TestMembership(t *testing.T) {
	t.Parallel()
	runWorlds(t, map[string]worldCase{
		"nothing is done where all is as it should be": {nodes: 3, given: func(*world) {}},
		"a node that joins gets a ManagedNode with the revision": {nodes: 1,
			given: func(w *world) { w.join("n2") },
			moves: []string{"n2 made", "n2 gets r1"}},
		"an edit reaches all nodes at once, and nobody starts": {nodes: 2,
			given: func(w *world) { w.Revision = "r2" },
			moves: []string{"n1 gets r2", "n2 gets r2"}},
		"the ManagedNode of a node that is gone goes too": {nodes: 2,
			given: func(w *world) { w.node("n1").Node = nil },
			moves: []string{"n1 deleted"}},
		"a node that several groups choose keeps what it has": {nodes: 1,
			given: func(w *world) { w.Revision = "r2"; w.node("n1").OtherGroups = []string{"db"} }},
		"a node that several groups choose from the start gets no ManagedNode": {nodes: 1,
			given: func(w *world) { w.join("n2").OtherGroups = []string{"db"} }},
		"a node that several groups choose is not approved": {nodes: 1,
			given: func(w *world) {
				w.edit("r2", v1alpha1.ImpactRestart)
				w.node("n1").OtherGroups = []string{"db"}
			}},
		"an approval that was not begun is taken back in a conflict": {nodes: 1,
			given: func(w *world) {
				w.edit("r2", v1alpha1.ImpactRestart)
				w.approved("n1", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart)
				w.node("n1").OtherGroups = []string{"db"}
			},
			moves: []string{"n1 approval taken back"}},
		"a node that another group had before is taken over": {nodes: 1,
			given: func(w *world) { w.managed("n1").Spec.NodeGroup, w.managed("n1").Spec.Revision = "db", "db-1" },
			moves: []string{"n1 gets r1"}},
		"a node that no group chooses is let go of": {nodes: 2,
			given: func(w *world) {
				w.node("n1").Left = true
				w.node("n1").Node.Annotations = map[string]string{}
			},
			moves: []string{"n1 deleted"}},
		"a node that no group chooses ends its run first": {nodes: 2,
			given: func(w *world) {
				w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
				w.node("n1").Left = true
			}},
		"a node that no group chooses is uncordoned before it is let go of": {nodes: 2,
			given: func(w *world) {
				w.plans("n1", v1alpha1.ImpactDrain)
				w.drained("n1", 1)
				w.node("n1").Left = true
			},
			moves: []string{"n1 drain ended", "n1 uncordoned"}},
		"a group that was deleted takes back what was not begun, and lets go": {nodes: 2,
			given: func(w *world) {
				w.edit("r2", v1alpha1.ImpactDrain)
				w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
				w.drained("n1", 2)
				w.approved("n2", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
				w.Group = nil
			},
			moves: []string{"n1 approval taken back", "n1 drain ended", "n1 uncordoned"}},
	})
}

func TestWhoStarts(t *testing.T) {
	t.Parallel()
	edited := func(impact v1alpha1.Impact, then func(w *world)) func(w *world) {
		return func(w *world) { w.edit("r2", impact); then(w) }
	}
	runWorlds(t, map[string]worldCase{
		"as many nodes as there are slots": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.maxUnavailable("2") }),
			moves: []string{"n1 approved for h-n1 by coordinator", "n2 approved for h-n2 by coordinator"}},
		"a percentage is rounded down": {nodes: 5,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.maxUnavailable("59%") }),
			moves: []string{"n1 approved for h-n1 by coordinator", "n2 approved for h-n2 by coordinator"}},
		"a percentage is at least one node": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.maxUnavailable("1%") }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"nobody while the slot is taken by an approved node": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.approved("n2", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart) })},
		"nobody while the slot is taken by a node that is not Ready and has nothing to do": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.upToDate("n3"); w.ready("n3", false) })},
		"nobody while the slot is taken by a cordon": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.node("n3").Node.Spec.Unschedulable = true })},
		"nobody while the slot is taken by a drain": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.upToDate("n3"); w.drained("n3", 0).Spec.Drain.Plan = "" })},
		"a node that a person drained takes no further slot": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.drained("n3", 0).Spec.Drain.Plan = "" }),
			moves: []string{"n3 approved for h-n3 by coordinator"}},
		"nobody while an approval was taken back and the agent may have begun": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				at := metav1.NewMicroTime(start)
				m := w.managed("n2")
				m.Status.Rollout.StartedAt = &at
				m.Generation++
			})},
		"one though another repairs drift": {nodes: 2,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.heard("n2", v1alpha1.PhaseApplying) }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"one when the node that held the slot is gone": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.approved("n2", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
				w.node("n2").Node = nil
			}),
			moves: []string{"n1 approved for h-n1 by coordinator", "n2 deleted"}},
		"nobody beyond the cluster's ceiling": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.maxUnavailable("2")
				one := w.Group.Spec.Update.MaxUnavailable
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{MaxUnavailable: one}}
				w.Elsewhere = Count{Total: 5, Unavailable: 2, Updating: 0}
			})},
		"a broken node where other groups have the ceiling's broken nodes": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{MaxUnavailable: w.Group.Spec.Update.MaxUnavailable}}
				w.Elsewhere = Count{Total: 5, Unavailable: 1}
				w.ready("n2", false)
			}),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"no broken node while other groups change as many as the ceiling allows": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{MaxUnavailable: w.Group.Spec.Update.MaxUnavailable}}
				w.Elsewhere = Count{Total: 5, Unavailable: 1, Updating: 1}
				w.ready("n2", false)
			})},
		"a broken node first, which takes no further slot": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.ready("n3", false) }),
			moves: []string{"n3 approved for h-n3 by coordinator"}},
		"no more broken nodes at once than there are slots": {nodes: 4,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				for _, name := range []string{"n1", "n2", "n3", "n4"} {
					w.ready(name, false)
				}
			}),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"zone by zone": {nodes: 3,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.node("n1").Node.Labels["topology.kubernetes.io/zone"] = "b"
				w.node("n2").Node.Labels["topology.kubernetes.io/zone"] = "a"
				w.node("n3").Node.Labels["topology.kubernetes.io/zone"] = "a"
			}),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"by name whatever the zone": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Group.Spec.Update.Order = v1alpha1.OrderName
				w.node("n1").Node.Labels["topology.kubernetes.io/zone"] = "b"
			}),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"the oldest first": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Group.Spec.Update.Order = v1alpha1.OrderOldestFirst
				w.node("n1").Node.CreationTimestamp = metav1.NewTime(start)
				w.node("n2").Node.CreationTimestamp = metav1.NewTime(start.Add(-time.Hour))
			}),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"the coordinator's own node last": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.Self = "n1" }),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"the only control-plane node last": {nodes: 2,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.SingleControlPlane = true
				w.node("n1").Node.Labels[controlPlaneLabel] = ""
			}),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"not a node whose agent speaks of an older spec": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.managed("n1").Generation++ })},
		"not by a plan for another revision": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.managed("n1").Status.Plan.Revision = "r1" })},
		"not while the group cannot be used": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.Invalid = "spec.cri: no" })},
		"not beyond the API servers' version": {nodes: 1,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.KubernetesVersion = "1.37.0" })},
		"a patch above the API servers' is allowed": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.KubernetesVersion = "1.36.9" }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"three minor versions below are allowed": {nodes: 1,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.KubernetesVersion = "1.33.1" }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"four minor versions below are not": {nodes: 1,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.KubernetesVersion = "1.32.9" })},
		"three minor versions below are not before 1.25": {nodes: 1,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.KubernetesVersion, w.APIServer = "1.24.9", "1.27.0" })},
		"not to another minor version while the API servers' is not known": {nodes: 1,
			given: edited(v1alpha1.ImpactDrain, func(w *world) { w.KubernetesVersion, w.APIServer = "1.35.0", "" })},
		"to another patch while the API servers' version is not known": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.APIServer = "" }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"whatever the API servers' version where the kubelet stays": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.KubernetesVersion = "1.36.2"; w.APIServer = "1.35.0" }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"not outside of the group's windows": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}} })},
		"not outside of the policy's windows": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "11:00", To: "13:00"}}
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Windows: []v1alpha1.Window{{From: "22:00", To: "23:00"}}}}
			})},
		"not while the policy excludes": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Exclusions: []v1alpha1.Exclusion{
					{From: metav1.NewTime(start), To: metav1.NewTime(start.Add(time.Hour))}}}}
			})},
		"not while a gate is closed": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.Gates = []Gate{{Name: "up"}} })},
		"not while the group is paused": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) { w.Group.Spec.Update.Paused = true })},
		"not while the cluster is paused": {nodes: 1,
			given: edited(v1alpha1.ImpactRestart, func(w *world) {
				w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}}
			})},
	})
}

func TestWaves(t *testing.T) {
	t.Parallel()
	canary := func(then func(w *world)) func(w *world) {
		return func(w *world) {
			w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary", Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"canary": "yes"}}}}
			w.Group.SetDefaults()
			w.node("n3").Node.Labels["canary"] = "yes"
			w.edit("r2", v1alpha1.ImpactRestart)
			then(w)
		}
	}
	proven := func(w *world, ago time.Duration) {
		w.upToDate("n3")
		at := metav1.NewMicroTime(start.Add(-ago))
		w.managed("n3").Status.Rollout.ProvenRevision, w.managed("n3").Status.Rollout.ProvenAt = "r2", &at
	}
	runWorlds(t, map[string]worldCase{
		"the wave goes first, and alone": {nodes: 3,
			given: canary(func(w *world) { w.maxUnavailable("3") }),
			moves: []string{"n3 approved for h-n3 by coordinator"}},
		"the rest waits while the wave soaks": {nodes: 3,
			given: canary(func(w *world) { proven(w, 29*time.Minute) })},
		"the rest goes on after the soak": {nodes: 3,
			given: canary(func(w *world) { proven(w, 30*time.Minute) }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"the rest waits while a node of the wave is not well any more": {nodes: 3,
			given: canary(func(w *world) { proven(w, time.Hour); w.ready("n3", false); w.maxUnavailable("3") })},
		"the rest waits while the wave's node was proven on another revision": {nodes: 3,
			given: canary(func(w *world) {
				proven(w, time.Hour)
				w.managed("n3").Status.Rollout.ProvenRevision = "r1"
				w.node("n3").GateClosed = "cni"
			})},
		"a failed node keeps the wave from being proven": {nodes: 3,
			given: canary(func(w *world) {
				w.Group.Spec.Update.FailureBudget = 2
				w.failed("n3", v1alpha1.PhaseRolledBack)
				w.calm()
			})},
		"a failed node that was forgiven is passed over": {nodes: 3,
			given: canary(func(w *world) {
				w.failed("n3", v1alpha1.PhaseRolledBack)
				w.calm()
				w.Group.Annotations = map[string]string{v1alpha1.ResumeAnnotation: ""}
			}),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"a broken node does not wait for the wave": {nodes: 3,
			given: canary(func(w *world) { w.ready("n1", false) }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"a node that joins the wave's selector does not push the canary out": {nodes: 3,
			given: canary(func(w *world) {
				proven(w, 30*time.Minute)
				w.managed("n3").Status.Rollout.Wave = "canary"
				w.node("n2").Node.Labels["canary"] = "yes"
			}),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"a wave without nodes is no obstacle": {nodes: 3,
			given: canary(func(w *world) { delete(w.node("n3").Node.Labels, "canary") }),
			moves: []string{"n1 approved for h-n1 by coordinator"}},
		"the clock of the leader before may have been ahead": {nodes: 3,
			given: canary(func(w *world) { proven(w, -1000*time.Hour) })},
	})
}

func TestASoakEndsThoughTheClockWasAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}}
	w.Group.SetDefaults()
	w.edit("r2", v1alpha1.ImpactRestart)
	w.upToDate("n1")
	ahead := metav1.NewMicroTime(start.Add(1000 * time.Hour))
	w.managed("n1").Status.Rollout.ProvenRevision, w.managed("n1").Status.Rollout.ProvenAt = "r2", &ahead
	w.settle()
	w.Now = start.Add(30 * time.Minute)
	w.want("n2 approved for h-n2 by coordinator")
}
