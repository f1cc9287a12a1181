//go:build cluster

package rollout

import (
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestCordonedByAPerson has somebody else's cordon on a node, before and during its update.
func TestCordonedByAPerson(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	t.Run("before: the node waits, and goes on when the person uncordons it", func(t *testing.T) {
		tm.kubectl(t, "cordon", node.Name)
		tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
		tm.waits(t, node, decision.WaitingForeignCordon, "uncordon")
		tm.wantForeignCordon(t, node)
		tm.kubectl(t, "uncordon", node.Name)
		tm.upToDate(t, node)
	})
	t.Run("during: the update comes to its end, and the cordon stays", func(t *testing.T) {
		web := fleet.Workload{Name: "during", Replicas: 1, MinAvailable: 1, Group: tm.group}
		must(t, tm.StartWorkload(t.Context(), web))
		t.Cleanup(func() { tm.stopWorkload(t, web) })
		tm.edit(t, tm.change("two", v1alpha1.ImpactDrain))
		tm.waits(t, node, decision.WaitingBudget, web.Name)
		// A person takes the cordon over by taking hostler's mark off it.
		tm.kubectl(t, "annotate", "node", node.Name, v1alpha1.CordonedByAnnotation+"-")
		tm.kubectl(t, "delete", "poddisruptionbudget", web.Name)
		tm.upToDate(t, node)
		tm.wantForeignCordon(t, node)
		tm.kubectl(t, "uncordon", node.Name)
	})
}

// wantForeignCordon wants a cordon that hostler has not marked as its own.
func (tm *team) wantForeignCordon(t *testing.T, node *fleet.Node) {
	t.Helper()
	tm.Look(func(w *fleet.World) {
		n := w.Node(node.Name)
		if mark := n.Annotations[v1alpha1.CordonedByAnnotation]; !n.Spec.Unschedulable || mark != "" {
			t.Errorf("node %s: got unschedulable %t, mark %q, want the person's cordon left as it was", node.Name, n.Spec.Unschedulable, mark)
		}
	})
}

func (tm *team) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tm.ControlPlane.Kubectl(t.Context(), args...)
	must(t, err)
	return out
}
