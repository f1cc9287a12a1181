package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

func TestServesDistro(t *testing.T) {
	t.Parallel()
	cases := []struct {
		distros     []string
		id, version string
		want        bool
	}{
		{nil, "debian", "12", true},
		{[]string{"debian"}, "debian", "12", true},
		{[]string{"debian"}, "ubuntu", "24.04", false},
		{[]string{"debian/12"}, "debian", "12", true},
		{[]string{"debian/12"}, "debian", "13", false},
		{[]string{"debian/1"}, "debian", "12", false},
		{[]string{"rocky/9"}, "rocky", "9.4", true},
		{[]string{"debian/11", "debian/12"}, "debian", "12", true},
		{[]string{"debian/12"}, "debian", "", false},
	}
	for _, c := range cases {
		repository := v1alpha1.Repository{Distros: c.distros}
		if got := repository.ServesDistro(c.id, c.version); got != c.want {
			t.Errorf("%v serves %s %s: got %t, want %t", c.distros, c.id, c.version, got, c.want)
		}
	}
}

func TestModeBits(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]uint32{"0644": 0o644, "644": 0o644, "1777": 0o1777, "01777": 0o1777, "none": 0} {
		file := v1alpha1.File{Mode: mode}
		if got := file.ModeBits(); got != want {
			t.Errorf("%q: got %o, want %o", mode, got, want)
		}
	}
}

func TestTaintIsSpeltAsTheKubeletWantsIt(t *testing.T) {
	t.Parallel()
	taint := v1alpha1.Taint{Key: "a", Value: "b", Effect: v1alpha1.TaintNoSchedule}
	if got, want := taint.String(), "a=b:NoSchedule"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	var overlay v1alpha1.Overlay
	if err := json.Unmarshal([]byte(`{"a": 1, "b": 1.5, "c": {"d": [true, null, "x"]}}`), &overlay); err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.Overlay{"a": int64(1), "b": 1.5, "c": map[string]any{"d": []any{true, nil, "x"}}}

	t.Run("keeps whole numbers whole", func(t *testing.T) {
		if diff := cmp.Diff(want, overlay); diff != "" {
			t.Errorf("overlay differs (-want +got):\n%s", diff)
		}
	})
	t.Run("shares nothing with its copy", func(t *testing.T) {
		copied := overlay.DeepCopy()
		copied["c"].(map[string]any)["d"].([]any)[0] = false
		if diff := cmp.Diff(want, overlay); diff != "" {
			t.Errorf("the original changed (-want +got):\n%s", diff)
		}
	})
	t.Run("is not there when it was not there", func(t *testing.T) {
		if got := v1alpha1.Overlay(nil).DeepCopy(); got != nil {
			t.Errorf("got %v, want nil", got)
		}
	})
}

func TestAddToScheme(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{
		v1alpha1.NodeGroupKind, v1alpha1.NodeGroupConfigurationKind, v1alpha1.NodeGroupRevisionKind, v1alpha1.ManagedNodeKind, v1alpha1.UpdatePolicyKind,
	} {
		for _, name := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(v1alpha1.GroupVersion.WithKind(name)) {
				t.Errorf("the scheme does not know %s", name)
			}
		}
	}
}
