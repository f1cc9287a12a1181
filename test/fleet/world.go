package fleet

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// World is what the API server has told so far. Whoever gets one only reads it, and only until the function returns to
// which it was given.
type World struct {
	objects map[key]client.Object
}

// key is an object's place in a World.
type key struct {
	kind reflect.Type
	name client.ObjectKey
}

func keyOf(object client.Object) key {
	return key{reflect.TypeOf(object), client.ObjectKeyFromObject(object)}
}

// Node returns a Node, nil where there is none of that name.
func (w *World) Node(name string) *corev1.Node { return find[*corev1.Node](w, name) }

// Managed returns a ManagedNode, nil where there is none of that name.
func (w *World) Managed(name string) *v1alpha1.ManagedNode {
	return find[*v1alpha1.ManagedNode](w, name)
}

// Group returns a NodeGroup, nil where there is none of that name.
func (w *World) Group(name string) *v1alpha1.NodeGroup { return find[*v1alpha1.NodeGroup](w, name) }

// Nodes returns all Nodes by name.
func (w *World) Nodes() []*corev1.Node { return all[*corev1.Node](w) }

// Pods returns the pods with a value of the label app.
func (w *World) Pods(app string) []*corev1.Pod {
	return slices.DeleteFunc(all[*corev1.Pod](w), func(pod *corev1.Pod) bool { return pod.Labels["app"] != app })
}

// Available counts the pods with a value of the label app that are Ready and not being deleted.
func (w *World) Available(app string) int {
	available := 0
	for _, pod := range w.Pods(app) {
		if pod.DeletionTimestamp == nil && podReady(pod) {
			available++
		}
	}
	return available
}

// Ready tells whether a Node of that name is there and Ready.
func (w *World) Ready(name string) bool {
	node := w.Node(name)
	return node != nil && nodeReady(node)
}

// Events returns the events on an object, in the order in which they happened.
func (w *World) Events(kind, name string) []*corev1.Event {
	return slices.DeleteFunc(w.told(), func(event *corev1.Event) bool {
		return event.InvolvedObject.Kind != kind || event.InvolvedObject.Name != name
	})
}

// told are all events, in the order in which they happened: they do not come in it.
func (w *World) told() []*corev1.Event {
	events := all[*corev1.Event](w)
	slices.SortStableFunc(events, func(a, b *corev1.Event) int { return When(a).Compare(When(b)) })
	return events
}

// When is the moment of an event: to the microsecond where it was written by events.k8s.io, to the second otherwise.
func When(event *corev1.Event) time.Time {
	if !event.EventTime.IsZero() {
		return event.EventTime.Time
	}
	return event.CreationTimestamp.Time
}

func find[T client.Object](w *World, name string) T {
	var none T
	if object, ok := w.objects[key{reflect.TypeOf(none), client.ObjectKey{Name: name}}]; ok {
		return object.(T)
	}
	return none
}

func all[T client.Object](w *World) []T {
	var list []T
	for _, object := range w.objects {
		if object, ok := object.(T); ok {
			list = append(list, object)
		}
	}
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return list
}

// put takes an object in.
func (w *World) put(object client.Object) {
	w.objects[keyOf(object)] = object
}

// keepOnly drops the objects of a kind that a list does not have.
func (w *World) keepOnly(kind reflect.Type, listed map[key]bool) {
	for place := range w.objects {
		if place.kind == kind && !listed[place] {
			delete(w.objects, place)
		}
	}
}

// story is what was told about hostler's objects, a line for each event.
func (w *World) story() string {
	var text strings.Builder
	for _, event := range w.told() {
		if object := event.InvolvedObject; object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			fmt.Fprintf(&text, "%s %s/%s %s: %s\n", When(event).Format("15:04:05.000"), object.Kind, object.Name, event.Reason, event.Message)
		}
	}
	return text.String()
}
