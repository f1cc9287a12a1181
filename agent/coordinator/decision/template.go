package decision

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// owned is the value of the annotation that remembers what of a Node came from a template.
type owned struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
	// Taints as key:effect.
	Taints []string `json:"taints,omitempty"`
}

// TemplatePatch is the Node as the template wants it, and whether that differs from what it is. What came from an earlier
// template and is not in this one is removed; everything else of the Node stays. The template wins over
// what others set under its keys. The Node that is given is not changed.
func TemplatePatch(node *corev1.Node, wanted *v1alpha1.NodeTemplateSpec) (patched *corev1.Node, changed bool) {
	note, noted := node.Annotations[v1alpha1.NodeTemplateAnnotation]
	if !noted && len(wanted.Labels)+len(wanted.Annotations)+len(wanted.Taints) == 0 {
		return node, false // the case of most clusters, which have thousands of Nodes: nothing is copied
	}
	var before owned
	// An annotation that cannot be read remembers nothing: hostler then takes nothing back, which is the safe side.
	_ = json.Unmarshal([]byte(note), &before)
	patched = node.DeepCopy()
	patched.Labels = merge(patched.Labels, before.Labels, wanted.Labels)
	patched.Annotations = merge(patched.Annotations, before.Annotations, wanted.Annotations)
	patched.Spec.Taints = mergeTaints(patched.Spec.Taints, before.Taints, wanted.Taints)
	remember(patched, wanted)
	changed = !maps.Equal(patched.Labels, node.Labels) || !maps.Equal(patched.Annotations, node.Annotations) ||
		!slices.EqualFunc(patched.Spec.Taints, node.Spec.Taints, sameTaint)
	return patched, changed
}

func merge(now map[string]string, before []string, wanted map[string]string) map[string]string {
	for _, key := range before {
		if _, stays := wanted[key]; !stays {
			delete(now, key)
		}
	}
	if now == nil && len(wanted) > 0 {
		now = map[string]string{}
	}
	maps.Copy(now, wanted)
	return now
}

// mergeTaints keeps the order of the taints that are there, and the time that the API server gave some of them.
func mergeTaints(now []corev1.Taint, before []string, wanted []v1alpha1.Taint) []corev1.Taint {
	var merged []corev1.Taint
	missing := map[string]v1alpha1.Taint{}
	for _, taint := range wanted {
		missing[taintKey(taint.Key, string(taint.Effect))] = taint
	}
	for _, taint := range now {
		key := taintKey(taint.Key, string(taint.Effect))
		if stays, ok := missing[key]; ok {
			taint.Value = stays.Value
			delete(missing, key)
		} else if slices.Contains(before, key) {
			continue
		}
		merged = append(merged, taint)
	}
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		taint := missing[key]
		merged = append(merged, corev1.Taint{Key: taint.Key, Value: taint.Value, Effect: corev1.TaintEffect(taint.Effect)})
	}
	return merged
}

// remember notes on the Node what is the template's.
func remember(node *corev1.Node, wanted *v1alpha1.NodeTemplateSpec) {
	after := owned{Labels: slices.Sorted(maps.Keys(wanted.Labels)), Annotations: slices.Sorted(maps.Keys(wanted.Annotations))}
	for _, taint := range wanted.Taints {
		after.Taints = append(after.Taints, taintKey(taint.Key, string(taint.Effect)))
	}
	slices.Sort(after.Taints)
	if len(after.Labels)+len(after.Annotations)+len(after.Taints) == 0 {
		delete(node.Annotations, v1alpha1.NodeTemplateAnnotation)
		return
	}
	text, err := json.Marshal(after)
	if err != nil {
		return // lists of strings always can be written
	}
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	node.Annotations[v1alpha1.NodeTemplateAnnotation] = string(text)
}

func taintKey(key, effect string) string { return key + ":" + effect }

func sameTaint(a, b corev1.Taint) bool {
	return a.Key == b.Key && a.Value == b.Value && a.Effect == b.Effect
}
