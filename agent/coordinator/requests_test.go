package coordinator

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// guard is the admission policy for nodes and its binding.
func guard(failure admissionv1.FailurePolicyType, actions ...admissionv1.ValidationAction) []client.Object {
	name := metav1.ObjectMeta{Name: nodePolicy}
	return []client.Object{
		&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: name, Spec: admissionv1.ValidatingAdmissionPolicySpec{FailurePolicy: &failure}},
		&admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: name, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: nodePolicy, ValidationActions: actions,
		}},
	}
}

func TestRequestOnANodeCountsOnlyWhereNodesCannotWriteIt(t *testing.T) {
	t.Parallel()
	whole := guard(admissionv1.Fail, admissionv1.Deny)
	for name, c := range map[string]struct {
		policy []client.Object
		counts bool
	}{
		"with the policy":                   {whole, true},
		"without it":                        {nil, false},
		"with a policy that is not bound":   {whole[:1], false},
		"with a binding alone":              {whole[1:], false},
		"with a binding that only audits":   {guard(admissionv1.Fail, admissionv1.Audit), false},
		"with a policy that may be skipped": {guard(admissionv1.Ignore, admissionv1.Deny), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := member("a", "worker")
			node.Annotations = map[string]string{v1alpha1.PausedAnnotation: "because I say so"}
			b := newBench(t, append(c.policy, newGroup("worker"), node)...)
			b.round()
			if got := b.managed("a").Spec.Paused; got != c.counts {
				t.Errorf("got paused %t, want %t", got, c.counts)
			}
			if _, left := b.node("a").Annotations[v1alpha1.PausedAnnotation]; !left {
				t.Error("the annotation was removed from the Node, want it left alone")
			}
		})
	}
	t.Run("once it is installed", func(t *testing.T) {
		t.Parallel()
		node := member("a", "worker")
		node.Annotations = map[string]string{v1alpha1.PausedAnnotation: ""}
		b := newBench(t, newGroup("worker"), node)
		b.round()
		for _, object := range whole {
			b.cluster.must(b.cluster.Create(t.Context(), object.DeepCopyObject().(client.Object)))
		}
		b.clock.pass(policyLasts)
		b.round()
		if !b.managed("a").Spec.Paused {
			t.Error("got a node that is not paused, want the request taken over")
		}
	})
}
