package drain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubectl "k8s.io/kubectl/pkg/drain"
)

// pageSize is how many objects are asked for at once; it is kubectl's.
const pageSize = 500

// survey is what was found of a node.
type survey struct {
	now time.Time
	// host tells why nobody on the node confirms that pods have ended; empty: it is well, or was not looked at.
	host string
	// pods are those that have to go, by namespace and name.
	pods    []corev1.Pod
	budgets budgets
}

// survey finds the pods that have to go and what bears on them.
func (d *Drainer) survey(ctx context.Context, node string, options Options) (*survey, error) {
	found := &survey{now: d.now()}
	var err error
	if found.pods, err = d.pods(ctx, node, options); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(found.pods, asksBudgets) {
		if found.budgets, err = listBudgets(ctx, d.client); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(found.pods, func(pod corev1.Pod) bool { return overdue(&pod, found.now) }) {
		if found.host, err = d.host(ctx, node); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// pods lists the pods of the node that have to go.
func (d *Drainer) pods(ctx context.Context, node string, options Options) ([]corev1.Pod, error) {
	filter := kubectl.Helper{
		Ctx: ctx, Client: d.client, ChunkSize: pageSize, Out: io.Discard, ErrOut: io.Discard,
		IgnoreAllDaemonSets: true, DeleteEmptyDirData: true,
		// Without it, kubectl names pods without controller in an error and hides which of the others have to go. Nothing
		// is forced by it here; what becomes of those pods is for their verdict.
		Force: true,
	}
	if options.SkipTerminating > 0 {
		filter.SkipWaitForDeleteTimeoutSeconds = max(1, int(options.SkipTerminating/time.Second))
	}
	list, failures := filter.GetPodsForDeletion(node)
	if len(failures) > 0 {
		return nil, fmt.Errorf("finding the pods that have to go: %w", errors.Join(failures...))
	}
	pods := list.Pods()
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(key(&a), key(&b)) })
	return pods, nil
}

// host tells why nobody on the node would confirm that a pod has ended.
func (d *Drainer) host(ctx context.Context, name string) (string, error) {
	node, err := d.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("node %s is gone, and Kubernetes removes its pods within minutes", name), nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the node: %w", err)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return fmt.Sprintf("node %s is not Ready since %s, so nobody confirms that the pod ended; if the machine is off for good, delete the Node or taint it %s:%s",
				name, stamp(condition.LastTransitionTime.Time), corev1.TaintNodeOutOfService, corev1.TaintEffectNoExecute), nil
		}
	}
	return "", nil
}

func key(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// unmanaged tells whether nothing brings the pod back, and that is a loss.
func unmanaged(pod *corev1.Pod) bool { return metav1.GetControllerOf(pod) == nil && !finished(pod) }

// losesData tells whether the pod keeps data that goes with it.
func losesData(pod *corev1.Pod) bool {
	return !finished(pod) && slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
}

// stamp is a time in a reason.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
