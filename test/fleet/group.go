package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// Group returns examples/cluster/nodegroup.yaml under a name, fitted to the fleet: with the repositories of both minors, and
// the older Kubernetes.
func (f *Fleet) Group(ctx context.Context, name string, edits ...bed.Edit) (string, error) {
	example, err := os.ReadFile(filepath.Join(f.checkout, "examples", "cluster", "nodegroup.yaml"))
	if err != nil {
		return "", err
	}
	repository, err := f.run.Repository(ctx, cluster.RepositoryKubernetes)
	if err != nil {
		return "", err
	}
	older, err := f.run.Repository(ctx, cluster.RepositoryOlder)
	if err != nil {
		return "", err
	}
	fit := func(spec map[string]any) {
		spec["kubernetesVersion"] = cluster.OlderKubernetes
		packages := bed.Child(spec, "packages")
		list, _ := packages["repositories"].([]any)
		packages["repositories"] = append(list, map[string]any{
			"name": "kubernetes-older", "type": "apt", "url": older.URL, "suite": older.Suite, "components": older.Components, "key": bed.KeyFile,
		})
	}
	text, err := bed.Fit(example, repository, append([]bed.Edit{fit}, edits...)...)
	if err != nil {
		return "", err
	}
	return named(text, name)
}

// named gives an object another name.
func named(text, name string) (string, error) {
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		return "", err
	}
	bed.Child(object, "metadata")["name"] = name
	out, err := yaml.Marshal(object)
	return string(out), err
}

// Version is an edit that asks for a version of Kubernetes.
func Version(version string) bed.Edit {
	return func(spec map[string]any) { spec["kubernetesVersion"] = version }
}

// AtOnce is an edit for groups whose nodes wait for nothing but each other.
func AtOnce(spec map[string]any) { delete(bed.Child(spec, "update"), "waves") }

// EditGroup changes the spec of a NodeGroup in the API, as `kubectl edit` would, and returns when the coordinator has seen it.
func (f *Fleet) EditGroup(ctx context.Context, name string, edit func(*v1alpha1.NodeGroupSpec)) error {
	var generation int64
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		group := &v1alpha1.NodeGroup{}
		if err := f.API.Get(ctx, client.ObjectKey{Name: name}, group); err != nil {
			return err
		}
		edit(&group.Spec)
		err := f.API.Update(ctx, group)
		generation = group.Generation
		return err
	})
	if err != nil {
		return fmt.Errorf("editing NodeGroup %s: %w", name, err)
	}
	return f.Wait(ctx, func(w *World) error {
		if group := w.Group(name); group == nil || group.Status.ObservedGeneration < generation {
			return fmt.Errorf("the coordinator has not seen generation %d of group %s: %+v", generation, name, group)
		}
		return nil
	})
}

// Move makes nodes members of a group; with no group, of none.
func (f *Fleet) Move(ctx context.Context, group string, nodes ...*Node) error {
	label := v1alpha1.NodeGroupLabel + "=" + group
	if group == "" {
		label = v1alpha1.NodeGroupLabel + "-"
	}
	args := []string{"label", "--overwrite", "node"}
	for _, node := range nodes {
		args = append(args, node.Name)
	}
	_, err := f.ControlPlane.Kubectl(ctx, append(args, label)...)
	return err
}
