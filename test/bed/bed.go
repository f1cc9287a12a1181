// Package bed puts on a bare test machine what a person puts there before
// hostler takes over: a package mirror, the key of the Kubernetes repository,
// the cluster's CA and a join token. And it fits the example NodeGroups, which
// name hosts that exist nowhere, to the test cluster.
package bed

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/test/cluster"
)

// Where Prepare puts things on the machine.
const (
	KeyFile      = "/etc/hostler/keys/kubernetes.asc"
	CAFile       = "/etc/hostler/ca.crt"
	TokenFile    = "/etc/hostler/token"
	SettingsFile = "/etc/hostler/agent.yaml"
)

// Mirror gives the machine a mirror of its Debian release, as an installer
// would have.
func Mirror(ctx context.Context, run *cluster.Run, node *cluster.Node) error {
	mirror, err := run.Repository(ctx, cluster.RepositoryDebian(node.Suite))
	if err != nil {
		return err
	}
	const key = "/usr/share/keyrings/mirror.asc"
	return errors.Join(
		node.WriteFile(ctx, key, mirror.Key, 0o644),
		node.WriteFile(ctx, "/etc/apt/sources.list.d/mirror.list", mirror.SourceLine(key)+"\n", 0o644),
	)
}

// Join gives the machine what it needs to join: the cluster's CA, a token, and
// hostler's settings that name them.
func Join(ctx context.Context, cp *cluster.ControlPlane, node *cluster.Node) error {
	token, err := cp.BootstrapToken(ctx)
	if err != nil {
		return err
	}
	settings := fmt.Sprintf("api-server: %s\nca-file: %s\ntoken-file: %s\n", cp.URL, CAFile, TokenFile)
	ca, err := os.ReadFile(cp.CAFile)
	if err != nil {
		return err
	}
	return errors.Join(
		node.WriteFile(ctx, CAFile, string(ca), 0o644),
		node.WriteFile(ctx, TokenFile, token, 0o600),
		node.WriteFile(ctx, SettingsFile, settings, 0o644),
	)
}

// Key puts the key of the Kubernetes repository where the examples say it is.
func Key(ctx context.Context, node *cluster.Node, repository cluster.Repository) error {
	return node.WriteFile(ctx, KeyFile, repository.Key, 0o644)
}

// Edit changes a NodeGroup's spec, as decoded YAML.
type Edit func(spec map[string]any)

// Fit turns an example NodeGroup into one for the test cluster: the repository
// is the run's, the pause image the one that nodes have, containerd gets
// what it needs in a container, and the kubelet is content with a disk that is
// nearly full. Edits come after that.
func Fit(example []byte, repository cluster.Repository, edits ...Edit) (string, error) {
	var group map[string]any
	if err := yaml.Unmarshal(example, &group); err != nil {
		return "", fmt.Errorf("reading the example: %w", err)
	}
	spec, ok := group["spec"].(map[string]any)
	if !ok {
		return "", errors.New("the example has no spec")
	}
	Child(spec, "packages")["repositories"] = []any{map[string]any{
		"name": "kubernetes", "type": "apt", "url": repository.URL, "suite": repository.Suite,
		"components": repository.Components, "key": KeyFile,
	}}
	containerd := Child(spec, "cri", "containerd")
	containerd["sandboxImage"] = cluster.PauseImage
	containerd["config"] = map[string]any{"plugins": map[string]any{
		"io.containerd.grpc.v1.cri":    cluster.ContainerdQuirks,
		"io.containerd.cri.v1.runtime": cluster.ContainerdQuirks,
	}}
	// The disk of the machine beneath is everybody's: how full it is says nothing about a node.
	Child(spec, "kubelet", "config")["evictionHard"] = map[string]any{"nodefs.available": "1%", "imagefs.available": "1%"}
	for _, edit := range edits {
		edit(spec)
	}
	fitted, err := yaml.Marshal(group)
	return string(fitted), err
}

// Child returns the map at a path below another, making what is missing.
func Child(parent map[string]any, path ...string) map[string]any {
	for _, name := range path {
		child, ok := parent[name].(map[string]any)
		if !ok {
			child = map[string]any{}
			parent[name] = child
		}
		parent = child
	}
	return parent
}
