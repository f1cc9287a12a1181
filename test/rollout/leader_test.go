//go:build cluster

package rollout

import (
	"fmt"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestLeaderKilledInADrain kills the coordinator while it drains a node, and a second one brings the update to its end. It has
// the fleet for itself, since all groups have the same coordinator.
func TestLeaderKilledInADrain(t *testing.T) {
	tm := gather(t, 2)
	second, err := tm.StartCoordinator(t.Context())
	must(t, err)
	// No pod may go until the budget is lifted: the drain lasts until then.
	web := fleet.Workload{Name: "web", Replicas: 2, MinAvailable: 2, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	began := time.Now()
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	first := tm.drained(t)
	tm.waits(t, first, decision.WaitingBudget, web.Name)

	must(t, leader.Kill(t.Context()))
	leader = second
	web.MinAvailable = 1
	must(t, tm.ControlPlane.Apply(t.Context(), web.Manifest()))
	tm.upToDate(t, tm.nodes...)

	recording := tm.Recording(began)
	if got := recording.MaxUnavailable(tm.group); got != 1 {
		t.Errorf("most nodes unavailable at once: got %d, want 1 with both coordinators:\n%s", got, recording)
	}
	if got := recording.MinAvailable(web.Name); got < web.MinAvailable {
		t.Errorf("fewest available pods: got %d, want %d:\n%s", got, web.MinAvailable, recording)
	}
}

// drained waits until a node of the team is being drained, and returns it.
func (tm *team) drained(t *testing.T) (found *fleet.Node) {
	t.Helper()
	tm.wait(t, func(w *fleet.World) error {
		for _, node := range tm.nodes {
			if m := w.Managed(node.Name); m != nil && m.Spec.Drain != nil && w.Node(node.Name).Spec.Unschedulable {
				found = node
				return nil
			}
		}
		return fmt.Errorf("no node of group %s is being drained", tm.group)
	})
	return found
}

// others are the nodes of the team but one.
func (tm *team) others(one *fleet.Node) []*fleet.Node {
	var others []*fleet.Node
	for _, node := range tm.nodes {
		if node != one {
			others = append(others, node)
		}
	}
	return others
}
