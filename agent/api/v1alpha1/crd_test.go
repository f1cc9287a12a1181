package v1alpha1_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

var plurals = []string{"managednodes", "nodegroupconfigurations", "nodegrouprevisions", "nodegroups", "updatepolicies"}

// TestEveryFieldIsExplained holds what `kubectl explain` prints: each field says what it is for.
func TestEveryFieldIsExplained(t *testing.T) {
	t.Parallel()
	for _, plural := range plurals {
		t.Run("in "+plural, func(t *testing.T) {
			t.Parallel()
			fields := describedFields(t, crdSchema(t, plural), "")
			if len(fields) < 10 {
				t.Errorf("got %d fields with a description, want those of the whole object", len(fields))
			}
		})
	}
}

// describedFields returns the paths of all fields, and reports those without a description.
func describedFields(t *testing.T, schema map[string]any, at string) (paths []string) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property := properties[name].(map[string]any)
		path := at + "." + name
		if text, _ := property["description"].(string); text == "" && path != ".metadata" { // the API server knows that one
			t.Errorf("%s has no description: write a comment above the field", path)
		}
		paths = append(append(paths, path), describedFields(t, property, path)...)
	}
	for _, below := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[below].(map[string]any); ok {
			paths = append(paths, describedFields(t, inner, at+"[]")...)
		}
	}
	return paths
}

// TestSchemasHoldNothingUnknown keeps fields of free form where they belong: the API server drops what it does not know
// everywhere else, and an agent would find another checksum than the coordinator.
func TestSchemasHoldNothingUnknown(t *testing.T) {
	t.Parallel()
	for plural, want := range map[string]int{
		"managednodes": 0, "nodegroupconfigurations": 0, "updatepolicies": 0, "nodegroups": 2, "nodegrouprevisions": 2,
	} {
		if got := freeForm(crdSchema(t, plural)); got != want {
			t.Errorf("%s: got %d fields of free form, want %d: kubelet.config and containerd.config of a host", plural, got, want)
		}
	}
}

func freeForm(value any) (n int) {
	switch value := value.(type) {
	case map[string]any:
		if fmt.Sprint(value["x-kubernetes-preserve-unknown-fields"]) == "true" {
			n++
		}
		for _, inner := range value {
			n += freeForm(inner)
		}
	case []any:
		for _, inner := range value {
			n += freeForm(inner)
		}
	}
	return n
}
