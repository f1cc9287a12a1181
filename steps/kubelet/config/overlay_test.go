package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/kubelet/config/v1beta1"
)

func TestCheckOverlay(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		overlay map[string]any
		minor   uint
		want    []string // one a problem; none: valid
	}{
		"nothing":                       {nil, 36, nil},
		"fields of the user":            {map[string]any{"clusterDomain": "cluster.local", "podPidsLimit": int64(4096)}, 36, nil},
		"a field of this minor":         {map[string]any{"tlsCurvePreferences": []any{int64(29)}}, 36, nil},
		"a field of the next minor":     {map[string]any{"tlsCurvePreferences": []any{int64(29)}}, 35, []string{"tlsCurvePreferences came with Kubernetes 1.36, and the kubelet of 1.35"}},
		"a field that nobody has":       {map[string]any{"clusterNDS": []any{"10.0.0.10"}}, 36, []string{`unknown field "clusterNDS"`}},
		"another case":                  {map[string]any{"clusterDns": []any{"10.0.0.10"}}, 36, []string{"did you mean clusterDNS?"}},
		"a nested field nobody has":     {map[string]any{"logging": map[string]any{"fromat": "json"}}, 36, []string{`unknown field "logging.fromat"`}},
		"a wrong type":                  {map[string]any{"maxOpenFiles": "many"}, 36, []string{"kubelet.config.maxOpenFiles has a value"}},
		"a duration without its unit":   {map[string]any{"syncFrequency": "30"}, 36, []string{"kubelet.config.syncFrequency has a value"}},
		"a field of a newer Kubernetes": {map[string]any{"defaultPodSysctls": map[string]any{}}, 37, []string{`unknown field "defaultPodSysctls"`}},
		"an owned field":                {map[string]any{"maxPods": int64(10)}, 36, []string{"kubelet.config.maxPods is not for an overlay: use spec.kubelet.maxPods"}},
		"three mistakes": {map[string]any{"cgroupDriver": "cgroupfs", "nope": true, "failCgroupV1": "no"}, 36,
			[]string{"kubelet.config.cgroupDriver", "kubelet.config.failCgroupV1", `unknown field "nope"`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckOverlay(c.overlay, c.minor)
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if len(got) != len(c.want) {
				t.Fatalf("got problems %q, want %d", got, len(c.want))
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("problem %d: got %q, want one with %q", i, got[i], want)
				}
			}
		})
	}
}

// fieldNames are the top-level fields of the published types.
func fieldNames() []string {
	var names []string
	t := reflect.TypeFor[v1beta1.KubeletConfiguration]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return append(names, "apiVersion", "kind")
}

func TestWithoutEffect(t *testing.T) {
	t.Parallel()
	overlay := map[string]any{"streamingConnectionIdleTimeout": "1h", "iptablesDropBit": int64(15), "clusterDomain": "x"}
	for minor, want := range map[uint][]string{
		27: nil,
		33: {"kubelet.config.iptablesDropBit has no effect since Kubernetes 1.28: remove it"},
		34: {"kubelet.config.iptablesDropBit has no effect since Kubernetes 1.28: remove it",
			"kubelet.config.streamingConnectionIdleTimeout has no effect since Kubernetes 1.34: remove it"},
	} {
		if diff := cmp.Diff(want, WithoutEffect(overlay, minor)); diff != "" {
			t.Errorf("1.%d (-want +got):\n%s", minor, diff)
		}
	}
}

func TestTablesNameRealFields(t *testing.T) {
	t.Parallel()
	names := fieldNames()
	for _, field := range slices.Concat(slices.Collect(maps.Keys(OwnedFields)), slices.Collect(maps.Keys(sinceMinor)), slices.Collect(maps.Keys(withoutEffect))) {
		if !slices.Contains(names, field) {
			t.Errorf("%q is in a table and not in KubeletConfiguration", field)
		}
	}
}

func TestEveryOwnedFieldIsRefused(t *testing.T) {
	t.Parallel()
	for field, instead := range OwnedFields {
		err := CheckOverlay(map[string]any{field: nil}, 36)
		if want := fmt.Sprintf("kubelet.config.%s is not for an overlay: %s", field, instead); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What Render writes without an overlay must be owned, or an overlay could
// override it without anybody being told.
func TestEveryWrittenFieldIsOwned(t *testing.T) {
	t.Parallel()
	s := full(36)
	fields, err := setFields(s.configuration())
	if err != nil {
		t.Fatal(err)
	}
	for field := range fields {
		// Whether a host may have swap is asked for by people who leave swap
		// unmanaged, too.
		if _, owned := OwnedFields[field]; !owned && field != "failSwapOn" {
			t.Errorf("%s is written and not owned", field)
		}
	}
}

func TestRefusesCgroupV1(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		overlay map[string]any
		minor   uint
		want    bool
	}{
		"1.34 by default":    {nil, 34, false},
		"1.35 by default":    {nil, 35, true},
		"1.36 told to start": {map[string]any{"failCgroupV1": false}, 36, false},
		"1.34 told to end":   {map[string]any{"failCgroupV1": true}, 34, true},
	}
	for name, c := range cases {
		if got := RefusesCgroupV1(c.overlay, c.minor); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	under := map[string]any{"kept": 1, "object": map[string]any{"a": 1, "b": 2}, "list": []any{1, 2}, "was": map[string]any{"x": 1}}
	over := map[string]any{"new": 3, "object": map[string]any{"b": 20, "c": 30}, "list": []any{3}, "was": "text"}
	want := map[string]any{"kept": 1, "new": 3, "object": map[string]any{"a": 1, "b": 20, "c": 30}, "list": []any{3}, "was": "text"}
	if diff := cmp.Diff(want, merge(under, over)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"a": 1, "b": 2}, under["object"]); diff != "" {
		t.Errorf("merge changed what it was given (-want +got):\n%s", diff)
	}
}
