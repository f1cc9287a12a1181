package node

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet"
)

// CompareKubelet is Config.KubeletConfigured for a host: it asks the kubelet for its live configuration. What cannot be asked is
// Unknown, with the reason, and never passed over in silence.
func CompareKubelet(v host.View) func(context.Context, render.Revision) metav1.Condition {
	return func(ctx context.Context, revision render.Revision) metav1.Condition {
		if revision.Spec.Host.KubernetesVersion == "" {
			return metav1.Condition{Status: metav1.ConditionUnknown, Reason: "NotManaged", Message: "the revision leaves the kubelet alone"}
		}
		result, err := kubelet.Configz{}.Compare(ctx, v)
		if err != nil {
			return metav1.Condition{Status: metav1.ConditionUnknown, Reason: "NotReadable", Message: err.Error()}
		}
		condition := metav1.Condition{Status: metav1.ConditionUnknown, Reason: string(result.Verdict), Message: result.Message}
		switch result.Verdict {
		case kubelet.Same:
			condition.Status = metav1.ConditionTrue
		case kubelet.Different:
			condition.Status = metav1.ConditionFalse
		case kubelet.Forbidden, kubelet.Unreachable, kubelet.Absent:
		}
		return condition
	}
}
