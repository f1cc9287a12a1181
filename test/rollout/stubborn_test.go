//go:build cluster

package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestPodThatIgnoresSIGTERM drains a node whose pod stays when it is asked to go, for as long as its own grace period lets it.
func TestPodThatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	const grace = 8 * time.Second
	web := fleet.Workload{Name: "stubborn", Replicas: 1, Group: tm.group, Stubborn: grace}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	began := time.Now()
	tm.edit(t, tm.drainPolicy(v1alpha1.DrainWait, 2*time.Second, "one"))
	// Both in one look: the pod is there for its grace period only, and a busy machine may take as long for a second look.
	tm.wait(t, func(w *fleet.World) error {
		if err := waitsFor(w, node.Name, decision.WaitingDrain); err != nil {
			return err
		}
		rollout := w.Managed(node.Name).Status.Rollout
		if rollout == nil || rollout.Drain == nil || len(rollout.Drain.Blocking) != 1 || !strings.HasPrefix(rollout.Drain.Blocking[0].Name, web.Name) {
			return fmt.Errorf("rollout of node %s: got %+v, want the pod that stays named in its drain", node.Name, rollout)
		}
		return nil
	})
	tm.upToDate(t, node)
	draining := func(n fleet.NodeSample) bool { return n.Drain == v1alpha1.Draining }
	if got := tm.Recording(began).Took(node.Name, draining); got < grace-time.Second {
		t.Errorf("the drain took %s, want the pod's grace period, %s: nothing may end it sooner", got, grace)
	}
}
