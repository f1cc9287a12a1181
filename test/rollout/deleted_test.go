//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestNodeDeleted deletes a Node from the API while it holds the only slot. The slot is free again; the node, registered anew,
// is a node as any other.
func TestNodeDeleted(t *testing.T) {
	t.Parallel()
	tm := gather(t, 2)
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	gone := tm.drained(t)
	// A node that is taken out of service is switched off first, or its kubelet would register it again.
	must(t, gone.PowerCut(t.Context()))
	_, err := tm.ControlPlane.Kubectl(t.Context(), "delete", "node", gone.Name)
	must(t, err)

	tm.upToDate(t, tm.others(gone)...)
	tm.wait(t, func(w *fleet.World) error {
		if m := w.Managed(gone.Name); m != nil {
			return fmt.Errorf("node %s is gone, and its ManagedNode is still there: %+v", gone.Name, m.Spec)
		}
		return nil
	})

	must(t, gone.Start(t.Context()))
	tm.wait(t, func(w *fleet.World) error {
		if w.Node(gone.Name) == nil {
			return fmt.Errorf("node %s has not registered again", gone.Name)
		}
		return nil
	})
	must(t, tm.Move(t.Context(), tm.group, gone))
	tm.upToDate(t, gone)
}
