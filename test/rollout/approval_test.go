//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestManualApproval has a person approve a disruption: of a plan that is no more, which is refused, and of the one that is there.
func TestManualApproval(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1, func(spec map[string]any) { bed.Child(spec, "disruptions")["approvalMode"] = "Manual" })
	node := tm.nodes[0]
	tm.edit(t, tm.change("one", v1alpha1.ImpactDrain))
	tm.waits(t, node, decision.WaitingManualApproval, v1alpha1.DisruptionApprovedAnnotation)
	old := tm.planHash(t, node, "")
	tm.edit(t, tm.change("two", v1alpha1.ImpactDrain))
	now := tm.planHash(t, node, old)

	t.Run("for an old plan it is refused, and said so", func(t *testing.T) {
		tm.approve(t, node, old)
		tm.wait(t, func(w *fleet.World) error {
			m := w.Managed(node.Name)
			if _, there := m.Annotations[v1alpha1.DisruptionApprovedAnnotation]; there {
				return fmt.Errorf("the request is neither taken over nor refused: %v", m.Annotations)
			}
			if m.Status.Rollout == nil || m.Status.Rollout.Refused == "" {
				return fmt.Errorf("rollout of node %s: got %+v, want the refusal in it", node.Name, m.Status.Rollout)
			}
			return nil
		})
		tm.waits(t, node, decision.WaitingManualApproval, old)
		tm.Look(func(w *fleet.World) {
			if got := w.Managed(node.Name).Spec.Disruption; got != nil {
				t.Errorf("disruption: got %+v, want none", got)
			}
		})
	})
	t.Run("for the plan that is shown it is granted", func(t *testing.T) {
		tm.approve(t, node, now)
		tm.upToDate(t, node)
	})
}

func (tm *team) approve(t *testing.T, node *fleet.Node, hash string) {
	t.Helper()
	tm.kubectl(t, "annotate", "managednode", node.Name, v1alpha1.DisruptionApprovedAnnotation+"="+hash)
}

// planHash waits until the node shows a plan that drains, other than the one before, and returns its hash.
func (tm *team) planHash(t *testing.T, node *fleet.Node, before string) (hash string) {
	t.Helper()
	tm.wait(t, func(w *fleet.World) error {
		plan := w.Managed(node.Name).Status.Plan
		if plan == nil || plan.Hash == before || plan.Impact != v1alpha1.ImpactDrain {
			return fmt.Errorf("plan of node %s: got %+v, want one that drains, other than %q", node.Name, plan, before)
		}
		hash = plan.Hash
		return nil
	})
	return hash
}
