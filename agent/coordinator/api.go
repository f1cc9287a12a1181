package coordinator

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldManager is the name under which the coordinator writes; the admission policies and server-side apply know it.
const FieldManager = "hostler-coordinator"

// writer is all that the coordinator does to the API. Each method but Delete fills the object with the server's answer.
type writer interface {
	Create(ctx context.Context, object client.Object) error
	Patch(ctx context.Context, object client.Object, patch client.Patch) error
	PatchStatus(ctx context.Context, object client.Object, patch client.Patch) error
	// ApplyStatus applies a status on the server's side as FieldManager, whoever has the fields now.
	ApplyStatus(ctx context.Context, object *unstructured.Unstructured) error
	// Delete removes the object if it still is in the version that it has here.
	Delete(ctx context.Context, object client.Object) error
}

// kubeWriter writes to a real API server.
type kubeWriter struct {
	client client.Client
	// timeout bounds one request, see Lease.write.
	timeout time.Duration
}

func (w kubeWriter) Create(ctx context.Context, object client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.client.Create(ctx, object, client.FieldOwner(FieldManager))
}

func (w kubeWriter) Patch(ctx context.Context, object client.Object, patch client.Patch) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.client.Patch(ctx, object, patch, client.FieldOwner(FieldManager))
}

func (w kubeWriter) PatchStatus(ctx context.Context, object client.Object, patch client.Patch) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.client.Status().Patch(ctx, object, patch, client.FieldOwner(FieldManager))
}

func (w kubeWriter) ApplyStatus(ctx context.Context, object *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
		client.FieldOwner(FieldManager), client.ForceOwnership)
}

func (w kubeWriter) Delete(ctx context.Context, object client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	uid, version := object.GetUID(), object.GetResourceVersion()
	return w.client.Delete(ctx, object, client.Preconditions(metav1.Preconditions{UID: &uid, ResourceVersion: &version}))
}

// changed is a merge patch from one state to another that the server refuses if the object is no longer in the first.
func changed(from client.Object) client.Patch {
	return client.MergeFromWithOptions(from, client.MergeFromWithOptimisticLock{})
}
