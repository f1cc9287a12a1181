package coordinator

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// The kinds that the coordinator writes, as the overlay names them.
const (
	kindGroup    = v1alpha1.NodeGroupKind
	kindRevision = v1alpha1.NodeGroupRevisionKind
	kindManaged  = v1alpha1.ManagedNodeKind
	kindNode     = "Node"
)

// world is the cluster as one round sees it: what the informers have, with our own writes over it. Its objects are shared
// with the informers and never changed; a write replaces them.
type world struct {
	now            time.Time
	configurations []v1alpha1.NodeGroupConfiguration
	policy         *v1alpha1.UpdatePolicy
	// badPolicy says why the policy cannot be used; empty: it can. It stops every group, for nobody knows what it should have
	// forbidden.
	badPolicy string

	mu        sync.Mutex
	groups    map[string]*v1alpha1.NodeGroup
	revisions map[string]*v1alpha1.NodeGroupRevision
	managed   map[string]*v1alpha1.ManagedNode
	nodes     map[string]*corev1.Node
	// seen are the resourceVersions of the ManagedNodes with which the round began. All writes are bound to a version, so
	// one that goes back to the version that a decision was made on has been changed by this round alone.
	seen map[string]string
}

// look reads the world from the informers.
func look(ctx context.Context, informers client.Reader, o *overlay, now time.Time) (*world, error) {
	var (
		groups         v1alpha1.NodeGroupList
		configurations v1alpha1.NodeGroupConfigurationList
		revisions      v1alpha1.NodeGroupRevisionList
		managed        v1alpha1.ManagedNodeList
		policies       v1alpha1.UpdatePolicyList
		nodes          corev1.NodeList
	)
	for _, list := range []client.ObjectList{&groups, &configurations, &revisions, &managed, &policies, &nodes} {
		// Copying thousands of objects for each round would be most of its work.
		if err := informers.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("reading %T from the informers: %w", list, err)
		}
	}
	w := &world{
		now: now, configurations: configurations.Items,
		groups: over(o, kindGroup, groups.Items), revisions: over(o, kindRevision, revisions.Items),
		managed: over(o, kindManaged, managed.Items), nodes: over(o, kindNode, nodes.Items),
		seen: make(map[string]string, len(managed.Items)),
	}
	w.policy, w.badPolicy = thePolicy(policies.Items)
	for name, group := range w.groups {
		if group.DeletionTimestamp != nil {
			delete(w.groups, name) // somebody's finalizer is all that keeps it
		}
	}
	for name, managed := range w.managed {
		w.seen[name] = managed.ResourceVersion
	}
	return w, nil
}

// thePolicy is the cluster's one policy, with its defaults, and what is wrong with it.
func thePolicy(policies []v1alpha1.UpdatePolicy) (*v1alpha1.UpdatePolicy, string) {
	for i := range policies {
		if policies[i].Name != v1alpha1.UpdatePolicyName {
			continue
		}
		policy := policies[i].DeepCopy()
		policy.SetDefaults()
		if errs := policy.Validate(); len(errs) > 0 {
			return policy, fmt.Sprintf("UpdatePolicy %s: %s", policy.Name, sentence(errs))
		}
		return policy, ""
	}
	return nil, ""
}

// node, managedNode and group are nil where there is none.

func (w *world) node(name string) *corev1.Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nodes[name]
}

func (w *world) managedNode(name string) *v1alpha1.ManagedNode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.managed[name]
}

func (w *world) group(name string) *v1alpha1.NodeGroup {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.groups[name]
}

// basis is the version of a ManagedNode that this round began with; empty: there was none. A round never changes it.
func (w *world) basis(name string) string { return w.seen[name] }

// put replaces an object by what the server answered.
func (w *world) put(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := o.(type) {
	case *v1alpha1.NodeGroup:
		w.groups[o.Name] = o
	case *v1alpha1.NodeGroupRevision:
		w.revisions[o.Name] = o
	case *v1alpha1.ManagedNode:
		w.managed[o.Name] = o
	case *corev1.Node:
		w.nodes[o.Name] = o
	}
}

// remove takes out what was deleted.
func (w *world) remove(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := o.(type) {
	case *v1alpha1.NodeGroupRevision:
		delete(w.revisions, o.Name)
	case *v1alpha1.ManagedNode:
		delete(w.managed, o.Name)
	}
}

// livePage bounds how many unstripped objects are in memory at once.
const livePage = 200

// catchUp reads from the API server itself what decisions count by, for a leader that does not know what its predecessor
// wrote last: an informer's first list may come from a server's cache, and be older.
func catchUp(ctx context.Context, live client.Reader, o *overlay, now time.Time) error {
	for _, kind := range []string{kindGroup, kindManaged, kindNode} {
		next := ""
		for {
			list := newList(kind)
			if err := live.List(ctx, list, client.Limit(livePage), client.Continue(next)); err != nil {
				return fmt.Errorf("reading what the last leader wrote (%s): %w", kind, err)
			}
			for _, object := range items(list) {
				o.add(kind, object, now)
			}
			if next = list.GetContinue(); next == "" {
				break
			}
		}
	}
	return nil
}

// patience is how long an informer may lag behind a write before the server is asked itself.
const patience = 5 * time.Second

// settle asks the server for objects that informers do not catch up with, most likely because somebody has deleted them since.
func settle(ctx context.Context, live client.Reader, o *overlay, now time.Time) error {
	for k := range o.lagging(now.Add(-patience)) {
		object := newObject(k.kind)
		err := live.Get(ctx, client.ObjectKey{Name: k.name}, object)
		switch {
		case apierrors.IsNotFound(err):
			o.drop(k.kind, k.name)
		case err != nil:
			return fmt.Errorf("reading %s %s again: %w", k.kind, k.name, err)
		default:
			o.add(k.kind, strip(object), now)
		}
	}
	return nil
}

func newObject(kind string) client.Object {
	switch kind {
	case kindGroup:
		return &v1alpha1.NodeGroup{}
	case kindRevision:
		return &v1alpha1.NodeGroupRevision{}
	case kindManaged:
		return &v1alpha1.ManagedNode{}
	default:
		return &corev1.Node{}
	}
}

func newList(kind string) client.ObjectList {
	switch kind {
	case kindGroup:
		return &v1alpha1.NodeGroupList{}
	case kindManaged:
		return &v1alpha1.ManagedNodeList{}
	default:
		return &corev1.NodeList{}
	}
}

// items are the stripped items of a list that newList made. Each is a copy, so that one that stays does not keep its whole page.
func items(list client.ObjectList) []client.Object {
	var found []client.Object
	switch list := list.(type) {
	case *v1alpha1.NodeGroupList:
		for i := range list.Items {
			found = append(found, strip(list.Items[i].DeepCopy()))
		}
	case *v1alpha1.ManagedNodeList:
		for i := range list.Items {
			found = append(found, strip(list.Items[i].DeepCopy()))
		}
	case *corev1.NodeList:
		for i := range list.Items {
			found = append(found, strip(list.Items[i].DeepCopy()))
		}
	}
	return found
}

// strip does to an object what the transform of its informer does.
func strip(object client.Object) client.Object {
	switch object := object.(type) {
	case *corev1.Node:
		stripNodeInPlace(object)
	case *v1alpha1.ManagedNode:
		stripManagedInPlace(object)
	default:
		object.SetManagedFields(nil)
	}
	return object
}
