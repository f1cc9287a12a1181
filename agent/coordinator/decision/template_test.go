package decision

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

func TestTemplatePatch(t *testing.T) {
	t.Parallel()
	const note = v1alpha1.NodeTemplateAnnotation
	since := metav1.Now()
	node := func(labels, annotations map[string]string, taints ...corev1.Taint) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: corev1.NodeSpec{Taints: taints}}
	}
	foreign := corev1.Taint{Key: "node.kubernetes.io/unreachable", Effect: corev1.TaintEffectNoExecute, TimeAdded: &since}
	gpu := corev1.Taint{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}
	cases := map[string]struct {
		now    *corev1.Node
		wanted v1alpha1.NodeTemplateSpec
		want   *corev1.Node // nil: unchanged
	}{
		"an empty template changes nothing": {now: node(map[string]string{"os": "linux"}, nil, foreign)},
		"what is wanted is set and noted": {
			now: node(nil, nil, foreign),
			wanted: v1alpha1.NodeTemplateSpec{Labels: map[string]string{"pool": "a"}, Annotations: map[string]string{"rack": "7"},
				Taints: []v1alpha1.Taint{{Key: "gpu", Value: "yes", Effect: v1alpha1.TaintNoSchedule}}},
			want: node(map[string]string{"pool": "a"}, map[string]string{"rack": "7", note: `{"labels":["pool"],"annotations":["rack"],"taints":["gpu:NoSchedule"]}`}, foreign, gpu),
		},
		"what is there already is noted as the template's": {
			now:    node(map[string]string{"pool": "a"}, nil),
			wanted: v1alpha1.NodeTemplateSpec{Labels: map[string]string{"pool": "a"}},
			want:   node(map[string]string{"pool": "a"}, map[string]string{note: `{"labels":["pool"]}`}),
		},
		"what is as wanted and noted stays": {
			now:    node(map[string]string{"pool": "a"}, map[string]string{note: `{"labels":["pool"]}`}),
			wanted: v1alpha1.NodeTemplateSpec{Labels: map[string]string{"pool": "a"}},
		},
		"what leaves the template goes, and nothing else": {
			now:    node(map[string]string{"pool": "a", "os": "linux"}, map[string]string{"rack": "7", "by": "me", note: `{"labels":["pool"],"annotations":["rack"],"taints":["gpu:NoSchedule"]}`}, gpu, foreign),
			wanted: v1alpha1.NodeTemplateSpec{},
			want:   node(map[string]string{"os": "linux"}, map[string]string{"by": "me"}, foreign),
		},
		"a taint of the same key and another effect is somebody else's": {
			now:    node(nil, map[string]string{note: `{"taints":["gpu:NoSchedule"]}`}, gpu, corev1.Taint{Key: "gpu", Effect: corev1.TaintEffectNoExecute}),
			wanted: v1alpha1.NodeTemplateSpec{},
			want:   node(nil, map[string]string{}, corev1.Taint{Key: "gpu", Effect: corev1.TaintEffectNoExecute}),
		},
		"the template wins over other values": {
			now:    node(map[string]string{"pool": "b"}, nil, corev1.Taint{Key: "gpu", Value: "no", Effect: corev1.TaintEffectNoSchedule}),
			wanted: v1alpha1.NodeTemplateSpec{Labels: map[string]string{"pool": "a"}, Taints: []v1alpha1.Taint{{Key: "gpu", Value: "yes", Effect: v1alpha1.TaintNoSchedule}}},
			want:   node(map[string]string{"pool": "a"}, map[string]string{note: `{"labels":["pool"],"taints":["gpu:NoSchedule"]}`}, gpu),
		},
		"a note that cannot be read takes nothing back": {
			now:    node(map[string]string{"pool": "a"}, map[string]string{note: "{"}),
			wanted: v1alpha1.NodeTemplateSpec{Labels: map[string]string{"zone": "x"}},
			want:   node(map[string]string{"pool": "a", "zone": "x"}, map[string]string{note: `{"labels":["zone"]}`}),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := c.now.DeepCopy()
			got, changed := TemplatePatch(c.now, &c.wanted)
			want := c.want
			if want == nil {
				want = before
			}
			if changed != (c.want != nil) {
				t.Errorf("got changed %t, want %t", changed, c.want != nil)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("node (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, c.now); diff != "" {
				t.Errorf("got a changed Node, want the one that was given untouched:\n%s", diff)
			}
			if _, again := TemplatePatch(got, &c.wanted); again {
				t.Error("got another change after the first, want none")
			}
		})
	}
}

func TestTemplateIsKept(t *testing.T) {
	t.Parallel()
	pool := func(then func(w *world)) func(w *world) {
		return func(w *world) {
			w.Group.Spec.NodeTemplate.Labels = map[string]string{"pool": "a"}
			then(w)
		}
	}
	runWorlds(t, map[string]worldCase{
		"on every node": {nodes: 2, given: pool(func(*world) {}), moves: []string{"n1 templated", "n2 templated"}},
		"not on one that other groups choose too": {nodes: 1, given: pool(func(w *world) { w.node("n1").OtherGroups = []string{"db"} })},
		"not while the group cannot be used":      {nodes: 1, given: pool(func(w *world) { w.Invalid = "no" })},
		"not on one that is paused":               {nodes: 1, given: pool(func(w *world) { w.annotate("n1", pausedKey, "") }), moves: []string{"n1 paused true"}},
		"not on one that is let go of": {nodes: 1, given: pool(func(w *world) {
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
			w.node("n1").Left = true
		})},
	})
}
