package coordinator

import (
	"context"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// batch is how long a round waits for more to happen after the first event, so that the reports of several agents make one
// round. A freed slot is granted within 250 ms, of which this is the least part.
const batch = 25 * time.Millisecond

// queue is where rounds are asked for.
type queue = workqueue.TypedRateLimitingInterface[round]

// cacheOptions tell the informers what to keep of each kind.
func cacheOptions() cache.Options {
	return cache.Options{
		DefaultTransform: stripMetadata,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Node{}:          {Transform: stripNode},
			&v1alpha1.ManagedNode{}: {Transform: stripManaged},
		},
	}
}

// watchAll lets every change of the kinds that decisions are made from ask for a round.
func watchAll(c controller.TypedController[round], informers cache.Cache, wake *waker) error {
	for _, s := range []source.TypedSource[round]{
		wake,
		source.TypedKind(informers, &v1alpha1.NodeGroup{}, ask[*v1alpha1.NodeGroup](), differs[*v1alpha1.NodeGroup]()),
		source.TypedKind(informers, &v1alpha1.NodeGroupConfiguration{}, ask[*v1alpha1.NodeGroupConfiguration](), differs[*v1alpha1.NodeGroupConfiguration]()),
		source.TypedKind(informers, &v1alpha1.NodeGroupRevision{}, ask[*v1alpha1.NodeGroupRevision](), differs[*v1alpha1.NodeGroupRevision]()),
		source.TypedKind(informers, &v1alpha1.ManagedNode{}, ask[*v1alpha1.ManagedNode](), differs[*v1alpha1.ManagedNode]()),
		source.TypedKind(informers, &v1alpha1.UpdatePolicy{}, ask[*v1alpha1.UpdatePolicy](), differs[*v1alpha1.UpdatePolicy]()),
		source.TypedKind(informers, &corev1.Node{}, ask[*corev1.Node](), differs[*corev1.Node]()),
	} {
		if err := c.Watch(s); err != nil {
			return err
		}
	}
	return nil
}

// ask asks for a round a moment later; those that were asked for meanwhile are the same.
func ask[T client.Object]() handler.TypedEventHandler[T, round] {
	return handler.TypedFuncs[T, round]{
		CreateFunc: func(_ context.Context, _ event.TypedCreateEvent[T], q queue) { q.AddAfter(round{}, batch) },
		UpdateFunc: func(_ context.Context, _ event.TypedUpdateEvent[T], q queue) { q.AddAfter(round{}, batch) },
		DeleteFunc: func(_ context.Context, _ event.TypedDeleteEvent[T], q queue) { q.AddAfter(round{}, batch) },
	}
}

// differs lets updates pass that change what the informer keeps. Thousands of kubelets write their heartbeats
// into their Nodes, and nothing else.
func differs[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{
		UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
			before := e.ObjectOld.DeepCopyObject().(T)
			before.SetResourceVersion(e.ObjectNew.GetResourceVersion())
			return !equality.Semantic.DeepEqual(before, e.ObjectNew)
		},
	}
}

// waker lets what runs beside the rounds ask for one. It is a source, because only sources get to see the queue.
type waker struct{ queue atomic.Pointer[queue] }

func (w *waker) Start(_ context.Context, q queue) error {
	w.queue.Store(&q)
	q.Add(round{}) // also where there is nothing to watch yet
	return nil
}

func (w *waker) wake() {
	if q := w.queue.Load(); q != nil {
		(*q).AddAfter(round{}, batch)
	}
}
