//go:build cluster

package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
)

// soak is long enough to be seen, and short enough to be waited for.
const soak = 5 * time.Second

// TestUpgrade brings a group from one minor version of Kubernetes to the next, under a workload that allows one pod less than
// it has. It is the first test, since the nodes keep the version.
func TestUpgrade(t *testing.T) {
	tm := gather(t, 3, func(spec map[string]any) {
		bed.Child(spec, "update")["waves"] = []any{map[string]any{"name": "canary", "size": 1, "soak": soak.String()}}
	})
	web := fleet.Workload{Name: "web", Replicas: 3, MinAvailable: 2, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	began := time.Now()
	revision := tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { spec.KubernetesVersion = cluster.Kubernetes })
	tm.upToDate(t, tm.nodes...)
	recording := tm.Recording(began)
	t.Logf("three nodes in %s", time.Since(began).Round(time.Second))

	t.Run("the budget was kept at every moment", func(t *testing.T) {
		if got := recording.MinAvailable(web.Name); got < web.MinAvailable {
			t.Errorf("fewest available pods: got %d, the PodDisruptionBudget demands %d:\n%s", got, web.MinAvailable, recording)
		}
		if got := recording.MaxUnavailable(tm.group); got != 1 {
			t.Errorf("most nodes unavailable at once: got %d, want 1, as maxUnavailable says:\n%s", got, recording)
		}
	})
	t.Run("every kubelet has the new version, and no cordon is left", func(t *testing.T) {
		tm.Look(func(w *fleet.World) {
			for _, node := range tm.nodes {
				n := w.Node(node.Name)
				if got := n.Status.NodeInfo.KubeletVersion; got != "v"+cluster.Kubernetes || n.Spec.Unschedulable {
					t.Errorf("node %s: got kubelet %s, cordoned %t, want v%s, uncordoned", node.Name, got, n.Spec.Unschedulable, cluster.Kubernetes)
				}
			}
		})
		tm.wait(t, func(w *fleet.World) error { return mirrored(w, revision, tm.nodes) })
	})
	t.Run("the canary soaked before the next node was approved", func(t *testing.T) { tm.soaked(t, recording) })
	t.Run("events tell the story in order", func(t *testing.T) {
		for _, node := range tm.nodes {
			tm.wantStory(t, node, began, story...)
		}
	})
}

// mirrored wants people who look at Nodes to see which revision each has.
func mirrored(w *fleet.World, revision string, nodes []*fleet.Node) error {
	for _, node := range nodes {
		if got := w.Node(node.Name).Annotations[v1alpha1.ConfigurationChecksumAnnotation]; got != revision {
			return fmt.Errorf("node %s: got annotation %s=%s, want %s", node.Name, v1alpha1.ConfigurationChecksumAnnotation, got, revision)
		}
	}
	return nil
}

// story is what is told of a node, by the reasons of events. Others may be between them.
var story = []string{"UpdateApproved", "DrainStarted", "Drained", "DisruptionApproved", "NodeUpdated", "Uncordoned"}

// soaked compares the proof of the first node with the approval of the second.
func (tm *team) soaked(t *testing.T, recording fleet.Recording) {
	t.Helper()
	holdsSlot := func(n fleet.NodeSample) bool { return n.Slot }
	type turn struct{ from, to time.Time }
	var turns []turn
	for _, node := range tm.nodes {
		from, to := recording.Span(node.Name, holdsSlot)
		turns = append(turns, turn{from, to})
	}
	slices.SortFunc(turns, func(a, b turn) int { return a.from.Compare(b.from) })
	// The proof is dated by the coordinator, up to a moment before it is seen here.
	if got := turns[1].from.Sub(turns[0].to); got < soak-time.Second {
		t.Errorf("between the canary's proof and the next approval: got %s, want %s", got, soak)
	}
}

// wantStory wants the reasons of a node's events to hold some in this order.
func (tm *team) wantStory(t *testing.T, node *fleet.Node, since time.Time, wanted ...string) {
	t.Helper()
	var told []string
	tm.Look(func(w *fleet.World) { told = reasons(w.Events(v1alpha1.ManagedNodeKind, node.Name), since) })
	rest := told
	for _, reason := range wanted {
		at := slices.Index(rest, reason)
		if at < 0 {
			t.Errorf("events on node %s: got %q, want among them in this order %q", node.Name, told, wanted)
			return
		}
		rest = rest[at+1:]
	}
}

func reasons(events []*corev1.Event, since time.Time) []string {
	var list []string
	for _, event := range events {
		if fleet.When(event).After(since) {
			list = append(list, event.Reason)
		}
	}
	return list
}

// stopWorkload removes a workload, and waits until its pods are gone.
func (tm *team) stopWorkload(t *testing.T, w fleet.Workload) {
	t.Helper()
	ctx, cancel := afterwards()
	defer cancel()
	must(t, tm.StopWorkload(ctx, w))
}
