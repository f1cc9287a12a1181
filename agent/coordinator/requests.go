package coordinator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// nodePolicy is the name of the admission policy, and of its binding, that keeps nodes from writing requests on their own Node
// objects (packaging/admission/nodes.yaml).
const nodePolicy = "hostler-nodes"

// policyLasts is how long it counts as known whether the policy is there.
const policyLasts = time.Minute

// heed tells whether requests on Nodes are people's. A kubelet may write its own Node object, so without the admission policy a
// node could approve itself; then only requests on ManagedNodes count, which no node can write. Kubernetes before 1.30
// has no such policies.
type heed struct {
	live client.Reader
	log  *zap.Logger

	guarded bool
	asked   time.Time
}

// refresh asks again if it is time. As long as it cannot be told, requests on Nodes do not count.
func (h *heed) refresh(ctx context.Context, now time.Time) error {
	if !h.asked.IsZero() && now.Sub(h.asked) < policyLasts {
		return nil
	}
	guarded, err := h.look(ctx)
	if h.guarded, h.asked = guarded, now; err != nil {
		h.asked = time.Time{}
	}
	return err
}

func (h *heed) look(ctx context.Context) (bool, error) {
	var policy admissionv1.ValidatingAdmissionPolicy
	var binding admissionv1.ValidatingAdmissionPolicyBinding
	for _, object := range []client.Object{&policy, &binding} {
		err := h.live.Get(ctx, client.ObjectKey{Name: nodePolicy}, object)
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("looking for the admission policy %s: %w", nodePolicy, err)
		}
	}
	fails := policy.Spec.FailurePolicy == nil || *policy.Spec.FailurePolicy == admissionv1.Fail
	return fails && binding.Spec.PolicyName == nodePolicy && slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny), nil
}

// only leaves requests on Nodes out where they may be the nodes' own. The objects themselves are the informers', and
// stay as they are.
func (h *heed) only(members []decision.Node) []decision.Node {
	if h.guarded {
		return members
	}
	for i := range members {
		node := members[i].Node
		if node == nil || !slices.ContainsFunc(requests, func(r string) bool { _, asked := node.Annotations[r]; return asked }) {
			continue
		}
		h.log.Warn("a request on a Node does not count without the admission policy: put it on the ManagedNode",
			zap.String("node", node.Name), zap.String("policy", nodePolicy))
		bare := *node
		bare.Annotations = maps.Clone(node.Annotations)
		maps.DeleteFunc(bare.Annotations, func(name, _ string) bool { return slices.Contains(requests, name) })
		members[i].Node = &bare
	}
	return members
}
