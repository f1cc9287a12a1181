package drain

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// budgets are the PodDisruptionBudgets by namespace.
type budgets map[string][]budget

// budget is a PodDisruptionBudget and the pods it is for.
type budget struct {
	policyv1.PodDisruptionBudget
	selector labels.Selector
}

func listBudgets(ctx context.Context, client kubernetes.Interface) (budgets, error) {
	found := budgets{}
	list, err := client.PolicyV1().PodDisruptionBudgets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing PodDisruptionBudgets: %w", err)
	}
	for _, listed := range list.Items {
		selector, err := metav1.LabelSelectorAsSelector(listed.Spec.Selector)
		if err != nil {
			continue // the eviction API takes a selector that cannot be read for one that chooses nothing
		}
		found[listed.Namespace] = append(found[listed.Namespace], budget{PodDisruptionBudget: listed, selector: selector})
	}
	return found, nil
}

// of returns the budgets that choose the pod.
func (b budgets) of(pod *corev1.Pod) []budget {
	var chosen []budget
	for _, candidate := range b[pod.Namespace] {
		if candidate.selector.Matches(labels.Set(pod.Labels)) {
			chosen = append(chosen, candidate)
		}
	}
	return chosen
}

// asksBudgets tells whether the eviction API looks at budgets before it lets the pod go. It does as
// kubernetes/kubernetes, pkg/registry/core/pod/storage/eviction.go, canIgnorePDB.
func asksBudgets(pod corev1.Pod) bool {
	return !finished(&pod) && pod.Status.Phase != corev1.PodPending && !terminating(&pod)
}

// verdict tells what the eviction API would say of the pod's budgets.
func (b budgets) verdict(pod *corev1.Pod) verdict {
	if !asksBudgets(*pod) {
		return verdict{}
	}
	switch chosen := b.of(pod); len(chosen) {
	case 0:
		return verdict{}
	case 1:
		return verdict{reason: chosen[0].refusal(pod)}
	default:
		return verdict{reason: several(pod.Namespace, chosen), never: true}
	}
}

// several is the reason of a pod with more than one budget, which the eviction API answers with an error, whatever they allow.
func several(namespace string, chosen []budget) string {
	names := make([]string, 0, len(chosen))
	for _, one := range chosen {
		names = append(names, namespace+"/"+one.Name)
	}
	return fmt.Sprintf("%d PodDisruptionBudgets choose it (%s), and the eviction API refuses such pods: leave it to one", len(chosen), strings.Join(names, ", "))
}

// refusal tells why the budget keeps the pod; empty: it does not.
func (b *budget) refusal(pod *corev1.Pod) string {
	status := &b.Status
	name := decision.BudgetPrefix + b.Namespace + "/" + b.Name
	switch {
	case !ready(pod) && b.letsUnready():
		return ""
	case b.uncounted():
		return name + " has been changed and its pods are not counted yet: wait for the controller manager"
	case status.DisruptionsAllowed > 0:
		return ""
	}
	if failed := meta.FindStatusCondition(status.Conditions, policyv1.DisruptionAllowedCondition); failed != nil &&
		failed.Status == metav1.ConditionFalse && failed.Reason == policyv1.SyncFailedReason {
		return fmt.Sprintf("%s allows 0 disruptions because its pods cannot be counted: %s", name, failed.Message)
	}
	return b.shortage()
}

// shortage is the reason of a pod that its budget needs.
func (b *budget) shortage() string {
	status := &b.Status
	reason := fmt.Sprintf("%s%s/%s allows 0 disruptions now: %d of %d needed pods are available", decision.BudgetPrefix, b.Namespace, b.Name, status.CurrentHealthy, status.DesiredHealthy)
	if status.ExpectedPods > 0 && status.DesiredHealthy >= status.ExpectedPods {
		reason += fmt.Sprintf(", and it needs all %d: add a replica, or loosen it", status.ExpectedPods)
	}
	return reason
}

// uncounted tells whether the budget's numbers are of an earlier one.
func (b *budget) uncounted() bool { return b.Status.ObservedGeneration < b.Generation }

// letsUnready tells whether a pod that is not ready may go although no disruption is allowed: its end takes nothing away from
// what is available.
func (b *budget) letsUnready() bool {
	if policy := b.Spec.UnhealthyPodEvictionPolicy; policy != nil && *policy == policyv1.AlwaysAllow {
		return true
	}
	return b.Status.DesiredHealthy > 0 && b.Status.CurrentHealthy >= b.Status.DesiredHealthy
}

func ready(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
