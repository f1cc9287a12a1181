//go:build cluster

package rollout

import (
	"context"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestNodeDiesHoldingASlot cuts a node's power in the middle of its update. Nobody else starts while it is away, and it is
// finished when it comes back.
func TestNodeDiesHoldingASlot(t *testing.T) {
	t.Parallel()
	tm := gather(t, 2)
	began := time.Now()
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	dead := tm.drained(t)
	must(t, dead.PowerCut(t.Context()))
	t.Cleanup(func() {
		if t.Failed() { // the others need the machine
			_ = dead.Start(context.Background())
		}
	})
	alive := tm.others(dead)[0]

	tm.waits(t, alive, decision.WaitingSlot, dead.Name)
	tm.waits(t, dead, decision.WaitingAgent)
	tm.Look(func(w *fleet.World) {
		if w.Managed(alive.Name).Spec.Approval != nil {
			t.Errorf("node %s was approved while %s, which holds the only slot, is dead", alive.Name, dead.Name)
		}
	})

	must(t, dead.Start(t.Context()))
	tm.upToDate(t, tm.nodes...)
	if got := tm.Recording(began).MaxUnavailable(tm.group); got != 1 {
		t.Errorf("most nodes unavailable at once: got %d, want 1", got)
	}
}
