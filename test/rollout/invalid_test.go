//go:build cluster

package rollout

import (
	"fmt"
	"strings"
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

	// The schema wants an absolute path, and cannot tell that it is not clean.
	got := tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) {
		spec.OperatingSystem.Files = []v1alpha1.File{{Path: "/etc//hostler-test", Content: "never\n"}}
	})
	if got != good {
		t.Errorf("revision of a group that is not valid: got %s, want %s as before", got, good)
	}
	tm.wait(t, func(w *fleet.World) error {
		valid := meta.FindStatusCondition(w.Group(tm.group).Status.Conditions, v1alpha1.ConditionValid)
		if valid == nil || valid.Status != "False" || !strings.Contains(valid.Message, "spec.operatingSystem.files[0].path") {
			return fmt.Errorf("condition %s: got %+v, want it False, with the field in its message", v1alpha1.ConditionValid, valid)
		}
		return nil
	})

	tm.edit(t, tm.change("one", v1alpha1.ImpactNone))
	tm.upToDate(t, node)
}
