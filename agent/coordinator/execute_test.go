package coordinator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func TestActionsOfANodeKeepTheirOrderAndWaitForTheGroup(t *testing.T) {
	t.Parallel()
	var got []string
	for _, part := range parts([]decision.Action{
		decision.SetGroupStatus{}, decision.DropResume{},
		decision.SetSpec{Node: "a"}, decision.SetSpec{Node: "b"}, decision.Cordon{Node: "a"}, decision.Event{Node: "b"},
		decision.Event{},
		decision.Mirror{Node: "a"}, decision.Wake{},
	}) {
		line := tellActions(part.group)
		for _, list := range part.node {
			line += "[" + tellActions(list) + "]"
		}
		got = append(got, line)
	}
	want := []string{"SetGroupStatus DropResume", "[SetSpec/a Cordon/a][SetSpec/b Event/b]", "Event", "[Mirror/a]", "Wake"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func tellActions(list []decision.Action) string {
	var words []string
	for _, action := range list {
		word := strings.TrimPrefix(fmt.Sprintf("%T", action), "decision.")
		if node := subject(action); node != "" {
			word += "/" + node
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestGrantsDoNotWaitForRevisions(t *testing.T) {
	t.Parallel()
	held := managedIn("held", "worker")
	held.Spec.Approval = &v1alpha1.Approval{}
	w := &world{managed: map[string]*v1alpha1.ManagedNode{"held": held}}
	lists := [][]decision.Action{
		{decision.SetSpec{Node: "a"}}, {decision.SetSpec{Node: "granted", Spec: v1alpha1.ManagedNodeSpec{Approval: &v1alpha1.Approval{}}}},
		{decision.SetSpec{Node: "b"}}, {decision.SetSpec{Node: "held"}}, {decision.Mirror{Node: "c"}}, {decision.Uncordon{Node: "d"}},
	}
	var got []string
	for _, list := range urgentFirst(w, lists) {
		got = append(got, subject(list[0]))
	}
	if diff := cmp.Diff([]string{"granted", "held", "d", "a", "b", "c"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestWakeIsTheEarliestTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("x"), newGroup("y"))
	b.decide = func(o decision.Observation) []decision.Action {
		after := map[string]time.Duration{"x": time.Hour, "y": time.Minute}[o.Group.Name]
		return []decision.Action{decision.Wake{At: b.clock.now().Add(2 * after)}, decision.Wake{At: b.clock.now().Add(after)}}
	}
	if got := b.round(); got < time.Minute || got > time.Minute+time.Second {
		t.Errorf("got the next round after %v, want it after a minute", got)
	}
}

func TestHeartbeatsAskForNoRound(t *testing.T) {
	t.Parallel()
	update := func(change func(*corev1.Node)) bool {
		before := member("a", "worker")
		before.ResourceVersion = "1"
		before.Status.Images = []corev1.ContainerImage{{SizeBytes: 1}}
		after := before.DeepCopy()
		after.ResourceVersion = "2"
		change(after)
		stripNodeInPlace(before)
		stripNodeInPlace(after)
		return differs[*corev1.Node]().Update(event.TypedUpdateEvent[*corev1.Node]{ObjectOld: before, ObjectNew: after})
	}
	for name, c := range map[string]struct {
		change func(*corev1.Node)
		want   bool
	}{
		"a heartbeat": {func(n *corev1.Node) { n.Status.Conditions[0].LastHeartbeatTime = metav1.Now() }, false},
		"an image":    {func(n *corev1.Node) { n.Status.Images = nil }, false},
		"not Ready":   {func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionFalse }, true},
		"a cordon":    {func(n *corev1.Node) { n.Spec.Unschedulable = true }, true},
		"a label":     {func(n *corev1.Node) { n.Labels = nil }, true},
		"a request":   {func(n *corev1.Node) { n.Annotations = map[string]string{v1alpha1.DrainAnnotation: ""} }, true},
		"a version":   {func(n *corev1.Node) { n.Status.NodeInfo.KubeletVersion = "v1.36.3" }, true},
	} {
		if got := update(c.change); got != c.want {
			t.Errorf("%s: got a round %v, want %v", name, got, c.want)
		}
	}
}

func TestInformersKeepWhoAsked(t *testing.T) {
	t.Parallel()
	entry := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	m := managedIn("a", "worker")
	m.ManagedFields = []metav1.ManagedFieldsEntry{
		entry("kubectl-annotate", `{"f:metadata":{"f:annotations":{"f:hostler.dev/approved":{}}}}`),
		entry("hostler-agent", `{"f:status":{"f:phase":{}}}`), {Manager: "none"},
	}
	stripManagedInPlace(m)
	if len(m.ManagedFields) != 1 || m.ManagedFields[0].Manager != "kubectl-annotate" {
		t.Errorf("got managers %v, want the one who asked", m.ManagedFields)
	}
}

func TestStatusWithFineTimesIsWrittenOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), member("a", "worker"), managedIn("a", "worker"))
	fine := b.clock.now().Add(time.Second / 3)
	b.decide = func(decision.Observation) []decision.Action {
		soak, proven := metav1.NewTime(fine), metav1.NewMicroTime(fine.Add(time.Nanosecond))
		return []decision.Action{
			decision.SetGroupStatus{Status: v1alpha1.NodeGroupStatus{Waves: []v1alpha1.WaveStatus{{Name: "canary", SoakUntil: &soak}}}},
			decision.SetRollout{Node: "a", Rollout: v1alpha1.RolloutStatus{ProvenAt: &proven},
				Waiting: metav1.Condition{Type: v1alpha1.ConditionWaiting, Status: metav1.ConditionFalse, LastTransitionTime: soak}},
		}
	}
	b.round()
	if got := len(b.cluster.done("")); got != 3 { // and the revision
		t.Errorf("got %d writes, want 3", got)
	}
	b.round()
	if got := b.cluster.done(""); len(got) > 0 {
		t.Errorf("got %v again, want nothing: the API has it", got)
	}
}

func TestRolloutLeavesTheAgentsPartAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, newGroup("worker"), member("a", "worker"), managedIn("a", "worker"))
	edit(b.cluster, "a", func(m *v1alpha1.ManagedNode) {
		m.Status.Phase = v1alpha1.PhaseUpToDate
		m.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionTrue}}
	})
	b.decide = func(decision.Observation) []decision.Action {
		return []decision.Action{decision.SetRollout{Node: "a", Rollout: v1alpha1.RolloutStatus{Wave: "canary"},
			Waiting: metav1.Condition{Type: v1alpha1.ConditionWaiting, Status: metav1.ConditionTrue, Reason: "Slot"}}}
	}
	b.round()
	status := b.managed("a").Status
	if status.Phase != v1alpha1.PhaseUpToDate || len(status.Conditions) != 2 || status.Rollout == nil || status.Rollout.Wave != "canary" {
		t.Errorf("got %+v, want the agent's phase and condition, and ours", status)
	}
}
