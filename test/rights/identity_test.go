//go:build cluster

package rights

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/cluster"
)

// Where the kinds of these tests are served.
var (
	managedNodes   = v1alpha1.GroupVersion.WithResource("managednodes")
	nodeGroups     = v1alpha1.GroupVersion.WithResource("nodegroups")
	configurations = v1alpha1.GroupVersion.WithResource("nodegroupconfigurations")
	revisions      = v1alpha1.GroupVersion.WithResource("nodegrouprevisions")
	policies       = v1alpha1.GroupVersion.WithResource("updatepolicies")
	nodes          = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	pods           = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	secrets        = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	accounts       = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	leases         = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	admission      = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"}
)

// identity is somebody with a credential of their own.
type identity struct{ dynamic.Interface }

// user returns somebody with a certificate, such as a node has.
func user(cp *cluster.ControlPlane, name, user string, groups ...string) (identity, error) {
	path, err := cp.UserKubeconfig(name, user, groups...)
	if err != nil {
		return identity{}, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return identity{}, err
	}
	return withConfig(config)
}

// node returns the kubelet of a node, whose credential the agent uses.
func node(cp *cluster.ControlPlane, name string) (identity, error) {
	return user(cp, "node-"+name, "system:node:"+name, "system:nodes")
}

// serviceAccount returns a program in the cluster, with a token as its pod would have.
func serviceAccount(ctx context.Context, cp *cluster.ControlPlane, namespace, name string) (identity, error) {
	token, err := cp.Kubectl(ctx, "create", "token", name, "--namespace="+namespace)
	if err != nil {
		return identity{}, err
	}
	return withConfig(&rest.Config{
		Host: cp.URL, BearerToken: strings.TrimSpace(token), TLSClientConfig: rest.TLSClientConfig{CAFile: cp.CAFile},
	})
}

func withConfig(config *rest.Config) (identity, error) {
	config.QPS = -1 // the tests are over before they would hurt anybody
	client, err := dynamic.NewForConfig(config)
	return identity{client}, err
}

// object reads YAML.
func object(text string) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	return o, yaml.Unmarshal([]byte(text), &o.Object)
}

// act is one thing that somebody tries.
type act func(ctx context.Context, who identity) error

// patch changes an object by a merge patch, given as YAML. An act without a namespace is on an object of the cluster.
func patch(resource schema.GroupVersionResource, name, change string, subresources ...string) act {
	return func(ctx context.Context, who identity) error {
		_, err := who.patch(ctx, resource, name, change, metav1.PatchOptions{}, subresources...)
		return err
	}
}

// apply applies the status of a ManagedNode on the server's side, as agents do.
func apply(name, status string) act { return applyAs("hostler-agent", name, status) }

// applyAs is for another field manager: what one applied the other does not take back.
func applyAs(manager, name, status string) act {
	return func(ctx context.Context, who identity) error {
		o, err := object(status)
		if err != nil {
			return err
		}
		o.SetAPIVersion(v1alpha1.GroupVersion.String())
		o.SetKind(v1alpha1.ManagedNodeKind)
		o.SetName(name)
		_, err = who.Resource(managedNodes).ApplyStatus(ctx, name, o, metav1.ApplyOptions{FieldManager: manager, Force: true})
		return err
	}
}

// replace reads an object, edits it, and writes it back as a whole.
func replace(resource schema.GroupVersionResource, name string, edit func(o *unstructured.Unstructured) error, subresources ...string) act {
	return func(ctx context.Context, who identity) error {
		o, err := who.Resource(resource).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := edit(o); err != nil {
			return err
		}
		_, err = who.Resource(resource).Update(ctx, o, metav1.UpdateOptions{}, subresources...)
		return err
	}
}

func get(resource schema.GroupVersionResource, name string) act {
	return func(ctx context.Context, who identity) error {
		_, err := who.Resource(resource).Get(ctx, name, metav1.GetOptions{})
		return err
	}
}

func list(resource schema.GroupVersionResource) act {
	return func(ctx context.Context, who identity) error {
		_, err := who.Resource(resource).List(ctx, metav1.ListOptions{})
		return err
	}
}

func create(resource schema.GroupVersionResource, text string) act {
	return func(ctx context.Context, who identity) error {
		o, err := object(text)
		if err != nil {
			return err
		}
		_, err = who.Resource(resource).Namespace(o.GetNamespace()).Create(ctx, o, metav1.CreateOptions{})
		return err
	}
}

func remove(resource schema.GroupVersionResource, namespace, name string) act {
	return func(ctx context.Context, who identity) error {
		return who.Resource(resource).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{})
	}
}

// inNamespace gets an object of a namespace.
func inNamespace(resource schema.GroupVersionResource, namespace, name string) act {
	return func(ctx context.Context, who identity) error {
		_, err := who.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		return err
	}
}

// post creates a subresource, such as the eviction of a pod.
func post(resource schema.GroupVersionResource, namespace, name, text, subresource string) act {
	return func(ctx context.Context, who identity) error {
		o, err := object(text)
		if err != nil {
			return err
		}
		o.SetName(name)
		_, err = who.Resource(resource).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{}, subresource)
		return err
	}
}

func (who identity) patch(
	ctx context.Context, resource schema.GroupVersionResource, name, change string, options metav1.PatchOptions, subresources ...string,
) (*unstructured.Unstructured, error) {
	data, err := yaml.YAMLToJSON([]byte(change))
	if err != nil {
		return nil, err
	}
	return who.Resource(resource).Patch(ctx, name, types.MergePatchType, data, options, subresources...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
