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

// TestPodThatIgnoresSIGTERM drains a node whose pod stays when it is asked to go, for as long as its own grace period lets it.
func TestPodThatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	web := fleet.Workload{Name: "stubborn", Replicas: 1, Group: tm.group, Stubborn: 600}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	tm.edit(t, drainPolicy(v1alpha1.DrainWait, time.Minute, "one"))
	tm.waits(t, node, decision.WaitingDrain, web.Name)
	t.Run("it is left behind when the group says for how long to wait", func(t *testing.T) {
		tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) {
			spec.Disruptions.Drain.SkipWaitForDeleteTimeout = &metav1.Duration{Duration: time.Second}
		})
		tm.upToDate(t, node)
	})
}
