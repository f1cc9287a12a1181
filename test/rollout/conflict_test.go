//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestTwoGroupsSelectOneNode has a second group choose a node of the first: both say so, and neither is applied until one lets go.
func TestTwoGroupsSelectOneNode(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	rival := tm.group + "-rival"
	group, err := tm.Group(t.Context(), rival, fleet.AtOnce, func(spec map[string]any) {
		spec["nodeSelector"] = map[string]any{"kubernetes.io/hostname": node.Name}
		spec["operatingSystem"] = map[string]any{"files": []any{map[string]any{"path": "/etc/rival", "content": "never\n"}}}
	})
	must(t, err)
	must(t, tm.ControlPlane.Apply(t.Context(), group))

	tm.waits(t, node, decision.WaitingConflict, rival)
	for _, name := range []string{tm.group, rival} {
		tm.wait(t, func(w *fleet.World) error {
			if g := w.Group(name); !meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionConflict) {
				return fmt.Errorf("group %s: want condition %s, got %+v", name, v1alpha1.ConditionConflict, g.Status.Conditions)
			}
			return nil
		})
	}
	must(t, tm.EditGroup(t.Context(), tm.group, tm.change("one", v1alpha1.ImpactNone)))
	tm.waits(t, node, decision.WaitingConflict, rival)
	for _, path := range []string{"/etc/rival", tm.file()} {
		if out, err := node.Output(t.Context(), "cat", path); err == nil {
			t.Errorf("%s of node %s: got %q, want neither group applied", path, node.Name, out)
		}
	}

	tm.kubectl(t, "delete", "nodegroup", rival)
	tm.upToDate(t, node)
	tm.wait(t, func(w *fleet.World) error {
		if g := w.Group(tm.group); meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionConflict) {
			return fmt.Errorf("the rival is deleted, and group %s still says that there is a conflict", tm.group)
		}
		return nil
	})
}
