package fleet

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// observer keeps a World, takes a Sample of each change, and wakes those who wait for one.
type observer struct {
	client client.WithWatch

	mu      sync.Mutex
	world   World
	samples Recording
	changed chan struct{} // closed, and replaced, at each change
}

// observe follows the cluster until ctx ends. It returns when it has seen all that is there.
func observe(ctx context.Context, c client.WithWatch) (*observer, error) {
	o := &observer{client: c, changed: make(chan struct{}), world: World{objects: map[key]client.Object{}}}
	for _, kind := range []struct {
		object client.Object
		list   client.ObjectList
	}{
		{&corev1.Node{}, &corev1.NodeList{}},
		{&corev1.Pod{}, &corev1.PodList{}},
		{&corev1.Event{}, &corev1.EventList{}},
		{&v1alpha1.ManagedNode{}, &v1alpha1.ManagedNodeList{}},
		{&v1alpha1.NodeGroup{}, &v1alpha1.NodeGroupList{}},
	} {
		of := reflect.TypeOf(kind.object)
		version, err := o.list(ctx, of, kind.list)
		if err != nil {
			return nil, err
		}
		go o.keepFollowing(ctx, of, kind.list, version)
	}
	return o, nil
}

// keepFollowing watches a kind, and lists it again whenever a watch ends: tests take the API server away.
func (o *observer) keepFollowing(ctx context.Context, kind reflect.Type, list client.ObjectList, version string) {
	const pause = 200 * time.Millisecond
	for err := error(nil); ctx.Err() == nil; {
		if err == nil {
			o.watch(ctx, list, version)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			version, err = o.list(ctx, kind, list)
		}
	}
}

// list takes in all objects of a kind and returns the version to watch from.
func (o *observer) list(ctx context.Context, kind reflect.Type, list client.ObjectList) (version string, err error) {
	found := list.DeepCopyObject().(client.ObjectList)
	if err := o.client.List(ctx, found); err != nil {
		return "", fmt.Errorf("listing %T: %w", list, err)
	}
	items, err := meta.ExtractList(found)
	if err != nil {
		return "", err
	}
	o.change(func(w *World) {
		listed := map[key]bool{}
		for _, item := range items {
			object := item.(client.Object)
			listed[keyOf(object)] = true
			w.put(object)
		}
		w.keepOnly(kind, listed)
	})
	return found.GetResourceVersion(), nil
}

// watch takes in changes until the watch ends.
func (o *observer) watch(ctx context.Context, list client.ObjectList, version string) {
	changes, err := o.client.Watch(ctx, list.DeepCopyObject().(client.ObjectList),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: version}})
	if err != nil {
		return // the list that follows says the same
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		object, ok := change.Object.(client.Object)
		if !ok {
			return // a Status: the version is too old
		}
		o.change(func(w *World) {
			if change.Type == watch.Deleted {
				delete(w.objects, keyOf(object))
				return
			}
			w.put(object)
		})
	}
}

func (o *observer) change(edit func(*World)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	edit(&o.world)
	o.samples.add(sampleOf(&o.world))
	close(o.changed)
	o.changed = make(chan struct{})
}

// errMissing is that Wait's time was over.
var errMissing = errors.New("waited in vain")

// wait returns when missing has no error, and with its last error when ctx ends before.
func (o *observer) wait(ctx context.Context, missing func(*World) error) error {
	for {
		o.mu.Lock()
		err, changed := missing(&o.world), o.changed
		o.mu.Unlock()
		if err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errMissing, err)
		}
	}
}

// look shows the world as it is now.
func (o *observer) look(at func(*World)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at(&o.world)
}
