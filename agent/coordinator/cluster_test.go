package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// cluster is an API server in memory, as far as the coordinator can tell: resourceVersions rise with each write, patches
// may be bound to one, a status is written apart from the rest, and a spec that changes raises the generation.
type cluster struct {
	t   testing.TB
	now func() time.Time

	mu      sync.Mutex
	objects map[key][]byte
	version int
	// writes are all that succeeded, as verb kind name.
	writes []string
	// before is called ahead of each write, so that a test can be faster than the coordinator, or refuse.
	before func(verb, kind, name string) error
}

func newCluster(t testing.TB, now func() time.Time, objects ...client.Object) *cluster {
	t.Helper()
	c := &cluster{t: t, now: now, objects: map[key][]byte{}}
	for _, o := range objects {
		c.must(c.create(o.DeepCopyObject().(client.Object)))
	}
	return c
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func kindOf(o any) string {
	return strings.TrimSuffix(reflect.TypeOf(o).Elem().Name(), "List")
}

func resource(kind string) schema.GroupResource { return schema.GroupResource{Resource: kind} }

func (c *cluster) begin(verb, kind, name string) error {
	if c.before == nil {
		return nil
	}
	return c.before(verb, kind, name)
}

func (c *cluster) note(verb, kind, name string) {
	c.writes = append(c.writes, fmt.Sprintf("%s %s %s", verb, kind, name))
}

// done returns the writes so far that begin with a prefix, and forgets all.
func (c *cluster) done(prefix string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, w := range c.writes {
		if strings.HasPrefix(w, prefix) {
			found = append(found, w)
		}
	}
	c.writes = nil
	return found
}

// save stores a tree under the next resourceVersion and reads it into the object.
func (c *cluster) save(k key, tree map[string]any, into any) error {
	c.version++
	tree["metadata"].(map[string]any)["resourceVersion"] = strconv.Itoa(c.version)
	data, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	c.objects[k] = data
	return refill(data, into)
}

func refill(data []byte, into any) error {
	if u, ok := into.(*unstructured.Unstructured); ok {
		u.Object = map[string]any{}
		return json.Unmarshal(data, &u.Object)
	}
	v := reflect.ValueOf(into).Elem()
	v.Set(reflect.Zero(v.Type()))
	return json.Unmarshal(data, into)
}

func (c *cluster) tree(k key) map[string]any {
	var tree map[string]any
	c.must(json.Unmarshal(c.objects[k], &tree))
	return tree
}

func (c *cluster) Create(_ context.Context, o client.Object) error {
	if err := c.begin("create", kindOf(o), o.GetName()); err != nil {
		return err
	}
	if err := c.create(o); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note("create", kindOf(o), o.GetName())
	return nil
}

func (c *cluster) create(o client.Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := key{kindOf(o), o.GetName()}
	if _, exists := c.objects[k]; exists {
		return apierrors.NewAlreadyExists(resource(k.kind), k.name)
	}
	if o.GetUID() == "" {
		o.SetUID(types.UID(fmt.Sprintf("%s-%s-%d", k.kind, k.name, c.version)))
	}
	o.SetGeneration(1)
	if o.GetCreationTimestamp().Time.IsZero() {
		o.SetCreationTimestamp(metav1.NewTime(c.now()))
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return err
	}
	return c.save(k, tree, o)
}

// Patch merges; it does not touch the status of hostler's own kinds, which have it apart.
func (c *cluster) Patch(_ context.Context, o client.Object, patch client.Patch) error {
	return c.merge("patch", o, patch, func(before, after map[string]any) {
		after["status"] = before["status"]
		if !reflect.DeepEqual(before["spec"], after["spec"]) {
			metadata := after["metadata"].(map[string]any)
			metadata["generation"] = metadata["generation"].(float64) + 1
		}
	})
}

func (c *cluster) PatchStatus(_ context.Context, o client.Object, patch client.Patch) error {
	return c.merge("status", o, patch, func(before, after map[string]any) {
		for name := range after {
			if name != "status" {
				after[name] = before[name]
			}
		}
	})
}

func (c *cluster) merge(verb string, o client.Object, patch client.Patch, limit func(before, after map[string]any)) error {
	k := key{kindOf(o), o.GetName()}
	if err := c.begin(verb, k.kind, k.name); err != nil {
		return err
	}
	data, err := patch.Data(o)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.objects[k]
	if !ok {
		return apierrors.NewNotFound(resource(k.kind), k.name)
	}
	before := c.tree(k)
	var bound struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(data, &bound); err != nil {
		return err
	}
	if err := c.bound(k, before, bound.Metadata.ResourceVersion); err != nil {
		return err
	}
	merged, err := jsonpatch.MergePatch(current, data)
	if err != nil {
		return err
	}
	var after map[string]any
	if err := json.Unmarshal(merged, &after); err != nil {
		return err
	}
	limit(before, after)
	c.note(verb, k.kind, k.name)
	return c.save(k, after, o)
}

// bound refuses what is not meant for the present version. The coordinator binds all its writes.
func (c *cluster) bound(k key, tree map[string]any, version string) error {
	if version == "" {
		c.t.Errorf("a write of %s %s is bound to no version", k.kind, k.name)
	}
	if present := tree["metadata"].(map[string]any)["resourceVersion"]; present != version {
		return apierrors.NewConflict(resource(k.kind), k.name, fmt.Errorf("got version %s, want %s", version, present))
	}
	return nil
}

// ApplyStatus is server-side apply of a ManagedNode's status by the coordinator, the one owner of its part.
func (c *cluster) ApplyStatus(_ context.Context, o *unstructured.Unstructured) error {
	k := key{o.GetKind(), o.GetName()}
	if err := c.begin("apply", k.kind, k.name); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.objects[k]; !ok {
		return apierrors.NewNotFound(resource(k.kind), k.name)
	}
	tree := c.tree(k)
	if err := c.bound(k, tree, o.GetResourceVersion()); err != nil {
		return err
	}
	status, _ := tree["status"].(map[string]any)
	if status == nil {
		status = map[string]any{}
	}
	applied := o.Object["status"].(map[string]any)
	status["rollout"] = applied["rollout"]
	conditions := []any{}
	if present, ok := status["conditions"].([]any); ok {
		conditions = slices.DeleteFunc(present, func(c any) bool {
			return c.(map[string]any)["type"] == v1alpha1.ConditionWaiting
		})
	}
	if own, ok := applied["conditions"].([]any); ok {
		conditions = append(conditions, own...)
	}
	status["conditions"] = conditions
	tree["status"] = status
	c.note("apply", k.kind, k.name)
	return c.save(k, tree, o)
}

func (c *cluster) Delete(_ context.Context, o client.Object) error {
	k := key{kindOf(o), o.GetName()}
	if err := c.begin("delete", k.kind, k.name); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.objects[k]; !ok {
		return apierrors.NewNotFound(resource(k.kind), k.name)
	}
	if err := c.bound(k, c.tree(k), o.GetResourceVersion()); err != nil {
		return err
	}
	c.note("delete", k.kind, k.name)
	delete(c.objects, k)
	return nil
}

// edit changes an object as somebody else would.
func edit[T any, P object[T]](c *cluster, name string, change func(P)) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := P(new(T))
	k := key{kindOf(o), name}
	c.must(refill(c.objects[k], o))
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	c.must(err)
	change(o)
	after, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	c.must(err)
	if !reflect.DeepEqual(before["spec"], after["spec"]) {
		o.SetGeneration(o.GetGeneration() + 1)
		after["metadata"].(map[string]any)["generation"] = o.GetGeneration()
	}
	c.must(c.save(k, after, o))
}

// get reads an object; it fails the test where there is none.
func get[T any, P object[T]](c *cluster, name string) P {
	c.t.Helper()
	o := P(new(T))
	c.must(c.Get(context.Background(), client.ObjectKey{Name: name}, o))
	return o
}

// names are those of all objects of a kind.
func (c *cluster) names(kind string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for k := range c.objects {
		if k.kind == kind {
			found = append(found, k.name)
		}
	}
	slices.Sort(found)
	return found
}

func (c *cluster) Get(_ context.Context, name client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, ok := c.objects[key{kindOf(o), name.Name}]
	if !ok {
		return apierrors.NewNotFound(resource(kindOf(o)), name.Name)
	}
	return refill(data, o)
}

func (c *cluster) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return listFrom(c.objects, list, options)
}

func listFrom(objects map[key][]byte, list client.ObjectList, options []client.ListOption) error {
	switch list := list.(type) {
	case *v1alpha1.NodeGroupList:
		return collect(objects, &list.Items, options)
	case *v1alpha1.NodeGroupConfigurationList:
		return collect(objects, &list.Items, options)
	case *v1alpha1.NodeGroupRevisionList:
		return collect(objects, &list.Items, options)
	case *v1alpha1.ManagedNodeList:
		return collect(objects, &list.Items, options)
	case *v1alpha1.UpdatePolicyList:
		return collect(objects, &list.Items, options)
	case *corev1.NodeList:
		return collect(objects, &list.Items, options)
	case *corev1.PodList:
		return collect(objects, &list.Items, options)
	case *appsv1.DaemonSetList:
		return collect(objects, &list.Items, options)
	default:
		return fmt.Errorf("no %T here", list)
	}
}

func collect[T any, P object[T]](objects map[key][]byte, items *[]T, options []client.ListOption) error {
	var wanted client.ListOptions
	wanted.ApplyOptions(options)
	kind := kindOf(P(new(T)))
	for _, k := range slices.SortedFunc(maps.Keys(objects), func(a, b key) int { return strings.Compare(a.name, b.name) }) {
		if k.kind != kind {
			continue
		}
		o := P(new(T))
		if err := refill(objects[k], o); err != nil {
			return err
		}
		if selects(o, &wanted) {
			*items = append(*items, *o)
		}
	}
	return nil
}

func selects(o client.Object, wanted *client.ListOptions) bool {
	if wanted.Namespace != "" && o.GetNamespace() != wanted.Namespace {
		return false
	}
	if wanted.LabelSelector != nil && !wanted.LabelSelector.Matches(labels.Set(o.GetLabels())) {
		return false
	}
	if pod, ok := o.(*corev1.Pod); ok && wanted.FieldSelector != nil {
		return wanted.FieldSelector.Matches(fields.Set{"spec.nodeName": pod.Spec.NodeName})
	}
	return true
}

// informers are a cluster as informers show it: stripped, and, while they are frozen, as it was then.
type informers struct {
	client.Reader
	cluster *cluster
	frozen  map[key][]byte
}

func (i *informers) freeze() {
	i.cluster.mu.Lock()
	defer i.cluster.mu.Unlock()
	i.frozen = maps.Clone(i.cluster.objects)
}

func (i *informers) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	i.cluster.mu.Lock()
	defer i.cluster.mu.Unlock()
	objects := i.cluster.objects
	if i.frozen != nil {
		objects = i.frozen
	}
	if err := listFrom(objects, list, options); err != nil {
		return err
	}
	switch list := list.(type) {
	case *corev1.NodeList:
		for n := range list.Items {
			stripNodeInPlace(&list.Items[n])
		}
	case *v1alpha1.ManagedNodeList:
		for n := range list.Items {
			stripManagedInPlace(&list.Items[n])
		}
	}
	return nil
}
