package render_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
)

// configuration is one for all groups, of the default weight.
func configuration(name string, changes ...func(*v1alpha1.NodeGroupConfigurationSpec)) v1alpha1.NodeGroupConfiguration {
	c := v1alpha1.NodeGroupConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.Spec.Check, c.Spec.Apply = "test -e /etc/"+name, "touch /etc/"+name
	for _, change := range changes {
		change(&c.Spec)
	}
	return c
}

func weighing(weight int32) func(*v1alpha1.NodeGroupConfigurationSpec) {
	return func(s *v1alpha1.NodeGroupConfigurationSpec) { s.Weight = &weight }
}

func serving(groups ...string) func(*v1alpha1.NodeGroupConfigurationSpec) {
	return func(s *v1alpha1.NodeGroupConfigurationSpec) { s.NodeGroups = groups }
}

func on(distros ...string) func(*v1alpha1.NodeGroupConfigurationSpec) {
	return func(s *v1alpha1.NodeGroupConfigurationSpec) { s.Distros = distros }
}

func configured(t interface{ Fatal(...any) }, configurations ...v1alpha1.NodeGroupConfiguration) render.Revision {
	group := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "worker"}}
	r, err := render.Render(group, configurations)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConfigurationsOfTheGroupInOrder(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		given []v1alpha1.NodeGroupConfiguration
		want  []string
	}{
		"one of one weight goes by its name": {
			[]v1alpha1.NodeGroupConfiguration{configuration("b"), configuration("c"), configuration("a")}, []string{"a", "b", "c"},
		},
		"a lower weight goes first": {
			[]v1alpha1.NodeGroupConfiguration{configuration("a"), configuration("b", weighing(99)), configuration("c", weighing(0))},
			[]string{"c", "b", "a"},
		},
		"one that is for other groups is left out": {
			[]v1alpha1.NodeGroupConfiguration{
				configuration("other", serving("master", "infra")), configuration("ours", serving("infra", "worker")), configuration("all"),
				configuration("star", serving("*")), configuration("part of the name", serving("work", "workers")),
			},
			[]string{"all", "ours", "star"},
		},
		"one that is for other distributions is kept, for a group may have several": {
			[]v1alpha1.NodeGroupConfiguration{configuration("a", on("rocky")), configuration("b", on("debian"))}, []string{"a", "b"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, rendered := range configured(t, c.given...).Spec.Configurations {
				got = append(got, rendered.Name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("configurations differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigurationsHaveTheirDefaults(t *testing.T) {
	t.Parallel()
	want := []v1alpha1.Configuration{{Name: "a", Script: v1alpha1.Script{
		Check: "test -e /etc/a", Apply: "touch /etc/a", Impact: v1alpha1.ImpactRestart, Timeout: &metav1.Duration{Duration: 5 * time.Minute},
	}}}
	if diff := cmp.Diff(want, configured(t, configuration("a")).Spec.Configurations); diff != "" {
		t.Errorf("configurations differ (-want +got):\n%s", diff)
	}
}

func TestGroupWithoutConfigurationsKeepsItsRevision(t *testing.T) {
	t.Parallel()
	want := configured(t)
	for name, given := range map[string][]v1alpha1.NodeGroupConfiguration{
		"an empty list":      {},
		"those of others":    {configuration("a", serving("master"))},
		"names like its own": {configuration("a", serving("worker-2", "Worker", "**"))},
	} {
		if diff := cmp.Diff(plain(t, want), plain(t, configured(t, given...))); diff != "" {
			t.Errorf("%s: the revision changed (-want +got):\n%s", name, diff)
		}
	}
}

// TestOrderOfConfigurationsMeansNothing shuffles all lists of configurations that have no order.
func TestOrderOfConfigurationsMeansNothing(t *testing.T) {
	t.Parallel()
	given := []v1alpha1.NodeGroupConfiguration{
		configuration("a", weighing(7), serving("infra", "worker", "master"), on("debian", "ubuntu/24.04", "rocky")),
		configuration("b", weighing(7), serving("*", "worker")),
		configuration("c"),
		configuration("d", weighing(1)),
	}
	want := configured(t, given...).Spec.Checksum
	rapid.Check(t, func(t *rapid.T) {
		var shuffled []v1alpha1.NodeGroupConfiguration
		for _, c := range shuffle(t, given) {
			c = *c.DeepCopy()
			c.Spec.NodeGroups, c.Spec.Distros = shuffle(t, c.Spec.NodeGroups), shuffle(t, c.Spec.Distros)
			shuffled = append(shuffled, c)
		}
		if got := configured(t, shuffled...).Spec.Checksum; got != want {
			t.Fatalf("got checksum %s, want %s", got, want)
		}
	})
}

func TestEditsOfConfigurations(t *testing.T) {
	t.Parallel()
	type spec = v1alpha1.NodeGroupConfigurationSpec
	given := func(change func(*spec)) []v1alpha1.NodeGroupConfiguration {
		return []v1alpha1.NodeGroupConfiguration{
			configuration("a", func(s *spec) { s.NodeGroups, s.Distros = []string{"worker"}, []string{"debian"} }, change), configuration("b"),
		}
	}
	same := map[string]func(*spec){
		"a weight that keeps the order": weighing(99),
		"a further group":               serving("worker", "master"),
		"a default written out":         func(s *spec) { s.Impact = v1alpha1.ImpactRestart },
		"a timeout spelt otherwise":     func(s *spec) { s.Timeout = &metav1.Duration{Duration: 300 * time.Second} },
	}
	want := configured(t, given(func(*spec) {})...).Spec.Checksum
	for name, change := range same {
		if got := configured(t, given(change)...).Spec.Checksum; got != want {
			t.Errorf("%s: got checksum %s, want the one from before, %s", name, got, want)
		}
	}
	other := map[string]func(*spec){
		"a weight that changes the order": weighing(101),
		"another group":                   serving("master"),
		"another distribution":            on("debian", "ubuntu"),
		"another check":                   func(s *spec) { s.Check = "false" },
		"another apply":                   func(s *spec) { s.Apply = "false" },
		"an undo":                         func(s *spec) { s.Undo = "rm /etc/a" },
		"another impact":                  func(s *spec) { s.Impact = v1alpha1.ImpactDrain },
		"optional":                        func(s *spec) { s.Optional = true },
		"another timeout":                 func(s *spec) { s.Timeout = &metav1.Duration{Duration: time.Minute} },
	}
	seen := map[string]string{want: "the configuration as it was"}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		got := configured(t, given(other[name])...).Spec.Checksum
		if before, taken := seen[got]; taken {
			t.Errorf("%s: got the revision of %s, want one of its own", name, before)
		}
		seen[got] = name
	}
}

func TestRenderLeavesTheConfigurationsAsTheyAre(t *testing.T) {
	t.Parallel()
	given := []v1alpha1.NodeGroupConfiguration{configuration("b", on("ubuntu", "debian")), configuration("a")}
	before := []v1alpha1.NodeGroupConfiguration{*given[0].DeepCopy(), *given[1].DeepCopy()}
	configured(t, given...)
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the configurations changed (-before +after):\n%s", diff)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	fresh := func() render.Revision { return configured(t, configuration("a"), configuration("b")) }
	if err := render.Verify(fresh()); err != nil {
		t.Errorf("got error %v for a revision as it was made, want none", err)
	}
	for name, change := range map[string]func(*render.Revision){
		"a host that changed":          func(r *render.Revision) { r.Spec.Host.Kubelet.ContainerLogMaxFiles = 9 },
		"a script that changed":        func(r *render.Revision) { r.Spec.Configurations[0].Apply += "\n" },
		"a configuration that is gone": func(r *render.Revision) { r.Spec.Configurations = r.Spec.Configurations[1:] },
		"configurations that swapped":  func(r *render.Revision) { slices.Reverse(r.Spec.Configurations) },
		"a field that was dropped":     func(r *render.Revision) { r.Spec.Configurations[0].Timeout = nil },
		"another group":                func(r *render.Revision) { r.Spec.NodeGroup = "master" },
		"another name":                 func(r *render.Revision) { r.Name = render.Name("worker", strings.Repeat("0", 64)) },
		"another checksum":             func(r *render.Revision) { r.Spec.Checksum = strings.Repeat("0", 64) },
		"no checksum":                  func(r *render.Revision) { r.Spec.Checksum = "" },
	} {
		r := fresh()
		change(&r)
		if err := render.Verify(r); !errors.Is(err, render.ErrChecksum) {
			t.Errorf("%s: got error %v, want %v", name, err, render.ErrChecksum)
		}
	}
}

func TestAnnotationsOfTheNodeAreNoPartOfARevision(t *testing.T) {
	t.Parallel()
	group := read(t, worker)
	want := revision(t, group)
	group.Spec.NodeTemplate.Annotations = map[string]string{"example.com/rack": "7"}
	if diff := cmp.Diff(plain(t, want), plain(t, revision(t, group))); diff != "" {
		t.Errorf("the revision changed (-want +got):\n%s", diff)
	}
}
