package coordinator

import (
	"bytes"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// The informers keep thousands of Nodes and ManagedNodes, so they keep what decisions are made from and nothing else. The
// same is done to objects that writes return, so that both can be compared.

// stripNode is the transform of the informer of Nodes. A Node of a real cluster is 10 to 30 KB, most of it managed fields,
// images and conditions; what is left is one or two.
func stripNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return unexpected(object)
	}
	stripNodeInPlace(node)
	return node, nil
}

func stripNodeInPlace(node *corev1.Node) {
	node.ManagedFields = askers(node.ManagedFields)
	node.Spec = corev1.NodeSpec{Unschedulable: node.Spec.Unschedulable, Taints: node.Spec.Taints}
	status := corev1.NodeStatus{NodeInfo: node.Status.NodeInfo}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			// The heartbeat says nothing that the status does not, and would make each of them look like a change.
			condition.LastHeartbeatTime = metav1.Time{}
			status.Conditions = []corev1.NodeCondition{condition}
		}
	}
	node.Status = status
}

// stripManaged is the transform of the informer of ManagedNodes.
func stripManaged(object any) (any, error) {
	managed, ok := object.(*v1alpha1.ManagedNode)
	if !ok {
		return unexpected(object)
	}
	stripManagedInPlace(managed)
	return managed, nil
}

func stripManagedInPlace(managed *v1alpha1.ManagedNode) {
	managed.ManagedFields = askers(managed.ManagedFields)
	if plan := managed.Status.Plan; plan != nil {
		// People read the plan in the API; decisions need its hash and impact.
		plan.Steps, plan.Waits = nil, nil
	}
	managed.Status.Runs = nil
}

// stripMetadata is the transform of all others.
func stripMetadata(object any) (any, error) {
	if o, ok := object.(metav1.Object); ok {
		o.SetManagedFields(nil)
	}
	return object, nil
}

// unexpected passes on the last known state of an object whose deletion was missed, which is handed to transforms too.
func unexpected(object any) (any, error) {
	if _, ok := object.(cache.DeletedFinalStateUnknown); ok {
		return object, nil
	}
	return nil, fmt.Errorf("an informer got a %T, which it does not watch", object)
}

// requests are the annotations by which people ask; see the table in v1alpha1.
var requests = []string{
	v1alpha1.ApprovedAnnotation, v1alpha1.DisruptionApprovedAnnotation, v1alpha1.DrainAnnotation, v1alpha1.PausedAnnotation,
}

// askers keeps the field managers that set one of the requests: they say who asked.
func askers(fields []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range fields {
		if entry.FieldsV1 == nil {
			continue
		}
		for _, request := range requests {
			if bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:`+request+`"`)) {
				kept = append(kept, entry)
				break
			}
		}
	}
	return kept
}
