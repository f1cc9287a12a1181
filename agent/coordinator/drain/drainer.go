package drain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// Config is what a Drainer needs.
type Config struct {
	// Client reads pods, nodes, DaemonSets and PodDisruptionBudgets, and evicts and deletes pods. Its answers must be the
	// API server's own: from a cache that lags, a node can look empty that is not.
	Client kubernetes.Interface
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Options say how a node is emptied.
type Options struct {
	// Force counts pods without controller as fit to go, and deletes what does not let itself be evicted.
	Force bool
	// SkipTerminating leaves pods out whose grace period ended longer ago than this, in whole seconds and at least one; 0:
	// none. It means what --skip-wait-for-delete-timeout means to kubectl.
	SkipTerminating time.Duration
	// Self is the pod that this process runs in, which goes when no other is left; empty: it runs outside of the cluster.
	Self types.NamespacedName
}

// Drainer empties nodes. Its methods may be called at the same time.
type Drainer struct {
	client kubernetes.Interface
	now    func() time.Time
}

// New returns a Drainer.
func New(config Config) (*Drainer, error) {
	if config.Client == nil {
		return nil, errors.New("draining nodes: a client is missing")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Drainer{client: config.Client, now: config.Now}, nil
}

// Inspect tells how far the node is from being empty. It changes nothing. Asked before the node is cordoned, it names
// what will block. A node that is not in the API is inspected as well: its pods outlive it for a while.
func (d *Drainer) Inspect(ctx context.Context, node string, options Options) (decision.Drain, error) {
	found, err := d.survey(ctx, node, options)
	if err != nil {
		return decision.Drain{}, fmt.Errorf("inspecting the pods of node %s: %w", node, err)
	}
	return found.drain(options), nil
}

// Preview is what a drain would meet now.
type Preview struct {
	decision.Drain
	// Unmanaged are the pods, as namespace/name, that nothing would bring back.
	Unmanaged []string
	// Local are the pods, as namespace/name, that would lose what is in their emptyDir volumes.
	Local []string
}

// Preview tells what a drain would meet now, and what it would cost. It changes nothing.
func (d *Drainer) Preview(ctx context.Context, node string, options Options) (Preview, error) {
	found, err := d.survey(ctx, node, options)
	if err != nil {
		return Preview{}, fmt.Errorf("looking ahead at the drain of node %s: %w", node, err)
	}
	preview := Preview{Drain: found.drain(options)}
	for i := range found.pods {
		pod := &found.pods[i]
		if unmanaged(pod) {
			preview.Unmanaged = append(preview.Unmanaged, key(pod))
		}
		if losesData(pod) {
			preview.Local = append(preview.Local, key(pod))
		}
	}
	return preview, nil
}

// String tells the preview on a line, such as for an Event.
func (p Preview) String() string {
	if p.Left == 0 {
		return "no pod has to go"
	}
	line := fmt.Sprintf("%s to go", count(p.Left, "pod has", "pods have"))
	if n := len(p.Local); n > 0 {
		line += fmt.Sprintf("; %s emptyDir data", count(n, "loses", "lose"))
	}
	switch {
	case p.Failed != "":
		line += "; it will fail: " + p.Failed
	case len(p.Blocking) > 0:
		first := p.Blocking[0]
		line += fmt.Sprintf("; %s blocked, first %s/%s: %s", count(len(p.Blocking), "is", "are"), first.Namespace, first.Name, first.Reason)
	}
	return line
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// verdict is why a pod is still there.
type verdict struct {
	// reason keeps it now; empty: it can go.
	reason string
	// never is set where the reason is a mistake in the cluster that waiting does not mend.
	never bool
}

// drain sums up the verdicts on all pods.
func (s *survey) drain(options Options) decision.Drain {
	verdicts := make([]verdict, len(s.pods))
	for i := range s.pods {
		verdicts[i] = s.verdict(&s.pods[i], options)
	}
	return s.sum(verdicts)
}

// sum makes the result of one verdict for each pod.
func (s *survey) sum(verdicts []verdict) decision.Drain {
	result := decision.Drain{Left: len(s.pods)}
	never := 0
	for i, v := range verdicts {
		if v.reason == "" {
			continue
		}
		pod := &s.pods[i]
		result.Blocking = append(result.Blocking, v1alpha1.BlockingPod{Namespace: pod.Namespace, Name: pod.Name, Reason: v.reason})
		if !v.never {
			continue
		}
		if never++; never == 1 {
			result.Failed = fmt.Sprintf("pod %s: %s", key(pod), v.reason)
		}
	}
	if never > 1 {
		result.Failed += fmt.Sprintf(" (and %s)", count(never-1, "further pod", "further pods"))
	}
	return result
}
