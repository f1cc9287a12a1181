package coordinator

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// gatePoll is how often a gate that is closed, or not asked yet, is looked at again.
const gatePoll = 5 * time.Second

// readinessLasts is how long what was seen of a node's DaemonSets counts. Rounds may follow each other faster.
const readinessLasts = 2 * time.Second

// daemonSets answers the gates that ask for DaemonSets. It is used by one round at a time.
type daemonSets struct {
	live client.Reader
	log  *zap.Logger
	seen map[string]readiness
}

// readiness is what was seen of a node.
type readiness struct {
	at     time.Time
	closed string
}

func newDaemonSets(live client.Reader, log *zap.Logger) *daemonSets {
	return &daemonSets{live: live, log: log, seen: map[string]readiness{}}
}

// check closes the gate of those members on which a pod of the chosen DaemonSets is not ready. It looks at the
// nodes of which it matters: those that are about to be proven, and those of waves that soak. Pods are read for
// these few alone.
func (d *daemonSets) check(ctx context.Context, w *world, r rendered, members []decision.Node) {
	gate := r.group.Spec.Update.Gates.DaemonSets
	var chosen []appsv1.DaemonSet
	var failed error
	read := false
	for i := range members {
		member := &members[i]
		if member.Node == nil || member.Managed == nil || !watched(r, member.Managed, w.now) {
			delete(d.seen, member.Name())
			continue
		}
		if seen, ok := d.seen[member.Name()]; ok && w.now.Sub(seen.at) < readinessLasts {
			member.GateClosed = seen.closed
			continue
		}
		if !read {
			chosen, failed = d.choose(ctx, gate)
			read = true
		}
		err := failed
		if err == nil {
			member.GateClosed, err = d.notReady(ctx, member.Node.Name, chosen)
		}
		if err != nil {
			member.GateClosed = fmt.Sprintf("the DaemonSets of the gate cannot be read: %v", err)
			d.log.Warn("a gate cannot be asked, and counts as closed", zap.String("node", member.Node.Name), zap.Error(err))
		}
		d.seen[member.Name()] = readiness{at: w.now, closed: member.GateClosed}
	}
}

// watched tells whether a node's DaemonSets matter now.
func watched(r rendered, managed *v1alpha1.ManagedNode, now time.Time) bool {
	if managed.Spec.Approval != nil {
		return managed.Status.Phase == v1alpha1.PhaseUpToDate
	}
	rollout := managed.Status.Rollout
	if rollout == nil || rollout.ProvenAt == nil || rollout.ProvenRevision != r.revision || rollout.Wave == "" {
		return false
	}
	for _, wave := range r.group.Spec.Update.Waves {
		if wave.Name == rollout.Wave && wave.Soak != nil {
			return now.Sub(rollout.ProvenAt.Time) <= wave.Soak.Duration
		}
	}
	return false
}

func (d *daemonSets) choose(ctx context.Context, gate *v1alpha1.DaemonSetGate) ([]appsv1.DaemonSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(&gate.Selector)
	if err != nil {
		return nil, fmt.Errorf("reading the selector: %w", err)
	}
	var list appsv1.DaemonSetList
	if err := d.live.List(ctx, &list, client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("listing DaemonSets: %w", err)
	}
	return list.Items, nil
}

// notReady names a pod of the DaemonSets that is not ready on a node; empty: all are. A DaemonSet without a pod there is
// not meant for the node, or its controller has not come to it yet: after a change the pods are the ones from before.
func (d *daemonSets) notReady(ctx context.Context, node string, chosen []appsv1.DaemonSet) (string, error) {
	if len(chosen) == 0 {
		return "", nil
	}
	var pods corev1.PodList
	if err := d.live.List(ctx, &pods, client.MatchingFields{"spec.nodeName": node}); err != nil {
		return "", fmt.Errorf("listing the pods of node %s: %w", node, err)
	}
	names := map[types.UID]string{}
	for i := range chosen {
		names[chosen[i].UID] = chosen[i].Namespace + "/" + chosen[i].Name
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		owner := metav1.GetControllerOf(pod)
		if owner == nil || names[owner.UID] == "" || podReady(pod) {
			continue
		}
		return fmt.Sprintf("pod %s/%s of DaemonSet %s is not ready", pod.Namespace, pod.Name, names[owner.UID]), nil
	}
	return "", nil
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
