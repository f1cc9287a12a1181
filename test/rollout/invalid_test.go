//go:build cluster

package rollout

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestGroupThatMeansNothing edits a group to what its schema allows and nobody can do: the last good revision stays.
func TestGroupThatMeansNothing(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	good := tm.revision(t)

	// Two files of one path, written differently, pass the schema, and one cannot be both.
	got := tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) {
		spec.OperatingSystem.Files = []v1alpha1.File{{Path: "/etc//hostler-test", Content: "never\n"}}
	})
	if got != good {
		t.Errorf("revision of a group that is not valid: got %s, want %s as before", got, good)
	}
	tm.wait(t, func(w *fleet.World) error {
		valid := meta.FindStatusCondition(w.Group(tm.group).Status.Conditions, v1alpha1.ConditionValid)
		if valid == nil || valid.Status != "False" {
			return fmt.Errorf("condition %s: got %+v, want it False", v1alpha1.ConditionValid, valid)
		}
		return nil
	})
	explained, err := tm.Explain(t.Context(), node.Name)
	must(t, err)
	wantWords(t, "hostler explain "+node.Name, explained, "operatingSystem.files[0].path")

	tm.edit(t, change("one", v1alpha1.ImpactNone))
	tm.upToDate(t, node)
}
