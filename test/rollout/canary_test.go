//go:build cluster

package rollout

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestRevisionThatBreaksTheKubelet has a value in the kubelet's configuration that no kubelet starts with. The canary is rolled
// back, the group pauses itself, and the other nodes never see the revision.
func TestRevisionThatBreaksTheKubelet(t *testing.T) {
	t.Parallel()
	tm := gather(t, 2, func(spec map[string]any) {
		bed.Child(spec, "update")["waves"] = []any{map[string]any{"name": "canary", "size": 1, "soak": "1s"}}
	})
	for _, node := range tm.nodes {
		// A broken kubelet is given minutes to recover, which this test has not.
		_, err := node.Shell(t.Context(), "echo 'health-timeout: 30s' >> /etc/hostler/agent.yaml; systemctl restart hostler")
		must(t, err)
	}
	good := tm.revision(t)
	began := time.Now()
	bad := tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { spec.Kubelet.Config["cpuManagerPolicy"] = "no-such-policy" })

	var canary *fleet.Node
	tm.wait(t, func(w *fleet.World) error {
		for _, node := range tm.nodes {
			if w.Managed(node.Name).Status.Phase == v1alpha1.PhaseRolledBack {
				canary = node
				return nil
			}
		}
		return fmt.Errorf("no node of group %s is rolled back", tm.group)
	})
	other := tm.others(canary)[0]
	tm.waits(t, canary, decision.WaitingFailed, bad)
	tm.waits(t, other, decision.WaitingFailureBudget, canary.Name)
	tm.wait(t, func(w *fleet.World) error {
		if g := w.Group(tm.group); !meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionPaused) {
			return fmt.Errorf("group %s: want condition %s, got %+v", tm.group, v1alpha1.ConditionPaused, g.Status.Conditions)
		}
		return nil
	})
	tm.Look(func(w *fleet.World) {
		if m := w.Managed(canary.Name); m.Status.AppliedRevision != good || m.Status.Failure == nil || m.Status.Failure.Revision != bad {
			t.Errorf("canary %s: got applied %s, failure %+v, want %s applied and %s failed", m.Name, m.Status.AppliedRevision, m.Status.Failure, good, bad)
		}
	})
	for _, sample := range tm.Recording(began) {
		if sample.Nodes[other.Name].Slot {
			t.Fatalf("node %s was approved at %s, want it never to start", other.Name, sample.At)
		}
	}
	tm.Look(func(w *fleet.World) {
		if !w.Ready(canary.Name) {
			t.Errorf("node %s is rolled back, and not Ready", canary.Name)
		}
	})

	t.Run("edited back, all is as before", func(t *testing.T) {
		tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { delete(spec.Kubelet.Config, "cpuManagerPolicy") })
		tm.upToDate(t, tm.nodes...)
	})
}
