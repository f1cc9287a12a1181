// Package ready asks the API server whether this host's Node is Ready, with the
// kubelet's own credential: the last word on whether a run did good.
package ready

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/hostler-dev/hostler/agent/credential"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// requestTimeout bounds one question to the API server.
const requestTimeout = 10 * time.Second

// maxNodeBytes bounds what is read of the answer; etcd holds no larger object.
const maxNodeBytes = 4 << 20

// Node is the probe. It is absent until the kubelet has got its credential.
type Node struct {
	// NodeName is the name of the Node object.
	NodeName string
	// Kubeconfig is the kubelet's, as the host sees it.
	Kubeconfig string
	// NetworkManaged says that the pod network comes from hostler. Where it does
	// not, it comes from a DaemonSet that needs the node first, so a node that
	// lacks nothing but the network is well.
	NetworkManaged bool
}

var _ steps.Probe = Node{}

// Name implements steps.Probe.
func (n Node) Name() string { return "node " + n.NodeName + " Ready" }

// Check implements steps.Probe.
func (n Node) Check(ctx context.Context, v host.View) error {
	node, err := n.Get(ctx, v)
	if err != nil {
		return err
	}
	return n.judge(node)
}

// Get asks the API server for the Node. It is steps.ErrAbsent until the kubelet has got its credential.
func (n Node) Get(ctx context.Context, v host.View) (*corev1.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	config, err := credential.Load(v, n.Kubeconfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the kubelet has no credential yet (%w): %w", err, steps.ErrAbsent)
	}
	if err != nil {
		return nil, err
	}
	return get(ctx, config, n.NodeName)
}

// judge reads the Ready condition.
func (n Node) judge(node *corev1.Node) error {
	for _, condition := range node.Status.Conditions {
		if condition.Type != corev1.NodeReady {
			continue
		}
		if condition.Status == corev1.ConditionTrue {
			return nil
		}
		// The kubelet writes what the runtime lacks into the message; there is no
		// condition of its own for the network (kubernetes/kubernetes,
		// pkg/kubelet/nodestatus/setters.go, ReadyCondition).
		if !n.NetworkManaged && strings.Contains(condition.Message, "NetworkPluginNotReady") {
			return nil
		}
		return fmt.Errorf("the node is not Ready: %s: %s", condition.Reason, condition.Message)
	}
	return errors.New("the node has not said yet whether it is Ready")
}

func get(ctx context.Context, config *rest.Config, name string) (*corev1.Node, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	defer client.CloseIdleConnections()
	address, err := url.JoinPath(config.Host, "api/v1/nodes", name)
	if err != nil {
		return nil, fmt.Errorf("server %q of the kubeconfig: %w", config.Host, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the API server: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxNodeBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the API server's answer: %w", err)
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, fmt.Errorf("the API server has no node %s yet", name)
	default:
		return nil, fmt.Errorf("the API server answered %s", response.Status)
	}
	node := &corev1.Node{}
	if err := json.Unmarshal(body, node); err != nil {
		return nil, fmt.Errorf("reading the API server's answer: %w", err)
	}
	return node, nil
}
