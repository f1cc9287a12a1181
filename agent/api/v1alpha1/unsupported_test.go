package v1alpha1

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// served are the fields below spec that a step serves or that need none. A field of the API is here or in unsupported,
// or, where only some of its values are served, in both.
var served = []string{
	"nodeSelector", "kubernetesVersion", "packages",
	"cri",
	"kubelet.maxPods", "kubelet.nodeIP", "kubelet.containerLogMaxSize", "kubelet.containerLogMaxFiles", "kubelet.seccompDefault",
	"kubelet.resourceReservation", "kubelet.topologyManager", "kubelet.memorySwap", "kubelet.config",
	"operatingSystem",
	"network.cni.type", "network.cni.bridge", "network.cniLinks",
	"nodeTemplate", "update", "disruptions", "drift",
}

func TestEveryFieldIsServedOrRefused(t *testing.T) {
	t.Parallel()
	known := slices.Clone(served)
	for _, f := range unsupported {
		known = append(known, f.path)
	}
	fields := leafPaths(reflect.TypeFor[NodeGroupSpec](), "")
	if len(fields) < 80 {
		t.Fatalf("got %d fields of the spec, want all of them", len(fields))
	}
	for _, path := range fields {
		if !slices.ContainsFunc(known, func(k string) bool { return path == k || strings.HasPrefix(path, k+".") }) {
			t.Errorf("spec.%s is neither served nor refused: it would be ignored in silence", path)
		}
	}
	for _, path := range known {
		if !slices.ContainsFunc(fields, func(f string) bool { return path == f || strings.HasPrefix(f, path+".") }) {
			t.Errorf("spec.%s is no field of the API", path)
		}
	}
}

// leafPaths are the paths of the fields that have no fields of our own below them. Items of lists have their list's path.
func leafPaths(t reflect.Type, at string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[NodeGroupSpec]().PkgPath() {
		return []string{at}
	}
	var paths []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		paths = append(paths, leafPaths(field.Type, strings.TrimPrefix(at+"."+name, "."))...)
	}
	for i := range paths {
		paths[i] = strings.Trim(strings.ReplaceAll(paths[i], "..", "."), ".")
	}
	return paths
}

// usedBy has, for every unsupported field, a spec that sets it.
var usedBy = map[string]string{
	"kubelet.rootDir":              `{"kubelet": {"rootDir": "/data/kubelet"}}`,
	"network.cni.type":             `{"network": {"cni": {"type": "Flannel"}}}`,
	"network.nodeLocalDNS.enabled": `{"network": {"nodeLocalDNS": {"enabled": true}}}`,
	"network.nodeLocalDNS.address": `{"network": {"nodeLocalDNS": {"address": "169.254.1.1"}}}`,
}

func TestUnsupportedFieldsAreRefused(t *testing.T) {
	t.Parallel()
	for _, f := range unsupported {
		t.Run("refuses spec."+f.path, func(t *testing.T) {
			t.Parallel()
			group := &NodeGroup{}
			group.Name = "worker"
			group.Spec.KubernetesVersion = "1.36.3"
			if err := json.Unmarshal([]byte(usedBy[f.path]), &group.Spec); err != nil {
				t.Fatalf("usedBy has no spec that sets it: %v", err)
			}
			group.SetDefaults()
			want := "spec." + f.path + ": Forbidden: not supported yet: " + f.reason
			for _, err := range group.Validate() {
				if err.Error() == want {
					return
				}
			}
			t.Errorf("got %v, want %s among them", group.Validate(), want)
		})
	}
}
