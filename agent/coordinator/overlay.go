package coordinator

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// overlay holds the coordinator's own writes, as the server answered them, for as long as the informers do not have them. What
// is read through it is never older than what was written last.
//
// Which of two states of an object is the newer one is told by their resourceVersions. They come from one counter that the
// storage raises with each write, and so of two versions of an object the greater is the later. Kubernetes promises that
// since 1.35 (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions: they are
// comparable as numbers within a resource); the servers before could not keep their promises about watches without it, for etcd
// has always worked so. A server whose versions are no numbers breaks nothing: our write is taken for the newer one
// until it is read again from the server, see lagging.
//
// An overlay is an optimisation in the sense that a restart may lose it: a new leader reads live once instead.
type overlay struct {
	mu      sync.Mutex
	written map[key]*write
}

// key names an object. All that the coordinator writes belongs to the cluster, not to a namespace.
type key struct{ kind, name string }

// write is what the server answered last.
type write struct {
	object  client.Object
	deleted bool
	// listed is whether the informer has shown the object, in an older state. If it then shows it no longer, the object
	// was deleted after our write; one that it never showed may only be too new for it.
	listed bool
	at     time.Time
}

func newOverlay() *overlay { return &overlay{written: map[key]*write{}} }

// remember keeps the answer of a write that changed an object. Nobody changes the answer from now on.
func (o *overlay) remember(kind string, object client.Object, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := key{kind, object.GetName()}
	listed := true // what was changed was observed, and if not here then at the informer
	if last := o.written[k]; last != nil {
		listed = last.listed
	}
	o.written[k] = &write{object: object, listed: listed, at: now}
}

// add keeps an object that the informer may not have seen: one that was just created, or read from the server itself.
func (o *overlay) add(kind string, object client.Object, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written[key{kind, object.GetName()}] = &write{object: object, at: now}
}

// bury keeps in mind that an object was deleted.
func (o *overlay) bury(kind string, object client.Object, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written[key{kind, object.GetName()}] = &write{object: object, deleted: true, at: now}
}

// drop forgets what is known of an object, so that the informer's word counts.
func (o *overlay) drop(kind, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.written, key{kind, name})
}

// lagging are the objects that informers have not caught up with although they were written before a time. Either the
// informer is that late, or somebody deleted the object since: only the server knows.
func (o *overlay) lagging(before time.Time) map[key]client.Object {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := map[key]client.Object{}
	for k, w := range o.written {
		if w.at.Before(before) {
			found[k] = w.object
		}
	}
	return found
}

// object is a pointer to a kind's Go type.
type object[T any] interface {
	*T
	client.Object
}

// over lays our own writes over what an informer listed, and forgets those that it has caught up with. The items stay the informer's:
// nobody may change them.
func over[T any, P object[T]](o *overlay, kind string, items []T) map[string]P {
	o.mu.Lock()
	defer o.mu.Unlock()
	merged := make(map[string]P, len(items))
	for i := range items {
		item := P(&items[i])
		merged[item.GetName()] = item
	}
	for k, w := range o.written {
		if k.kind != kind {
			continue
		}
		item, listed := merged[k.name]
		switch {
		case listed && caughtUp(item, w):
			delete(o.written, k)
		case !listed && (w.deleted || w.listed):
			delete(o.written, k)
		case w.deleted:
			delete(merged, k.name)
		default:
			w.listed = w.listed || listed && item.GetUID() == w.object.GetUID()
			merged[k.name] = w.object.(P)
		}
	}
	return merged
}

// caughtUp tells whether an informer's object is at least as new as a write. After a deletion it is if it is another
// object of the same name.
func caughtUp(item client.Object, w *write) bool {
	if w.deleted {
		return item.GetUID() != w.object.GetUID()
	}
	return !newer(w.object.GetResourceVersion(), item.GetResourceVersion())
}

// newer tells whether resourceVersion a is later than b.
func newer(a, b string) bool {
	if a == b {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err != nil || order > 0
}
