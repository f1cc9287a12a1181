// Package fetch reads what package explain needs from the API server, with a person's own credential: the Node, its
// ManagedNode, the NodeGroups and the UpdatePolicy. It knows these kinds alone, so it needs neither discovery nor the
// clients of all of Kubernetes.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/explain"
)

// requestTimeout bounds one request: a person waits.
const requestTimeout = 10 * time.Second

// ErrNoCluster is that nothing says which API server to ask, or that what says so cannot be used.
var ErrNoCluster = errors.New("no API server is named")

// Config says which cluster is asked.
type Config struct {
	// Kubeconfig is a file. Default: those that KUBECONFIG names, else ~/.kube/config, else the ServiceAccount of the pod
	// that this runs in.
	Kubeconfig string
	// Context of the kubeconfig. Default: its current one.
	Context string
}

// Client reads from one API server.
type Client struct {
	server string
	core   rest.Interface
	own    rest.Interface
}

// New finds the cluster. It does not talk to it.
func New(config Config) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = config.Kubeconfig
	restConfig, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: config.Context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: %w; name one with --kubeconfig, KUBECONFIG or ~/.kube/config", ErrNoCluster, err)
	}
	restConfig.Timeout = requestTimeout
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	c := &Client{server: restConfig.Host}
	if c.core, err = client(restConfig, "/api", corev1.SchemeGroupVersion, scheme); err != nil {
		return nil, err
	}
	if c.own, err = client(restConfig, "/apis", v1alpha1.GroupVersion, scheme); err != nil {
		return nil, err
	}
	return c, nil
}

func client(base *rest.Config, path string, version schema.GroupVersion, scheme *runtime.Scheme) (rest.Interface, error) {
	config := rest.CopyConfig(base)
	config.APIPath, config.GroupVersion = path, &version
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	c, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("%w: making a client for %s: %w", ErrNoCluster, base.Host, err)
	}
	return c, nil
}

// Input reads what there is about a node. That something does not exist is no error.
func (c *Client) Input(ctx context.Context, node string) (explain.Input, error) {
	in := explain.Input{Name: node, Now: time.Now()}
	groups := &v1alpha1.NodeGroupList{}
	err := c.own.Get().Resource("nodegroups").Do(ctx).Into(groups)
	// A list is never missing, only its kind.
	if in.NotInstalled = apierrors.IsNotFound(err); err != nil && !in.NotInstalled {
		return in, c.failed("listing NodeGroups", err)
	}
	in.Groups = groups.Items
	if in.Node, err = get(ctx, c, c.core, "nodes", node, &corev1.Node{}); err != nil || in.NotInstalled {
		return in, err
	}
	if in.Managed, err = get(ctx, c, c.own, "managednodes", node, &v1alpha1.ManagedNode{}); err != nil {
		return in, err
	}
	in.Policy, err = get(ctx, c, c.own, "updatepolicies", v1alpha1.UpdatePolicyName, &v1alpha1.UpdatePolicy{})
	return in, err
}

// get reads an object; nil: there is none.
func get[T any, P interface {
	*T
	runtime.Object
}](ctx context.Context, c *Client, from rest.Interface, resource, name string, into P) (P, error) {
	err := from.Get().Resource(resource).Name(name).Do(ctx).Into(into)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.failed(fmt.Sprintf("reading %s %q", resource, name), err)
	}
	return into, nil
}

// failed says which server was asked, and what to do.
func (c *Client) failed(act string, err error) error {
	act = fmt.Sprintf("%s from the API server %s", act, cmp.Or(c.server, "that the kubeconfig names"))
	switch {
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: %w: log in anew, or name another credential with --kubeconfig or --context", act, err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s: %w: ask for the right to read nodes, managednodes, nodegroups and updatepolicies", act, err)
	}
	return fmt.Errorf("%s: %w: see whether it is up (kubectl cluster-info), or name another with --kubeconfig or --context", act, err)
}
