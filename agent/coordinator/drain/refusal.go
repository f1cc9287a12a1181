package drain

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// putOff is the verdict on a pod that the eviction API answered with 429: a budget keeps it, or an admission webhook does, or the API
// server has too much to do.
func (s *survey) putOff(pod *corev1.Pod, err error) verdict {
	cause, ok := apierrors.StatusCause(err, policyv1.DisruptionBudgetCause)
	if !ok {
		return verdict{reason: fmt.Sprintf("the API server puts it off, and is asked again: %v", err)}
	}
	name, says := budgetCause(cause.Message)
	for _, known := range s.budgets.of(pod) {
		if known.Name != name {
			continue
		}
		// The answer is newer than what was listed: another pod of this round may have taken the last disruption.
		known.Status.DisruptionsAllowed = 0
		if _, err := fmt.Sscanf(says, "needs %d healthy pods and has %d currently", &known.Status.DesiredHealthy, &known.Status.CurrentHealthy); err == nil {
			return verdict{reason: known.shortage()}
		}
	}
	return verdict{reason: fmt.Sprintf("%s%s/%s allows 0 disruptions now: %s", decision.BudgetPrefix, pod.Namespace, name, says)}
}

// budgetCause takes the cause of a refusal apart, which reads "The disruption budget NAME needs 2 healthy pods and has 2 currently"
// (kubernetes/kubernetes, pkg/registry/core/pod/storage/eviction.go, checkAndDecrement).
func budgetCause(message string) (name, says string) {
	rest, ok := strings.CutPrefix(message, "The disruption budget ")
	if !ok {
		return "?", message
	}
	name, says, _ = strings.Cut(rest, " ")
	return name, says
}

// aboutBudget tells whether a refusal is about a PodDisruptionBudget and not about rights.
func aboutBudget(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	return strings.HasPrefix(status.Status().Details.Kind, "poddisruptionbudget")
}
