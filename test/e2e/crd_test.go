//go:build cluster

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestCRDs loads the CRDs into a real API server, and compares what that makes of NodeGroups with what hostler does.
func TestCRDs(t *testing.T) {
	t.Parallel()
	cp, err := controlPlane()
	must(t, err)
	for _, path := range glob(t, "packaging", "crds", "*.yaml") {
		crd, err := os.ReadFile(path)
		must(t, err)
		must(t, cp.Apply(t.Context(), string(crd)))
	}
	// kubectl wait fails at once while the conditions are null, as those of a new CRD are.
	for deadline := time.Now().Add(30 * time.Second); ; {
		_, err = cp.Kubectl(t.Context(), "wait", "crd/nodegroups.hostler.dev", "--for=condition=Established", "--timeout=30s")
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	must(t, err)

	for _, path := range glob(t, "examples", "*.yaml") {
		t.Run(filepath.Base(path)+" is taken, with the defaults that hostler knows", func(t *testing.T) {
			// 10m and 10m0s are the same to both, and so are quantities that are written in two ways.
			same := cmp.Comparer(func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
			if diff := cmp.Diff(validated(t, path), serverDryRun(t, cp, path), same); diff != "" {
				t.Errorf("spec (-hostler +API server):\n%s", diff)
			}
		})
	}

	for name, edit := range map[string]struct {
		edit bed.Edit
		want string
	}{
		"a field that does not exist":     {func(spec map[string]any) { spec["kubernetes"] = "1.36.3" }, "kubernetes"},
		"a version that is not exact":     {func(spec map[string]any) { spec["kubernetesVersion"] = "latest" }, "spec.kubernetesVersion"},
		"a runtime that nobody knows":     {func(spec map[string]any) { bed.Child(spec, "cri")["type"] = "Podman" }, "spec.cri.type"},
		"a sysctl that is no text":        {func(spec map[string]any) { bed.Child(spec, "operatingSystem", "sysctl")["vm.swappiness"] = int64(1) }, "spec.operatingSystem.sysctl"},
		"an impact that is not an impact": {func(spec map[string]any) { firstFile(spec)["impact"] = "Huge" }, "spec.operatingSystem.files"},
		"a file twice":                    {func(spec map[string]any) { twoFiles(spec) }, "Duplicate"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			var group map[string]any
			must(t, yaml.Unmarshal(example, &group))
			edit.edit(group["spec"].(map[string]any))
			bad, err := yaml.Marshal(group)
			must(t, err)
			path := filepath.Join(t.TempDir(), "bad.yaml")
			must(t, os.WriteFile(path, bad, 0o600))
			out, err := cp.Kubectl(t.Context(), "create", "--dry-run=server", "--validate=strict", "-f", path)
			if err == nil {
				t.Fatalf("the API server took it: %s", out)
			}
			if !strings.Contains(err.Error(), edit.want) {
				t.Errorf("got %v, want an error that names %s", err, edit.want)
			}
			if out, err := exec.CommandContext(t.Context(), binaries.plain, "validate", "-f", path).CombinedOutput(); err == nil {
				t.Errorf("hostler takes what the API server refuses: %s", out)
			}
		})
	}
}

func firstFile(spec map[string]any) map[string]any {
	return bed.Child(spec, "operatingSystem")["files"].([]any)[0].(map[string]any)
}

func twoFiles(spec map[string]any) {
	system := bed.Child(spec, "operatingSystem")
	system["files"] = append(system["files"].([]any), firstFile(spec))
}

// serverDryRun is the spec that the API server would store.
func serverDryRun(t *testing.T, cp *cluster.ControlPlane, path string) v1alpha1.NodeGroupSpec {
	t.Helper()
	out, err := cp.Kubectl(t.Context(), "create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", path)
	must(t, err)
	var object v1alpha1.NodeGroup
	must(t, json.Unmarshal([]byte(out), &object))
	return object.Spec
}

// validated is the spec as hostler reads it.
func validated(t *testing.T, path string) v1alpha1.NodeGroupSpec {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binaries.plain, "validate", "-o", "json", "-f", path).Output()
	must(t, err)
	var document struct{ Groups []v1alpha1.NodeGroup }
	must(t, json.Unmarshal(out, &document))
	return document.Groups[0].Spec
}

func glob(t *testing.T, path ...string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(append([]string{checkout}, path...)...))
	must(t, err)
	if len(found) == 0 {
		t.Fatalf("there is no %s", filepath.Join(path...))
	}
	return found
}
