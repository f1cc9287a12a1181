package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
)

// requestTimeout bounds each request but the watch.
const requestTimeout = 15 * time.Second

// FieldManager is the agent's name in managedFields.
const FieldManager = "hostler-agent"

const (
	managedNodes = "managednodes"
	revisions    = "nodegrouprevisions"
)

// client is the little of the API that the agent uses.
type client struct {
	rest       rest.Interface
	parameters runtime.ParameterCodec
	http       *http.Client
}

func newClient(config *rest.Config, userAgent string) (*client, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.APIPath, config.GroupVersion = "/apis", &v1alpha1.GroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.UserAgent = userAgent
	config.WarningHandler = rest.NoWarnings{}
	// client-go keeps transports for ever, one for each certificate, unless it cannot compare them.
	config.Proxy = http.ProxyFromEnvironment
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	c, err := rest.RESTClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	return &client{rest: c, parameters: runtime.NewParameterCodec(scheme), http: httpClient}, nil
}

// close ends the connections, which would keep the certificate that they began with.
func (c *client) close() { c.http.CloseIdleConnections() }

// managedNode looks for a ManagedNode; nil: there is none. version is where a watch goes on from. It is asked for as a list,
// because an API server that does not know the kind (yet) answers a get as if the object were not there.
func (c *client) managedNode(ctx context.Context, name string) (found *v1alpha1.ManagedNode, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var list v1alpha1.ManagedNodeList
	err = c.rest.Get().Resource(managedNodes).VersionedParams(only(name), c.parameters).Do(ctx).Into(&list)
	if err != nil {
		return nil, "", fmt.Errorf("asking for ManagedNode %s: %w", name, err)
	}
	for i := range list.Items {
		if list.Items[i].Name == name {
			found = &list.Items[i]
		}
	}
	return found, list.ResourceVersion, nil
}

func (c *client) watch(ctx context.Context, name, version string) (watch.Interface, error) {
	options := only(name)
	options.Watch, options.ResourceVersion, options.AllowWatchBookmarks = true, version, true
	watcher, err := c.rest.Get().Resource(managedNodes).VersionedParams(options, c.parameters).Watch(ctx)
	if err != nil {
		return nil, fmt.Errorf("watching ManagedNode %s: %w", name, err)
	}
	return watcher, nil
}

// only chooses the object with a name. Nothing else of the kind concerns a node.
func only(name string) *metav1.ListOptions {
	return &metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

func (c *client) revision(ctx context.Context, name string) (render.Revision, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var revision v1alpha1.NodeGroupRevision
	if err := c.rest.Get().Resource(revisions).Name(name).Do(ctx).Into(&revision); err != nil {
		return render.Revision{}, err
	}
	return render.Revision{Name: revision.Name, Spec: revision.Spec}, nil
}

// applyStatus writes the agent's part of the status. The uid keeps what one ManagedNode was told from another one of the same name.
func (c *client) applyStatus(ctx context.Context, name, uid string, status *v1alpha1.ManagedNodeStatus) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	body, err := statusPatch(name, uid, status)
	if err != nil {
		return err
	}
	force := true
	err = c.rest.Patch(types.ApplyPatchType).Resource(managedNodes).Name(name).SubResource("status").
		VersionedParams(&metav1.PatchOptions{FieldManager: FieldManager, Force: &force}, c.parameters).
		Body(body).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("reporting to ManagedNode %s: %w", name, err)
	}
	return nil
}

// statusPatch is the object to apply. Times that are not set marshal to null, which is no time and means something of its own
// to server-side apply, so nulls are left out.
func statusPatch(name, uid string, status *v1alpha1.ManagedNodeStatus) ([]byte, error) {
	data, err := json.Marshal(status)
	if err != nil {
		return nil, fmt.Errorf("encoding the status: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("encoding the status: %w", err)
	}
	return json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       v1alpha1.ManagedNodeKind,
		"metadata":   map[string]any{"name": name, "uid": uid},
		"status":     withoutNulls(fields),
	})
}

func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			if item == nil {
				delete(value, key)
				continue
			}
			value[key] = withoutNulls(item)
		}
	case []any:
		for i, item := range value {
			value[i] = withoutNulls(item)
		}
	}
	return value
}
