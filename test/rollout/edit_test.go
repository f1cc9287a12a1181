//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestEditedInMidRollout edits a group while one of its nodes is being drained for the edit before, and then takes the edit back.
func TestEditedInMidRollout(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	base := tm.revision(t)
	web := fleet.Workload{Name: "edited", Replicas: 1, MinAvailable: 1, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	t.Run("another edit takes the place of the first", func(t *testing.T) {
		first := tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
		tm.waits(t, node, decision.WaitingBudget, web.Name)
		second := tm.edit(t, tm.change("two", v1alpha1.ImpactDrain))
		if first == second {
			t.Fatalf("two edits have one revision, %s", first)
		}
		tm.wait(t, func(w *fleet.World) error {
			if approval := w.Managed(node.Name).Spec.Approval; approval == nil || approval.Revision != second {
				return fmt.Errorf("approval of node %s: got %+v, want one for %s", node.Name, approval, second)
			}
			return nil
		})
		tm.waits(t, node, decision.WaitingBudget, web.Name)
	})
	t.Run("edited back, the node has nothing to do and is uncordoned", func(t *testing.T) {
		back := tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { spec.OperatingSystem.Files = nil })
		if back != base {
			t.Errorf("revision: got %s, want %s as before the edits", back, base)
		}
		tm.upToDate(t, node)
		if out, err := node.Output(t.Context(), "cat", tm.file()); err == nil {
			t.Errorf("the file of the edits: got %q, want it never made", out)
		}
	})
}
