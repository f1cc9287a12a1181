package coordinator

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// still are informers that stand still and share their objects, as the real ones do.
type still struct {
	client.Reader
	groups    v1alpha1.NodeGroupList
	managed   v1alpha1.ManagedNodeList
	nodes     corev1.NodeList
	revisions v1alpha1.NodeGroupRevisionList
}

func (s *still) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *v1alpha1.NodeGroupList:
		list.Items = slices.Clone(s.groups.Items)
	case *v1alpha1.ManagedNodeList:
		list.Items = slices.Clone(s.managed.Items)
	case *corev1.NodeList:
		list.Items = slices.Clone(s.nodes.Items)
	case *v1alpha1.NodeGroupRevisionList:
		list.Items = slices.Clone(s.revisions.Items)
	}
	return nil
}

// quieten goes on until a round has nothing to write.
func (b *bench) quieten() {
	for {
		b.cluster.done("")
		b.round()
		if len(b.cluster.done("")) == 0 {
			return
		}
	}
}

// BenchmarkQuietRound is what the report of one agent costs in a cluster of 5,000 nodes of which 500 are at work. It bounds how soon a
// freed slot is granted: within 250 ms, of which the batch and two writes take their part.
func BenchmarkQuietRound(b *testing.B) {
	group := newGroup("worker", sysctl("1"))
	many := intstr.FromString("10%")
	group.Spec.Update.MaxUnavailable = &many
	objects := []client.Object{group}
	for i := range 5000 {
		objects = append(objects, member(fmt.Sprintf("n%04d", i), "worker"))
	}
	world := newBench(b, objects...)
	world.quieten()
	(&agents{bench: world, impact: v1alpha1.ImpactDrain}).step()
	world.quieten()
	s := &still{}
	for _, list := range []client.ObjectList{&s.groups, &s.managed, &s.nodes, &s.revisions} {
		if err := world.informers.List(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	world.loop.informers = s
	b.ReportAllocs()
	for b.Loop() {
		world.round()
	}
}
