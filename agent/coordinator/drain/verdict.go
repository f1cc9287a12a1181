package drain

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// patience is how long a pod may be terminating before it is named: most are gone sooner, and nobody wants to read of them.
const patience = 10 * time.Second

// verdict tells what keeps the pod, as far as can be seen without asking for its eviction.
func (s *survey) verdict(pod *corev1.Pod, options Options) verdict {
	switch {
	case terminating(pod):
		return verdict{reason: s.lingering(pod)}
	case options.Force:
		return verdict{}
	case unmanaged(pod):
		return verdict{reason: fmt.Sprintf("no controller brings it back when it goes: move it, or delete it with kubectl delete pod -n %s %s", pod.Namespace, pod.Name)}
	default:
		return s.budgets.verdict(pod)
	}
}

func terminating(pod *corev1.Pod) bool { return !pod.DeletionTimestamp.IsZero() }

// grace is how long the pod may take to end.
func grace(pod *corev1.Pod) time.Duration {
	if pod.DeletionGracePeriodSeconds == nil {
		return 0
	}
	return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
}

// overdue tells whether the pod should have ended by now. The API server sets deletionTimestamp to the end of the grace period.
func overdue(pod *corev1.Pod, now time.Time) bool {
	return terminating(pod) && now.Sub(pod.DeletionTimestamp.Time) > patience
}

// lingering tells why a terminating pod is still there; empty: it has hardly begun.
func (s *survey) lingering(pod *corev1.Pod) string {
	ends := pod.DeletionTimestamp.Time
	began := ends.Add(-grace(pod))
	switch {
	case s.now.Sub(began) <= patience:
		return ""
	case !overdue(pod, s.now):
		return fmt.Sprintf("it is terminating since %s and has until %s (its grace period is %s)", stamp(began), stamp(ends), grace(pod))
	case len(pod.Finalizers) > 0 && (finished(pod) || !running(pod)):
		return fmt.Sprintf("it has ended, and stays because of %s: whoever set that must take it away", finalizers(pod))
	case s.host != "":
		return fmt.Sprintf("it is terminating since %s: %s", stamp(began), s.host)
	case len(pod.Finalizers) > 0:
		return fmt.Sprintf("it should have ended at %s; the kubelet has not stopped it yet, and it has %s", stamp(ends), finalizers(pod))
	default:
		return fmt.Sprintf("it should have ended at %s, and the kubelet has not confirmed it: look at kubelet and container runtime on node %s", stamp(ends), pod.Spec.NodeName)
	}
}

func running(pod *corev1.Pod) bool {
	for _, container := range pod.Status.ContainerStatuses {
		if container.State.Running != nil {
			return true
		}
	}
	return false
}

func finalizers(pod *corev1.Pod) string {
	if len(pod.Finalizers) == 1 {
		return "finalizer " + pod.Finalizers[0]
	}
	return "finalizers " + strings.Join(pod.Finalizers, ", ")
}
