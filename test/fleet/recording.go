package fleet

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Sample is what counts of the world at a moment.
type Sample struct {
	At time.Time
	// Available are the pods that are Ready and not being deleted, by their label app.
	Available map[string]int
	Nodes     map[string]NodeSample
}

// NodeSample is what counts of a node.
type NodeSample struct {
	Group    string
	Ready    bool
	Cordoned bool
	// Ours is whether the cordon has hostler's mark.
	Ours bool
	// Slot is whether the node was approved and is not proven yet.
	Slot    bool
	Drain   v1alpha1.DrainState
	Phase   v1alpha1.Phase
	Kubelet string
}

// Unavailable is the strictest reading: whoever may be away soon counts too.
func (n NodeSample) Unavailable() bool { return !n.Ready || n.Cordoned || n.Slot }

func sampleOf(w *World) Sample {
	s := Sample{At: time.Now(), Available: map[string]int{}, Nodes: map[string]NodeSample{}}
	for _, pod := range all[*corev1.Pod](w) {
		if app := pod.Labels["app"]; app != "" && pod.DeletionTimestamp == nil && podReady(pod) {
			s.Available[app]++
		}
	}
	for _, node := range w.Nodes() {
		n := NodeSample{
			Group: node.Labels[v1alpha1.NodeGroupLabel], Ready: nodeReady(node), Cordoned: node.Spec.Unschedulable,
			Ours: node.Annotations[v1alpha1.CordonedByAnnotation] == v1alpha1.CordonedByHostler, Kubelet: node.Status.NodeInfo.KubeletVersion,
		}
		if managed := w.Managed(node.Name); managed != nil {
			n.Slot, n.Phase = managed.Spec.Approval != nil, managed.Status.Phase
			if rollout := managed.Status.Rollout; rollout != nil && rollout.Drain != nil {
				n.Drain = rollout.Drain.State
			}
		}
		s.Nodes[node.Name] = n
	}
	return s
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func nodeReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// Recording is every Sample of a time that differs from the one before, in order.
type Recording []Sample

func (r *Recording) add(s Sample) {
	if n := len(*r); n > 0 {
		last := (*r)[n-1]
		if reflect.DeepEqual(last.Available, s.Available) && maps.Equal(last.Nodes, s.Nodes) {
			return
		}
	}
	*r = append(*r, s)
}

// Since returns the samples from a moment on, and the one that held at it.
func (r Recording) Since(at time.Time) Recording {
	first, _ := slices.BinarySearchFunc(r, at, func(s Sample, at time.Time) int { return s.At.Compare(at) })
	return slices.Clone(r[max(0, first-1):])
}

// MinAvailable returns how few pods of an app were ever available.
func (r Recording) MinAvailable(app string) int {
	fewest := -1
	for _, s := range r {
		if n := s.Available[app]; fewest < 0 || n < fewest {
			fewest = n
		}
	}
	return max(fewest, 0)
}

// MaxUnavailable returns how many nodes of a group were ever unavailable at once.
func (r Recording) MaxUnavailable(group string) int { return r.most(group, NodeSample.Unavailable) }

// MaxSlots returns how many nodes of a group ever held a slot at once, whatever else made nodes unavailable.
func (r Recording) MaxSlots(group string) int {
	return r.most(group, func(n NodeSample) bool { return n.Slot })
}

func (r Recording) most(group string, holds func(NodeSample) bool) int {
	most := 0
	for _, s := range r {
		n := 0
		for _, node := range s.Nodes {
			if node.Group == group && holds(node) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Span returns the first and the last moment at which something held of a node; two zeros: it never did.
func (r Recording) Span(node string, holds func(NodeSample) bool) (from, to time.Time) {
	for i, s := range r {
		if !holds(s.Nodes[node]) {
			continue
		}
		if from.IsZero() {
			from = s.At
		}
		to = s.At
		if i+1 < len(r) {
			to = r[i+1].At
		}
	}
	return from, to
}

// Took returns how long something held of a node, from its first moment to its last.
func (r Recording) Took(node string, holds func(NodeSample) bool) time.Duration {
	from, to := r.Span(node, holds)
	return to.Sub(from)
}

// String is a line for each sample, for reports of failures.
func (r Recording) String() string {
	text := ""
	for _, s := range r {
		text += fmt.Sprintf("%s %v", s.At.Format("15:04:05.000"), s.Available)
		for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
			text += fmt.Sprintf(" %s:%s", name, s.Nodes[name])
		}
		text += "\n"
	}
	return text
}

// String is the node's sample in few letters, for reports of failures.
func (n NodeSample) String() string {
	text := string(n.Phase)
	for _, mark := range []struct {
		on   bool
		text string
	}{{!n.Ready, "NotReady"}, {n.Cordoned && n.Ours, "cordoned"}, {n.Cordoned && !n.Ours, "cordoned-by-others"}, {n.Slot, "slot"}} {
		if mark.on {
			text += "," + mark.text
		}
	}
	if n.Drain != "" {
		text += "," + string(n.Drain)
	}
	return text
}
