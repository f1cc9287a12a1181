package kubelet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/kubelet/pkg/apis"
)

// checkLabels applies the kubelet's own rules for --node-labels, which it ends
// over at its start: under kubernetes.io and k8s.io a node may give itself only
// the published set, so that it cannot draw workloads to itself (the API server's
// NodeRestriction holds the same rule).
func checkLabels(labels map[string]string) error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, why := range validation.IsQualifiedName(key) {
			problems = append(problems, fmt.Errorf("label %q: %s", key, why))
		}
		for _, why := range validation.IsValidLabelValue(labels[key]) {
			problems = append(problems, fmt.Errorf("label %q has the value %q: %s", key, labels[key], why))
		}
		if reserved(key) && !apis.IsKubeletLabel(key) {
			problems = append(problems, fmt.Errorf(
				"label %q: a node may not give itself labels under kubernetes.io and k8s.io, other than those under %s and %s: use another prefix, or set it with kubectl label node",
				key, strings.Join(apis.KubeletLabelNamespaces(), ", "), strings.Join(apis.KubeletLabels(), ", ")))
		}
	}
	return errors.Join(problems...)
}

// reserved tells whether a label key belongs to the Kubernetes project.
func reserved(key string) bool {
	prefix, _, found := strings.Cut(key, "/")
	return found && slices.ContainsFunc([]string{"kubernetes.io", "k8s.io"}, func(domain string) bool {
		return prefix == domain || strings.HasSuffix(prefix, "."+domain)
	})
}

// joinLabels writes labels as --node-labels takes them, in order.
func joinLabels(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ",")
}

func checkTaints(taints []Taint) error {
	var problems []error
	seen := map[[2]string]bool{}
	for _, t := range taints {
		for _, why := range validation.IsQualifiedName(t.Key) {
			problems = append(problems, fmt.Errorf("taint %q: %s", t.Key, why))
		}
		for _, why := range validation.IsValidLabelValue(t.Value) {
			problems = append(problems, fmt.Errorf("taint %q has the value %q: %s", t.Key, t.Value, why))
		}
		if err := oneOf("effect of taint "+t.Key, t.Effect, "NoSchedule", "PreferNoSchedule", "NoExecute"); err != nil {
			problems = append(problems, err)
		}
		// The API server refuses a Node with such a pair.
		if id := [2]string{t.Key, t.Effect}; seen[id] {
			problems = append(problems, fmt.Errorf("taint %s:%s is there twice", t.Key, t.Effect))
		} else {
			seen[id] = true
		}
	}
	return errors.Join(problems...)
}

// nodeTaints keeps the order given, which the API keeps too.
func nodeTaints(taints []Taint) []corev1.Taint {
	var out []corev1.Taint
	for _, t := range taints {
		out = append(out, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	return out
}
