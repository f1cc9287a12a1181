//go:build cluster

package e2e

import (
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// podSubnet is what examples/worker.yaml gives to pods.
const podSubnet = "10.88.0.0/16"

// workerGroup is examples/worker.yaml for this cluster.
func workerGroup(t *testing.T, edits ...bed.Edit) string {
	t.Helper()
	group, err := bed.Fit(example, repository(t, cluster.RepositoryKubernetes), edits...)
	must(t, err)
	return group
}

// systemGroup is examples/worker.yaml without Kubernetes: the operating system and containerd.
func systemGroup(t *testing.T, edits ...bed.Edit) string {
	t.Helper()
	withoutKubernetes := func(spec map[string]any) {
		for _, field := range []string{"kubernetesVersion", "kubelet", "network", "nodeTemplate"} {
			delete(spec, field)
		}
		delete(bed.Child(spec, "packages"), "repositories")
	}
	group, err := bed.Fit(example, cluster.Repository{}, append([]bed.Edit{withoutKubernetes}, edits...)...)
	must(t, err)
	return group
}

// addRepository adds a repository of the run.
func addRepository(t *testing.T, name string) bed.Edit {
	t.Helper()
	added := repository(t, name)
	return func(spec map[string]any) {
		packages := bed.Child(spec, "packages")
		list, _ := packages["repositories"].([]any)
		packages["repositories"] = append(list, map[string]any{
			"name": name, "type": "apt", "url": added.URL, "suite": added.Suite, "components": added.Components, "key": bed.KeyFile,
		})
	}
}

// install adds a package.
func install(name, version string) bed.Edit {
	return func(spec map[string]any) {
		packages := bed.Child(spec, "packages")
		list, _ := packages["install"].([]any)
		packages["install"] = append(list, map[string]any{"name": name, "version": version})
	}
}

func repository(t *testing.T, name string) cluster.Repository {
	t.Helper()
	r, err := shared.Repository(t.Context(), name)
	must(t, err)
	return r
}

// canJoin gives the machine what it needs to join the cluster.
func (m machine) canJoin(t *testing.T) *cluster.ControlPlane {
	t.Helper()
	cp, err := controlPlane()
	must(t, err)
	must(t, bed.Key(t.Context(), m.Node, repository(t, cluster.RepositoryKubernetes)))
	must(t, bed.Join(t.Context(), cp, m.Node))
	return cp
}
