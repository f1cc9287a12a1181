package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/kubelet/config/v1beta1"
	kjson "sigs.k8s.io/json"
)

// CheckOverlay tells what is wrong with an overlay for the kubelet of a minor
// version (36 for 1.36): every owned, unknown, too new or mistyped field, each as
// an error that names it.
func CheckOverlay(overlay map[string]any, minor uint) error {
	var problems []error
	for _, field := range slices.Sorted(maps.Keys(overlay)) {
		if err := checkField(field, overlay[field], minor); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func checkField(field string, value any, minor uint) error {
	if instead, owned := OwnedFields[field]; owned {
		return fmt.Errorf("kubelet.config.%s is not for an overlay: %s", field, instead)
	}
	if since := sinceMinor[field]; since > minor {
		return fmt.Errorf("kubelet.config.%s came with Kubernetes 1.%d, and the kubelet of 1.%d would ignore it: remove it, or upgrade first", field, since, minor)
	}
	// One field at a time, so that an error of a value's own decoder, which
	// knows no path ("invalid duration"), is still reported with the field.
	data, err := json.Marshal(map[string]any{field: value})
	if err != nil {
		return fmt.Errorf("kubelet.config.%s: %w", field, err)
	}
	unknown, err := kjson.UnmarshalStrict(data, &v1beta1.KubeletConfiguration{})
	if err != nil {
		return fmt.Errorf("kubelet.config.%s has a value that the kubelet cannot read: %w", field, err)
	}
	var problems []error
	for _, u := range unknown {
		problems = append(problems, fmt.Errorf("kubelet.config: %w in KubeletConfiguration, which the kubelet would ignore%s", u, suggestion(field)))
	}
	return errors.Join(problems...)
}

// WithoutEffect tells which fields of an overlay the kubelet of a minor version
// accepts and ignores, one sentence each.
func WithoutEffect(overlay map[string]any, minor uint) []string {
	var found []string
	for _, field := range slices.Sorted(maps.Keys(overlay)) {
		if since, ok := withoutEffect[field]; ok && minor >= since {
			found = append(found, fmt.Sprintf("kubelet.config.%s has no effect since Kubernetes 1.%d: remove it", field, since))
		}
	}
	return found
}

// suggestion names the field that differs from a wrong one in case only: the most
// common mistake, since Go, YAML and flags each spell acronyms in their own way.
func suggestion(wrong string) string {
	t := reflect.TypeFor[v1beta1.KubeletConfiguration]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != wrong && strings.EqualFold(name, wrong) {
			return "; did you mean " + name + "?"
		}
	}
	return ""
}

// RefusesCgroupV1 tells whether a kubelet of the minor version, with this
// overlay, ends at its start on a host with cgroup v1.
func RefusesCgroupV1(overlay map[string]any, minor uint) bool {
	if set, ok := overlay["failCgroupV1"].(bool); ok {
		return set
	}
	return minor >= cgroupV1Minor
}

// merge lays over upon under: objects field by field, anything else as a whole.
func merge(under, over map[string]any) map[string]any {
	merged := maps.Clone(under)
	for key, value := range over {
		inner, isObject := value.(map[string]any)
		below, wasObject := merged[key].(map[string]any)
		if isObject && wasObject {
			value = merge(below, inner)
		}
		merged[key] = value
	}
	return merged
}
