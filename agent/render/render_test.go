package render_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/render"
)

var update = flag.Bool("update", false, "write the golden files, and fail")

const worker = `
apiVersion: hostler.dev/v1alpha1
kind: NodeGroup
metadata: {name: worker}
spec:
  kubernetesVersion: 1.36.3
  packages:
    repositories:
      - {name: a, type: apt, url: "https://example.com/a", suite: stable, components: [main, contrib], key: /etc/a.asc}
      - {name: b, distros: [debian, ubuntu], type: rpm, url: "https://example.com/b", key: /etc/b.asc}
    install: [{name: conntrack}, {name: socat, version: 1.8.0.0-4}]
    remove: [nano, unattended-upgrades]
  cri:
    containerd: {version: 1.7.24-1, config: {debug: {level: info}, timeouts: {task: 2}}}
  kubelet:
    maxPods: 60
    containerLogMaxSize: 1024Mi
    config: {clusterDNS: [10.96.0.10], failCgroupV1: false, memoryThrottlingFactor: 0.9}
  operatingSystem:
    sysctl: {net.ipv4.ip_forward: "1", vm.max_map_count: "262144"}
    kernelModules: [br_netfilter, overlay]
    files: [{path: /etc/a, mode: "600", content: "<a> & b\n"}, {path: /etc/b, restart: [b.service, a.service]}]
    units: [{name: b.service, enabled: true}, {name: a.service, dropIns: [{name: a.conf, content: a}, {name: b.conf, content: b}]}]
  network: {cni: {type: Bridge, bridge: {subnet: 10.88.0.0/16}}}
  nodeTemplate:
    labels: {example.com/a: a, example.com/b: b}
    taints: [{key: a, effect: NoSchedule}, {key: b, effect: NoExecute}]
`

// TestRevisionIsStable holds the name of a revision, and the form that it is made from: if they change, all nodes of all
// clusters are updated for nothing.
func TestRevisionIsStable(t *testing.T) {
	t.Parallel()
	const golden = "testdata/revision.json"
	data, err := json.MarshalIndent(revision(t, read(t, worker)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(data) + "\n"
	want, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the revision of a group changed (-want +got):\n%s", diff)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written: read it, and run again without -update", golden)
	}
}

func TestNameIsMadeFromTheChecksum(t *testing.T) {
	t.Parallel()
	r := revision(t, read(t, worker))
	if len(r.Spec.Checksum) != 64 {
		t.Errorf("got checksum %q, want 64 hexadecimal digits", r.Spec.Checksum)
	}
	if want := "worker-" + r.Spec.Checksum[:8]; r.Name != want {
		t.Errorf("got name %q, want %q", r.Name, want)
	}
}

func TestSpecIsComplete(t *testing.T) {
	t.Parallel()
	group := &v1alpha1.NodeGroup{}
	group.Name = "worker"
	spec := revision(t, group).Spec.Host
	if spec.CRI.Containerd == nil || spec.CRI.Containerd.MaxConcurrentDownloads != 3 || spec.OperatingSystem.Swap != v1alpha1.SwapDisabled {
		t.Errorf("got %+v, want containerd and all defaults in it", spec)
	}
}

// TestEditsThatChangeNoMachine keep the revision.
func TestEditsThatChangeNoMachine(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ from, to string }{
		"the order of sysctls":      {`{net.ipv4.ip_forward: "1", vm.max_map_count: "262144"}`, `{vm.max_map_count: "262144", net.ipv4.ip_forward: "1"}`},
		"the order of modules":      {"[br_netfilter, overlay]", "[overlay, br_netfilter]"},
		"the order of labels":       {"{example.com/a: a, example.com/b: b}", "{example.com/b: b, example.com/a: a}"},
		"the order of taints":       {"[{key: a, effect: NoSchedule}, {key: b, effect: NoExecute}]", "[{key: b, effect: NoExecute}, {key: a, effect: NoSchedule}]"},
		"the order of packages":     {"[{name: conntrack}, {name: socat, version: 1.8.0.0-4}]", "[{name: socat, version: 1.8.0.0-4}, {name: conntrack}]"},
		"the order of removals":     {"[nano, unattended-upgrades]", "[unattended-upgrades, nano]"},
		"the order of components":   {"[main, contrib]", "[contrib, main]"},
		"the order of distros":      {"[debian, ubuntu]", "[ubuntu, debian]"},
		"the order of drop-ins":     {"[{name: a.conf, content: a}, {name: b.conf, content: b}]", "[{name: b.conf, content: b}, {name: a.conf, content: a}]"},
		"the order in an overlay":   {"{debug: {level: info}, timeouts: {task: 2}}", "{timeouts: {task: 2}, debug: {level: info}}"},
		"the spelling of a size":    {"1024Mi", "1Gi"},
		"the spelling of a mode":    {`mode: "600"`, `mode: "0600"`},
		"a default written out":     {"maxPods: 60", "maxPods: 60\n    containerLogMaxFiles: 4"},
		"an empty list":             {"kernelModules:", "caCertificates: []\n    kernelModules:"},
		"a label on the group":      {"{name: worker}", "{name: worker, labels: {a: b}, annotations: {c: d}}"},
		"the choice of nodes":       {"kubernetesVersion:", "nodeSelector: {a: b}\n  kubernetesVersion:"},
		"the way of the update":     {"kubernetesVersion:", "update: {order: Zone}\n  disruptions: {drain: {}}\n  drift: {}\n  kubernetesVersion:"},
		"the status that was there": {"spec:", "status: {observedGeneration: 7}\nspec:"},
	}
	want := revision(t, read(t, worker))
	for name, c := range cases {
		t.Run("keeps the revision for "+name, func(t *testing.T) {
			t.Parallel()
			got := revision(t, read(t, replaced(t, c.from, c.to)))
			if diff := cmp.Diff(plain(t, want), plain(t, got)); diff != "" {
				t.Errorf("the revision changed (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("keeps the revision for a pause of the update", func(t *testing.T) {
		t.Parallel()
		group := read(t, worker)
		group.Spec.Update.Paused = true
		group.Spec.Drift.Policy = v1alpha1.DriftIgnore
		group.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual
		if got := revision(t, group).Spec.Checksum; got != want.Spec.Checksum {
			t.Errorf("got checksum %s, want %s", got, want.Spec.Checksum)
		}
	})
}

// TestEditsThatChangeMachines make a new revision.
func TestEditsThatChangeMachines(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ from, to string }{
		"another group":             {"{name: worker}", "{name: infra}"},
		"a version":                 {"1.36.3", "1.36.4"},
		"a sysctl":                  {`"262144"`, `"262145"`},
		"content of a file":         {"<a> & b", "<a> & c"},
		"the order of the files":    {`[{path: /etc/a, mode: "600", content: "<a> & b\n"}, {path: /etc/b, restart: [b.service, a.service]}]`, `[{path: /etc/b, restart: [b.service, a.service]}, {path: /etc/a, mode: "600", content: "<a> & b\n"}]`},
		"the order of the restarts": {"[b.service, a.service]", "[a.service, b.service]"},
		"a number in an overlay":    {"{task: 2}", "{task: 3}"},
		"false instead of not set":  {"enabled: true", "enabled: false"},
		"a taint":                   {"effect: NoExecute", "effect: NoSchedule"},
		"no label":                  {"{example.com/a: a, example.com/b: b}", "{example.com/a: a}"},
	}
	seen := map[string]string{revision(t, read(t, worker)).Spec.Checksum: "the group as it was"}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		got := revision(t, read(t, replaced(t, cases[name].from, cases[name].to))).Spec.Checksum
		if same, taken := seen[got]; taken {
			t.Errorf("%s: got the revision of %s, want one of its own", name, same)
		}
		seen[got] = name
	}
}

func TestRenderLeavesTheGroupAsItIs(t *testing.T) {
	t.Parallel()
	group := read(t, worker)
	slices.Reverse(group.Spec.OperatingSystem.KernelModules)
	before := group.DeepCopy()
	revision(t, group)
	if diff := cmp.Diff(plain(t, before), plain(t, group)); diff != "" {
		t.Errorf("the group changed (-before +after):\n%s", diff)
	}
}

// TestOrderMeansNothing shuffles every list without an order.
func TestOrderMeansNothing(t *testing.T) {
	t.Parallel()
	group := read(t, worker)
	want := revision(t, group).Spec.Checksum
	rapid.Check(t, func(t *rapid.T) {
		shuffled := group.DeepCopy()
		s := &shuffled.Spec
		s.OperatingSystem.KernelModules = shuffle(t, s.OperatingSystem.KernelModules)
		s.Packages.Repositories = shuffle(t, s.Packages.Repositories)
		s.Packages.Install = shuffle(t, s.Packages.Install)
		s.Packages.Remove = shuffle(t, s.Packages.Remove)
		s.NodeTemplate.Taints = shuffle(t, s.NodeTemplate.Taints)
		for i := range s.Packages.Repositories {
			s.Packages.Repositories[i].Components = shuffle(t, s.Packages.Repositories[i].Components)
			s.Packages.Repositories[i].Distros = shuffle(t, s.Packages.Repositories[i].Distros)
		}
		for i := range s.OperatingSystem.Units {
			s.OperatingSystem.Units[i].DropIns = shuffle(t, s.OperatingSystem.Units[i].DropIns)
		}
		got, err := render.Render(shuffled, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Spec.Checksum != want {
			t.Fatalf("got checksum %s, want %s", got.Spec.Checksum, want)
		}
	})
}

// TestGroupsThatDifferHaveOtherRevisions changes sysctls and modules at random: only equal ones may share a revision.
func TestGroupsThatDifferHaveOtherRevisions(t *testing.T) {
	t.Parallel()
	words := rapid.StringMatching(`[a-z]{1,3}`)
	group := rapid.Custom(func(t *rapid.T) *v1alpha1.NodeGroup {
		g := &v1alpha1.NodeGroup{}
		g.Name = "g"
		g.Spec.OperatingSystem.Sysctl = rapid.MapOfN(words, words, 0, 3).Draw(t, "sysctl")
		g.Spec.OperatingSystem.KernelModules = rapid.SliceOfNDistinct(words, 0, 3, rapid.ID[string]).Draw(t, "modules")
		return g
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := group.Draw(t, "a"), group.Draw(t, "b")
		modules := func(g *v1alpha1.NodeGroup) []string {
			return slices.Sorted(slices.Values(g.Spec.OperatingSystem.KernelModules))
		}
		equal := maps.Equal(a.Spec.OperatingSystem.Sysctl, b.Spec.OperatingSystem.Sysctl) && slices.Equal(modules(a), modules(b))
		ra, errA := render.Render(a, nil)
		rb, errB := render.Render(b, nil)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := ra.Spec.Checksum == rb.Spec.Checksum; got != equal {
			t.Fatalf("got the same revision: %t, want %t", got, equal)
		}
	})
}

func shuffle[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return list
	}
	return rapid.Permutation(list).Draw(t, "order")
}

func read(t *testing.T, text string) *v1alpha1.NodeGroup {
	t.Helper()
	docs, err := input.Read("f", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return docs.Groups[0]
}

func replaced(t *testing.T, from, to string) string {
	t.Helper()
	text := strings.Replace(worker, from, to, 1)
	if text == worker {
		t.Fatalf("the group has no %q to replace", from)
	}
	return text
}

func revision(t *testing.T, group *v1alpha1.NodeGroup) render.Revision {
	t.Helper()
	r, err := render.Render(group, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func plain(t *testing.T, value any) any {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var written any
	if err := json.Unmarshal(data, &written); err != nil {
		t.Fatal(err)
	}
	return written
}
