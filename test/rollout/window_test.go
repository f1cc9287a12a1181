//go:build cluster

package rollout

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestWindowClosesWhileNodesWait has the time for updates end while one node is under way and the other waits for its slot: the
// first comes to its end, the second does not start.
func TestWindowClosesWhileNodesWait(t *testing.T) {
	t.Parallel()
	tm := gather(t, 2)
	web := fleet.Workload{Name: "window", Replicas: 2, MinAvailable: 2, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	first := tm.drained(t)
	second := tm.others(first)[0]
	tm.waits(t, first, decision.WaitingBudget, web.Name)
	tm.waits(t, second, decision.WaitingSlot, first.Name)

	tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { spec.Update.Windows = []v1alpha1.Window{closedNow(time.Now())} })
	web.MinAvailable = 0
	tm.kubectl(t, "delete", "poddisruptionbudget", web.Name)
	tm.upToDate(t, first)
	tm.waits(t, second, decision.WaitingWindow, "UTC")

	t.Run("an exclusion is as good as no window, and says why it is there", func(t *testing.T) {
		tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) {
			spec.Update.Windows = nil
			spec.Update.Exclusions = []v1alpha1.Exclusion{{
				From: metav1.NewTime(time.Now().Add(-time.Hour)), To: metav1.NewTime(time.Now().Add(time.Hour)), Reason: "the shop is busy",
			}}
		})
		tm.waits(t, second, decision.WaitingExclusion, "the shop is busy")
	})
	tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) { spec.Update.Exclusions = nil })
	tm.upToDate(t, second)
}

// closedNow is an hour that begins six hours from now.
func closedNow(now time.Time) v1alpha1.Window {
	from := now.UTC().Add(6 * time.Hour)
	return v1alpha1.Window{From: from.Format("15:04"), To: from.Add(time.Hour).Format("15:04"), TimeZone: "UTC"}
}
