package v1alpha1_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

const crdFolder = "../../../packaging/crds/"

// TestDefaultsAreThoseOfTheCRD defaults the same objects as the API server does from the CRD, and as SetDefaults does.
func TestDefaultsAreThoseOfTheCRD(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"an empty group": `{}`,
		"an empty spec":  `{spec: {}}`,
		"empty sections": `{spec: {packages: {}, cri: {}, kubelet: {}, operatingSystem: {}, network: {}, nodeTemplate: {}, update: {},
			disruptions: {}, drift: {}}}`,
		"empty members": `{spec: {cri: {containerd: {}, docker: {}, notManaged: {criSocketPath: /x}},
			network: {cni: {type: Bridge, bridge: {subnet: 10.0.0.0/8}}}}}`,
		"empty subsections": `{spec: {kubelet: {resourceReservation: {static: {}}, topologyManager: {}, memorySwap: {}},
			network: {cni: {}, nodeLocalDNS: {}}, disruptions: {automatic: {}, drain: {}}}}`,
		"items of all lists": `{spec: {packages: {repositories: [{name: a}], install: [{name: a}]},
			operatingSystem: {files: [{path: /a}, {path: /b, mode: "0600"}], units: [{name: a.service, dropIns: [{name: a.conf}]}],
			caCertificates: [{name: a}], proxy: {}}, nodeTemplate: {taints: [{key: a}]}}}`,
		"items of the update": `{spec: {update: {waves: [{name: a}, {name: b, size: 10%, soak: 1h}], windows: [{from: "01:00"}],
			exclusions: [{reason: a}], gates: {prometheus: [{url: a}], daemonSets: {}}},
			disruptions: {automatic: {windows: [{to: "01:00"}]}}, drift: {items: [{key: a}]}}}`,
		"items of the CRI": `{spec: {cri: {containerd: {registries: [{host: a, mirrors: [{url: a}]}], runtimes: [{name: a}],
			baseRuntimeSpec: {rlimits: [{type: a}]}, config: {a: 1}}}}}`,
		"values set": `{spec: {packages: {lockTimeout: 1m}, cri: {type: Docker, docker: {liveRestore: false, logMaxSize: 5m}},
			kubelet: {containerLogMaxSize: 1Gi, containerLogMaxFiles: 9}, operatingSystem: {swap: Unmanaged, firewall: Disabled},
			update: {maxUnavailable: 30%, failureBudget: 4}, drift: {policy: Alert},
			disruptions: {automatic: {drainBeforeApproval: false}, drain: {onTimeout: Wait}}}}`,
	}
	for name, text := range cases {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			compareDefaults[v1alpha1.NodeGroup](t, "nodegroups", text)
		})
	}
}

func TestDefaultsOfTheOtherKindsAreThoseOfTheirCRDs(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a configuration with nothing": `{spec: {check: a, apply: b}}`,
		"a configuration with values": `{spec: {weight: 0, nodeGroups: [worker], distros: [debian], check: a, apply: b, undo: c,
			impact: None, optional: true, timeout: 1m}}`,
	} {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			compareDefaults[v1alpha1.NodeGroupConfiguration](t, "nodegroupconfigurations", text)
		})
	}
	for name, text := range map[string]string{
		"an empty policy":       `{}`,
		"a policy with nothing": `{spec: {}}`,
		"a policy with values": `{spec: {paused: true, maxUnavailable: 10%, windows: [{from: "01:00"}, {to: "02:00", timeZone: Europe/Berlin}],
			exclusions: [{reason: a}]}}`,
	} {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			compareDefaults[v1alpha1.UpdatePolicy](t, "updatepolicies", text)
		})
	}
}

// compareDefaults applies the defaults of a CRD to an object, and those of its Go type.
func compareDefaults[T any, P interface {
	*T
	SetDefaults()
}](t *testing.T, plural, text string) {
	t.Helper()
	bySetDefaults := decodeInto[T](t, object(t, text))
	P(bySetDefaults).SetDefaults()

	defaulted := object(t, text)
	applyDefaults(crdSchema(t, plural), defaulted)
	byCRD := decodeInto[T](t, defaulted)

	if diff := cmp.Diff(plain(t, byCRD), plain(t, bySetDefaults)); diff != "" {
		t.Errorf("defaults differ (-CRD +SetDefaults):\n%s", diff)
	}
}

func TestSetDefaultsTwiceIsOnce(t *testing.T) {
	t.Parallel()
	var once v1alpha1.NodeGroup
	once.SetDefaults()
	twice := once.DeepCopy()
	twice.SetDefaults()
	if diff := cmp.Diff(plain(t, &once), plain(t, twice)); diff != "" {
		t.Errorf("the second time changed something (-once +twice):\n%s", diff)
	}
}

func TestSetDefaultsOfAConfigurationLeavesTheSharedListAlone(t *testing.T) {
	t.Parallel()
	var a, b v1alpha1.NodeGroupConfiguration
	a.SetDefaults()
	a.Spec.NodeGroups[0] = "worker"
	b.SetDefaults()
	if diff := cmp.Diff([]string{v1alpha1.AllGroups}, b.Spec.NodeGroups); diff != "" {
		t.Errorf("groups differ (-want +got):\n%s", diff)
	}
}

func TestCompleteFillsTheChosenMember(t *testing.T) {
	t.Parallel()
	for _, cri := range []v1alpha1.CRIType{v1alpha1.CRIContainerd, v1alpha1.CRIDocker, v1alpha1.CRINotManaged} {
		group := v1alpha1.NodeGroup{}
		group.Spec.CRI.Type = cri
		group.SetDefaults()
		group.Spec.Complete()
		if got, want := group.Spec.CRI.Containerd != nil, cri == v1alpha1.CRIContainerd; got != want {
			t.Errorf("type %s: got containerd there: %t, want %t", cri, got, want)
		}
		if got, want := group.Spec.CRI.Docker != nil, cri == v1alpha1.CRIDocker; got != want {
			t.Errorf("type %s: got docker there: %t, want %t", cri, got, want)
		}
	}
	group := v1alpha1.NodeGroup{}
	group.SetDefaults()
	group.Spec.Complete()
	if got := group.Spec.CRI.Containerd.MaxConcurrentDownloads; got != 3 {
		t.Errorf("got %d downloads, want the default 3", got)
	}
}

// applyDefaults does what the API server does: a default for a field that is missing, then the same below.
func applyDefaults(schema map[string]any, value any) {
	switch value := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			property := property.(map[string]any)
			if fallback, has := property["default"]; has && value[name] == nil {
				value[name] = copied(fallback)
			}
			applyDefaults(property, value[name])
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, item := range value {
			applyDefaults(items, item)
		}
	}
}

func copied(value any) any {
	if object, ok := value.(map[string]any); ok {
		c := map[string]any{}
		for key, item := range object {
			c[key] = copied(item)
		}
		return c
	}
	return value
}

func crdSchema(t *testing.T, plural string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(crdFolder + "hostler.dev_" + plural + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		t.Fatal(err)
	}
	if len(crd.Spec.Versions) != 1 || crd.Spec.Versions[0].Name != v1alpha1.GroupVersion.Version {
		t.Fatalf("got versions %v, want %s", crd.Spec.Versions, v1alpha1.GroupVersion.Version)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func decode(t *testing.T, object map[string]any) *v1alpha1.NodeGroup {
	t.Helper()
	return decodeInto[v1alpha1.NodeGroup](t, object)
}

func decodeInto[T any](t *testing.T, object map[string]any) *T {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	value := new(T)
	if err := json.Unmarshal(data, value); err != nil {
		t.Fatal(err)
	}
	return value
}

// plain is a value as it is written, so that two spellings of a quantity are equal.
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
