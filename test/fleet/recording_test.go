package fleet

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

var start = time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)

func at(second int, available int, nodes map[string]NodeSample) Sample {
	return Sample{At: start.Add(time.Duration(second) * time.Second), Available: map[string]int{"web": available}, Nodes: nodes}
}

func TestRecording(t *testing.T) {
	t.Parallel()
	well, away := NodeSample{Group: "worker", Ready: true}, NodeSample{Group: "worker", Ready: true, Cordoned: true, Ours: true}
	var r Recording
	for _, s := range []Sample{
		at(0, 3, map[string]NodeSample{"a": well, "b": well}),
		at(1, 3, map[string]NodeSample{"a": well, "b": well}),
		at(2, 3, map[string]NodeSample{"a": away, "b": well}),
		at(3, 2, map[string]NodeSample{"a": away, "b": {Group: "worker"}}),
		at(5, 3, map[string]NodeSample{"a": well, "b": {Group: "other", Slot: true}}),
	} {
		r.add(s)
	}
	if len(r) != 4 {
		t.Fatalf("got %d samples, want 4: the second says nothing new", len(r))
	}
	if got := r.MinAvailable("web"); got != 2 {
		t.Errorf("fewest available pods: got %d, want 2", got)
	}
	if got := r.MaxUnavailable("worker"); got != 2 {
		t.Errorf("most unavailable nodes: got %d, want 2, a cordoned and b not Ready", got)
	}
	if mine, other := r.MaxSlots("worker"), r.MaxSlots("other"); mine != 0 || other != 1 {
		t.Errorf("most slots at once: got %d and %d, want 0 of worker, 1 of other", mine, other)
	}
	if got := r.Took("a", func(n NodeSample) bool { return n.Cordoned }); got != 3*time.Second {
		t.Errorf("a was cordoned for %s, want 3s", got)
	}
	if got := r.Took("a", func(n NodeSample) bool { return n.Slot }); got != 0 {
		t.Errorf("a held a slot for %s, want never", got)
	}
	t.Run("a part of it begins with what held at that moment", func(t *testing.T) {
		t.Parallel()
		got := r.Since(start.Add(2500 * time.Millisecond))
		if len(got) != 3 || !got[0].At.Equal(start.Add(2*time.Second)) {
			t.Errorf("got\n%swant three samples, from that of second 2 on", got)
		}
	})
}

func TestSampleOf(t *testing.T) {
	t.Parallel()
	ready := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	now := metav1.Now()
	pod := func(name string, status corev1.PodStatus, deleted *metav1.Time) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}, DeletionTimestamp: deleted}, Status: status}
	}
	w := World{objects: map[key]client.Object{}}
	for _, object := range []client.Object{
		pod("available", ready, nil), pod("starting", corev1.PodStatus{}, nil), pod("ending", ready, &now),
		&corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{v1alpha1.NodeGroupLabel: "worker"}},
			Spec:       corev1.NodeSpec{Unschedulable: true},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		},
		&v1alpha1.ManagedNode{
			ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: v1alpha1.ManagedNodeSpec{Approval: &v1alpha1.Approval{}},
			Status: v1alpha1.ManagedNodeStatus{Phase: v1alpha1.PhaseApplying, Rollout: &v1alpha1.RolloutStatus{Drain: &v1alpha1.DrainStatus{State: v1alpha1.Drained}}},
		},
	} {
		w.put(object)
	}
	got := sampleOf(&w)
	want := Sample{At: got.At, Available: map[string]int{"web": 1}, Nodes: map[string]NodeSample{
		"a": {Group: "worker", Ready: true, Cordoned: true, Slot: true, Drain: v1alpha1.Drained, Phase: v1alpha1.PhaseApplying},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
}
