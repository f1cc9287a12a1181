package coordinator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func condition(g *v1alpha1.NodeGroup, kind string) metav1.Condition {
	for _, c := range g.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return metav1.Condition{}
}

func bad(g *v1alpha1.NodeGroup) { g.Spec.KubernetesVersion = "latest" }

func configuration(name, apply string, groups ...string) *v1alpha1.NodeGroupConfiguration {
	c := &v1alpha1.NodeGroupConfiguration{}
	c.Name = name
	c.Spec.NodeGroups, c.Spec.Check, c.Spec.Apply = groups, "false", apply
	return c
}

func TestBadGroupKeepsItsLastGoodRevision(t *testing.T) {
	t.Parallel()
	policy := &v1alpha1.UpdatePolicy{}
	policy.Name = v1alpha1.UpdatePolicyName
	wrong := intstr.FromString("many")
	policy.Spec.MaxUnavailable = &wrong
	for name, spoil := range map[string]struct {
		do    func(*bench)
		names string
	}{
		"a spec that means nothing": {func(b *bench) { edit(b.cluster, "worker", bad) }, "spec.kubernetesVersion"},
		"a configuration that does": {func(b *bench) { b.cluster.must(b.cluster.create(configuration("gpu", "", "worker"))) }, "NodeGroupConfiguration gpu"},
		"a policy that does":        {func(b *bench) { b.cluster.must(b.cluster.create(policy.DeepCopy())) }, "UpdatePolicy default"},
	} {
		t.Run("with "+name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, newGroup("worker", sysctl("1")), newGroup("other"), member("a", "worker"))
			b.round()
			good := b.group("worker").Status.Revision
			spoil.do(b)
			b.round()
			g := b.group("worker")
			if g.Status.Revision != good || good == "" {
				t.Errorf("got revision %q, want the last good one, %q", g.Status.Revision, good)
			}
			if valid := condition(g, v1alpha1.ConditionValid); valid.Status != metav1.ConditionFalse || !strings.Contains(valid.Message, spoil.names) {
				t.Errorf("got condition %+v, want it false and naming %q", valid, spoil.names)
			}
			if got := b.managed("a").Spec.Revision; got != good {
				t.Errorf("the node is given %q, want %q", got, good)
			}
		})
	}
}

func TestConfigurationEditsMakeARevision(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), configuration("gpu", "true", "worker"))
	b.round()
	first := b.group("worker").Status.Revision
	edit(b.cluster, "gpu", func(c *v1alpha1.NodeGroupConfiguration) { c.Spec.Apply = "modprobe nvidia" })
	b.round()
	second := b.group("worker").Status.Revision
	if first == second {
		t.Errorf("got revision %s after the edit too, want another", second)
	}
	if got := len(b.cluster.names(kindRevision)); got != 2 {
		t.Errorf("got %d revisions, want 2", got)
	}
	edit(b.cluster, "gpu", func(c *v1alpha1.NodeGroupConfiguration) { c.Spec.Apply = "true" })
	b.round()
	if got := b.group("worker").Status.Revision; got != first {
		t.Errorf("got revision %s after the edit was taken back, want %s again", got, first)
	}
}

func TestRevisionThatLostAPartIsNotKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker", sysctl("1")))
	b.loop.writer = &oldCRD{b.cluster}
	b.round()
	if got := b.cluster.names(kindRevision); len(got) > 0 {
		t.Errorf("got revisions %v, want none: what was stored is not what was rendered", got)
	}
	if valid := condition(b.group("worker"), v1alpha1.ConditionValid); valid.Status != metav1.ConditionFalse {
		t.Errorf("got condition %+v, want it false", valid)
	}
}

func revisionOf(group, name string, age time.Duration) *v1alpha1.NodeGroupRevision {
	r := &v1alpha1.NodeGroupRevision{}
	r.Name, r.Spec.NodeGroup = name, group
	r.CreationTimestamp = metav1.NewTime(newClock().now().Add(-age))
	return r
}

func TestOldRevisionsArePruned(t *testing.T) {
	t.Parallel()
	objects := []client.Object{newGroup("worker")}
	for i := range 20 {
		objects = append(objects, revisionOf("worker", fmt.Sprintf("worker-%02d", i), time.Duration(20-i)*time.Hour))
	}
	objects = append(objects, revisionOf("gone", "gone-used", time.Hour), revisionOf("gone", "gone-unused", time.Hour))
	uses := map[string]func(*v1alpha1.ManagedNode){
		"worker-01": func(m *v1alpha1.ManagedNode) { m.Spec.Revision = "worker-01" },
		"worker-02": func(m *v1alpha1.ManagedNode) { m.Status.AppliedRevision = "worker-02" },
		"worker-03": func(m *v1alpha1.ManagedNode) { m.Status.Failure = &v1alpha1.Failure{Revision: "worker-03"} },
		"worker-04": func(m *v1alpha1.ManagedNode) { m.Spec.Approval = &v1alpha1.Approval{Revision: "worker-04"} },
		"gone-used": func(m *v1alpha1.ManagedNode) { m.Spec.Revision = "gone-used" },
	}
	for name, use := range uses {
		m := managedIn("node-"+name, "worker")
		use(m)
		objects = append(objects, m)
	}
	b := newBench(t, objects...)
	b.decide = func(decision.Observation) []decision.Action { return nil }
	b.round()
	got := b.cluster.names(kindRevision)
	// The newest of all is the one that this round renders.
	want := []string{"gone-used", "worker-01", "worker-02", "worker-03", "worker-04"}
	for i := 11; i < 20; i++ {
		want = append(want, fmt.Sprintf("worker-%02d", i))
	}
	got = slices.DeleteFunc(got, func(name string) bool { return len(name) == len("worker-12345678") && !slices.Contains(want, name) })
	if !slices.Equal(got, want) {
		t.Errorf("got revisions\n%v, want\n%v and the present one", got, want)
	}
}

// oldCRD is an API server whose CustomResourceDefinition does not know sysctls, and drops them.
type oldCRD struct{ *cluster }

func (o *oldCRD) Create(ctx context.Context, object client.Object) error {
	if revision, ok := object.(*v1alpha1.NodeGroupRevision); ok {
		revision.Spec.Host.OperatingSystem.Sysctl = nil
	}
	return o.cluster.Create(ctx, object)
}
