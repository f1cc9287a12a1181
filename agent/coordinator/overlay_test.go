package coordinator

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

func nodeAt(name, uid, version string) *corev1.Node {
	n := &corev1.Node{}
	n.Name, n.UID, n.ResourceVersion = name, types.UID(uid), version
	return n
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	at := newClock().now()
	for name, c := range map[string]struct {
		write  func(*overlay)
		lists  [][]corev1.Node // one after the other
		want   string          // the version seen in the end; empty: none
		forget bool            // whether nothing is kept in the end
	}{
		"a write is seen before the informer has it": {
			func(o *overlay) { o.remember(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "9")}}, "10", false,
		},
		"versions are numbers, not text": {
			func(o *overlay) { o.remember(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "9")}, {*nodeAt("a", "1", "11")}}, "11", true,
		},
		"the write itself is forgotten once the informer has it": {
			func(o *overlay) { o.remember(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "10")}}, "10", true,
		},
		"versions that are no numbers leave the write the newer one": {
			func(o *overlay) { o.remember(kindNode, nodeAt("a", "1", "x"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "y")}}, "x", false,
		},
		"a new object is seen before the informer has it": {
			func(o *overlay) { o.add(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{}, {}}, "10", false,
		},
		"a changed object that disappears was deleted": {
			func(o *overlay) { o.remember(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "9")}, {}}, "", true,
		},
		"a new object that was seen and disappears was deleted": {
			func(o *overlay) {
				o.add(kindNode, nodeAt("a", "1", "8"), at)
				o.remember(kindNode, nodeAt("a", "1", "10"), at)
			}, [][]corev1.Node{{}, {*nodeAt("a", "1", "8")}, {}}, "", true,
		},
		"a deleted object is not seen": {
			func(o *overlay) { o.bury(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "1", "10")}}, "", false,
		},
		"a deleted object is forgotten with the informer": {
			func(o *overlay) { o.bury(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{}}, "", true,
		},
		"another object of a deleted one's name is seen": {
			func(o *overlay) { o.bury(kindNode, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{*nodeAt("a", "2", "11")}}, "11", true,
		},
		"another kind's objects are not": {
			func(o *overlay) { o.add(kindGroup, nodeAt("a", "1", "10"), at) }, [][]corev1.Node{{}}, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOverlay()
			c.write(o)
			var got map[string]*corev1.Node
			for _, list := range c.lists {
				got = over(o, kindNode, list)
			}
			seen := ""
			if n := got["a"]; n != nil {
				seen = n.ResourceVersion
			}
			if seen != c.want {
				t.Errorf("got version %q, want %q", seen, c.want)
			}
			if empty := len(o.written) == 0; empty != c.forget {
				t.Errorf("got forgotten %v, want %v", empty, c.forget)
			}
		})
	}
}

func TestObjectsThatInformersDoNotCatchUpWithAreReadAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, member("stays", "worker"))
	o := newOverlay()
	o.add(kindNode, nodeAt("gone", "1", "10"), b.clock.now())
	o.add(kindNode, nodeAt("stays", "1", "1"), b.clock.now())
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{patience, 2}, {time.Second, 1}} {
		b.clock.pass(step.after)
		if err := settle(t.Context(), b.cluster, o, b.clock.now()); err != nil {
			t.Fatal(err)
		}
		if got := len(o.written); got != step.want {
			t.Errorf("got %d objects kept, want %d", got, step.want)
		}
	}
	if got := o.written[key{kindNode, "stays"}].object.GetLabels(); len(got) == 0 {
		t.Error("the object that is there was not read again")
	}
}
