//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestGroupDeletedInMidRollout deletes a group while a node is drained for it: the node is uncordoned and left as it is.
func TestGroupDeletedInMidRollout(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	web := fleet.Workload{Name: "removal", Replicas: 1, MinAvailable: 1, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	tm.waits(t, node, decision.WaitingBudget, web.Name)

	tm.kubectl(t, "delete", "nodegroup", tm.group)
	tm.wait(t, func(w *fleet.World) error {
		if w.Managed(node.Name) != nil {
			return fmt.Errorf("the group is deleted, and node %s still has a ManagedNode", node.Name)
		}
		return uncordoned(w, node)
	})
	if out, err := node.Output(t.Context(), "cat", tm.file()); err == nil {
		t.Errorf("the file of the deleted group: got %q, want it never made", out)
	}
}
