package coordinator

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func selecting(labels map[string]string) func(*v1alpha1.NodeGroup) {
	return func(g *v1alpha1.NodeGroup) { g.Spec.NodeSelector = labels }
}

// TestMembership tells of each group what it decides about, as node/others/left, by the name of the group; those of groups that are gone
// bear a minus.
func TestMembership(t *testing.T) {
	t.Parallel()
	b := newBench(t,
		newGroup("worker"), newGroup("gpu", selecting(map[string]string{"gpu": "yes"})), newGroup("big", selecting(map[string]string{"size": "big"})),
		member("label", "worker"),
		newNode("selected", map[string]string{"gpu": "yes"}),
		newNode("both", map[string]string{"gpu": "yes", v1alpha1.NodeGroupLabel: "worker"}),
		member("selector-wins-over-label", "gpu"),
		member("nobody's", "unknown"),
		newNode("left", nil), managedIn("left", "worker"),
		newNode("orphan", nil), managedIn("orphan", "gone"),
		member("moved", "worker"), managedIn("moved", "gpu"),
		member("taken-over", "worker"), managedIn("taken-over", "gone"),
		newNode("torn", map[string]string{"gpu": "yes", "size": "big"}), managedIn("torn", "worker"),
		managedIn("node-gone", "worker"), managedIn("all-gone", "gone"),
	)
	w, err := look(t.Context(), b.informers, newOverlay(), b.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	m := w.belong()
	got := map[string][]string{}
	tell := func(prefix string, groups map[string][]decision.Node) {
		for group, nodes := range groups {
			for i := range nodes {
				line := nodes[i].Name()
				for _, other := range nodes[i].OtherGroups {
					line += " also " + other
				}
				if nodes[i].Left {
					line += " left"
				}
				if nodes[i].Node == nil {
					line += " without Node"
				}
				got[prefix+group] = append(got[prefix+group], line)
			}
		}
	}
	tell("", m.groups)
	tell("-", m.orphans)
	want := map[string][]string{
		"worker": {"both also gpu", "label", "left left", "moved", "taken-over", "torn left", "node-gone without Node"},
		"gpu":    {"both also worker", "selected", "torn also big"},
		"big":    {"torn also gpu"},
		"-gone":  {"orphan left", "all-gone without Node"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestTwoGroupsThatChooseANodeBothSaySo(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), newGroup("gpu", selecting(map[string]string{"gpu": "yes"})),
		newNode("a", map[string]string{"gpu": "yes", v1alpha1.NodeGroupLabel: "worker"}))
	b.round()
	for _, group := range []string{"worker", "gpu"} {
		if got := condition(b.group(group), v1alpha1.ConditionConflict); got.Status != "True" {
			t.Errorf("%s: got condition %+v, want it true", group, got)
		}
	}
	if got := b.cluster.names(kindManaged); len(got) > 0 {
		t.Errorf("got ManagedNodes %v, want none: neither group is applied", got)
	}
}

func TestGroupThatIsDeletedLetsItsNodesGo(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), member("a", "worker"))
	b.round()
	b.cluster.must(b.cluster.Delete(t.Context(), b.group("worker")))
	for range 3 {
		b.round()
	}
	if got := b.cluster.names(kindManaged); len(got) > 0 {
		t.Errorf("got ManagedNodes %v, want none", got)
	}
}

func TestOtherGroupsCountForTheBudgetOfAll(t *testing.T) {
	t.Parallel()
	approved := managedIn("b", "other")
	approved.Spec.Approval = &v1alpha1.Approval{Revision: "r"}
	away := member("c", "other")
	away.Status.Conditions = nil
	b := newBench(t, member("a", "worker"), managedIn("a", "worker"), member("b", "other"), approved, away, managedIn("c", "other"), managedIn("gone", "other"))
	w, err := look(t.Context(), b.informers, newOverlay(), b.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	got := w.elsewhere([]decision.Node{{Node: w.nodes["a"]}})
	if want := (decision.Count{Total: 2, Unavailable: 2, Updating: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
