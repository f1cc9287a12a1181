package coordinator

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// settleAll lets coordinator and agents go on until every node has its group's revision. After each step it looks how many hold a slot.
func settleAll(t *testing.T, b *bench, a *agents, slots int) {
	t.Helper()
	for range 200 {
		b.round()
		b.drained()
		if busy := b.busy(); len(busy) > slots {
			t.Fatalf("got %v in %d slots", busy, slots)
		}
		a.step()
		b.clock.pass(time.Second)
		if b.quiet() {
			return
		}
	}
	for _, name := range b.cluster.names(kindManaged) {
		t.Logf("%s: %+v", name, b.managed(name).Status)
	}
	t.Fatal("the rollout does not end")
}

// drained waits for evictions that the last round has begun, for they run beside it.
func (b *bench) drained() {
	for {
		b.drains.mu.Lock()
		waiting := false
		for _, e := range b.drains.nodes {
			waiting = waiting || e.evicting
		}
		b.drains.mu.Unlock()
		if !waiting {
			return
		}
		<-b.evicted
	}
}

// quiet tells whether every node is proven and has nothing left of an update.
func (b *bench) quiet() bool {
	names := b.cluster.names(kindManaged)
	for _, name := range names {
		m := b.managed(name)
		if m.Spec.Approval != nil || m.Spec.Drain != nil || m.Status.Rollout == nil || m.Status.Rollout.ProvenRevision != m.Spec.Revision {
			return false
		}
	}
	return len(names) > 0
}

func TestRolloutFromEditToUncordon(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker", sysctl("1")), member("a", "worker"), member("b", "worker"), member("c", "worker"))
	agents := &agents{bench: b, impact: v1alpha1.ImpactDrain}
	b.pods.left = map[string]int{"a": 2, "b": 1}
	settleAll(t, b, agents, 1)
	first := b.group("worker").Status.Revision

	edit(b.cluster, "worker", sysctl("2"))
	settleAll(t, b, agents, 1)
	b.round()
	second := b.group("worker").Status.Revision
	if first == "" || first == second {
		t.Errorf("got revision %q after %q, want another", second, first)
	}
	for _, name := range []string{"a", "b", "c"} {
		node, managed := b.node(name), b.managed(name)
		if managed.Status.AppliedRevision != second {
			t.Errorf("%s: got revision %s, want %s", name, managed.Status.AppliedRevision, second)
		}
		if node.Spec.Unschedulable || node.Annotations[v1alpha1.CordonedByAnnotation] != "" {
			t.Errorf("%s: got a cordon left behind: %v %v", name, node.Spec.Unschedulable, node.Annotations)
		}
		if got := node.Annotations[v1alpha1.ConfigurationChecksumAnnotation]; got != second {
			t.Errorf("%s: got mirrored revision %q, want %q", name, got, second)
		}
		want := []string{"UpdateApproved", "DrainStarted", "Drained", "DisruptionApproved", "NodeUpdated", "Uncordoned"}
		got := b.told.about(kindNode, name)
		if diff := cmp.Diff(slices.Concat(want, want), got); diff != "" {
			t.Errorf("%s: the Events do not tell the story of two updates (-want +got):\n%s", name, diff)
		}
	}
	b.cluster.done("")
	b.round()
	if writes := b.cluster.done(""); len(writes) > 0 {
		t.Errorf("got %v although the world stands still, want no write", writes)
	}
}

func TestFailureStopsTheGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), member("a", "worker"), member("b", "worker"))
	agents := &agents{bench: b, impact: v1alpha1.ImpactRestart, fails: []string{"a"}}
	for range 20 {
		b.round()
		agents.step()
		b.clock.pass(time.Second)
	}
	if got := b.managed("b").Status.AppliedRevision; got != "" {
		t.Errorf("b has revision %s, want it untouched after a failed", got)
	}
	status := b.group("worker").Status
	if status.Failures == nil || len(status.Failures.Nodes) != 1 {
		t.Errorf("got failures %+v, want that of a", status.Failures)
	}
}

// grantOne is the smallest decision with a budget: one node at a time is approved.
func grantOne(o decision.Observation) []decision.Action {
	for i := range o.Nodes {
		if o.Nodes[i].Managed.Spec.Approval != nil {
			return nil
		}
	}
	first := o.Nodes[0].Managed
	for i := range o.Nodes {
		if m := o.Nodes[i].Managed; m.Status.Phase == v1alpha1.PhaseWaitingForApproval {
			first = m
		}
	}
	spec := *first.Spec.DeepCopy()
	spec.Approval = &v1alpha1.Approval{Revision: spec.Revision, Plan: "p", By: "coordinator"}
	return []decision.Action{decision.SetSpec{Node: first.Name, Spec: spec, Observed: first.ResourceVersion}}
}

func managedIn(name, group string) *v1alpha1.ManagedNode {
	m := &v1alpha1.ManagedNode{}
	m.Name, m.Spec.NodeGroup = name, group
	return m
}

func twoManaged(t *testing.T) *bench {
	b := newBench(t, newGroup("worker"), member("a", "worker"), member("b", "worker"), managedIn("a", "worker"), managedIn("b", "worker"))
	b.decide = grantOne
	return b
}

// otherFirst lets the other node be granted if the first grant is not seen.
func otherFirst(b *bench) {
	b.decide = func(o decision.Observation) []decision.Action {
		slices.Reverse(o.Nodes)
		return grantOne(o)
	}
}

func TestStaleInformersDoNotGrantTwice(t *testing.T) {
	t.Parallel()
	t.Run("a slot that this leader has granted", func(t *testing.T) {
		t.Parallel()
		b := twoManaged(t)
		b.informers.freeze()
		b.round()
		otherFirst(b)
		b.round()
		if busy := b.busy(); !slices.Equal(busy, []string{"a"}) {
			t.Errorf("got slots held by %v, want a alone", busy)
		}
	})
	t.Run("a slot that the leader before has granted", func(t *testing.T) {
		t.Parallel()
		b := twoManaged(t)
		b.informers.freeze()
		b.round()
		b.loop = b.leader()
		otherFirst(b)
		b.round()
		if busy := b.busy(); !slices.Equal(busy, []string{"a"}) {
			t.Errorf("got slots held by %v, want a alone", busy)
		}
	})
	t.Run("a slot that another group got in the same round", func(t *testing.T) {
		t.Parallel()
		policy := &v1alpha1.UpdatePolicy{}
		policy.Name = v1alpha1.UpdatePolicyName
		one := intstr.FromInt32(1)
		policy.Spec.MaxUnavailable = &one
		b := newBench(t, newGroup("x"), newGroup("y"), member("a", "x"), member("b", "y"), policy)
		agents := &agents{bench: b, impact: v1alpha1.ImpactRestart}
		settleAll(t, b, agents, 1)
	})
}

func TestConflictLeavesTheDecisionToTheNextRound(t *testing.T) {
	t.Parallel()
	b := twoManaged(t)
	b.cluster.before = func(_, kind, name string) error {
		if kind != kindManaged {
			return nil
		}
		b.cluster.before = nil
		edit(b.cluster, name, func(m *v1alpha1.ManagedNode) { m.Spec.Paused = true })
		return nil
	}
	next := b.round()
	if m := b.managed("a"); m.Spec.Approval != nil || !m.Spec.Paused {
		t.Errorf("got %+v, want the other's write and not ours", m.Spec)
	}
	if next == 0 || next > time.Second {
		t.Errorf("got the next round after %v, want it soon", next)
	}
	b.decide = func(o decision.Observation) []decision.Action {
		if !o.Nodes[0].Managed.Spec.Paused {
			t.Error("got the old state after a conflict, want it observed again")
		}
		return nil
	}
	b.round()
}

func TestFailedActionStopsItsNodeOnly(t *testing.T) {
	t.Parallel()
	b := twoManaged(t)
	refused := errors.New("no")
	b.cluster.before = func(_, kind, name string) error {
		if kind == kindManaged && name == "a" {
			return refused
		}
		return nil
	}
	b.decide = func(o decision.Observation) []decision.Action {
		var all []decision.Action
		for _, n := range o.Nodes {
			spec := *n.Managed.Spec.DeepCopy()
			spec.Paused = true
			all = append(all, decision.SetSpec{Node: n.Name(), Spec: spec, Observed: n.Managed.ResourceVersion}, decision.Cordon{Node: n.Name()})
		}
		return all
	}
	_, err := b.loop.round(context.Background())
	if !errors.Is(err, refused) {
		t.Errorf("got error %v, want %v", err, refused)
	}
	if b.node("a").Spec.Unschedulable {
		t.Error("a is cordoned although the action before failed")
	}
	if !b.node("b").Spec.Unschedulable || !b.managed("b").Spec.Paused {
		t.Error("b was not served, want it served although a failed")
	}
}

func TestRoundIsRetriedLaterEachTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"))
	b.loop.live = unreachable{}
	var last time.Duration
	for range 20 {
		result, err := b.Reconcile(context.Background(), round{})
		if err != nil || result.RequeueAfter < last || result.RequeueAfter > retryLast {
			t.Fatalf("got %v, %v after %v, want no error and a pause that grows up to %v", result.RequeueAfter, err, last, retryLast)
		}
		last = result.RequeueAfter
	}
	if last != retryLast {
		t.Errorf("got a pause of %v in the end, want %v", last, retryLast)
	}
	b.loop.live = b.cluster
	if result, _ := b.Reconcile(context.Background(), round{}); result.RequeueAfter != 0 {
		t.Errorf("got another round after %v, want none before something happens", result.RequeueAfter)
	}
}

// unreachable is an API server that is away.
type unreachable struct{ client.Reader }

func (unreachable) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("connection refused")
}

func TestCordons(t *testing.T) {
	t.Parallel()
	cordon := func(decision.Observation) []decision.Action { return []decision.Action{decision.Cordon{Node: "a"}} }
	uncordon := func(decision.Observation) []decision.Action { return []decision.Action{decision.Uncordon{Node: "a"}} }
	by := func(who string) func(*corev1.Node) {
		return func(n *corev1.Node) {
			n.Spec.Unschedulable = true
			if who != "" {
				n.Annotations = map[string]string{v1alpha1.CordonedByAnnotation: who}
			}
		}
	}
	for name, c := range map[string]struct {
		before func(*corev1.Node)
		decide func(decision.Observation) []decision.Action
		want   bool
		mark   string
	}{
		"marks its own cordon":                    {func(*corev1.Node) {}, cordon, true, "hostler"},
		"does not mark somebody else's":           {by(""), cordon, true, ""},
		"takes its own back, with the mark":       {by("hostler"), uncordon, false, ""},
		"leaves somebody else's":                  {by(""), uncordon, true, ""},
		"leaves one with somebody else's mark":    {by("admin"), uncordon, true, "admin"},
		"finds its own already there and is done": {by("hostler"), cordon, true, "hostler"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := member("a", "worker")
			c.before(node)
			b := newBench(t, newGroup("worker"), node)
			b.decide = c.decide
			b.round()
			got := b.node("a")
			if got.Spec.Unschedulable != c.want || got.Annotations[v1alpha1.CordonedByAnnotation] != c.mark {
				t.Errorf("got cordon %v by %q, want %v by %q", got.Spec.Unschedulable, got.Annotations[v1alpha1.CordonedByAnnotation], c.want, c.mark)
			}
		})
	}
}
