package coordinator

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// membership says which nodes belong to which group.
type membership struct {
	// groups are the members of each group that exists. A node that several groups choose is in each of them, with the
	// others named.
	groups map[string][]decision.Node
	// orphans are nodes whose ManagedNode names a group that is gone, by that name, unless another group chooses them.
	orphans map[string][]decision.Node
}

// belong finds the members of all groups: the nodes that a group chooses, and those that it has to let go of.
func (w *world) belong() membership {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := membership{groups: map[string][]decision.Node{}, orphans: map[string][]decision.Node{}}
	selected := w.selectors()
	for _, name := range slices.Sorted(maps.Keys(w.nodes)) {
		node, managed := w.nodes[name], w.managed[name]
		chosen := w.choosers(node, selected)
		for i, group := range chosen {
			others := slices.Delete(slices.Clone(chosen), i, i+1)
			m.groups[group] = append(m.groups[group], decision.Node{Node: node, Managed: managed, OtherGroups: others})
		}
		// One other group takes over what the last one had begun. Several cannot, and the last one lets go.
		if managed != nil && len(chosen) != 1 && !slices.Contains(chosen, managed.Spec.NodeGroup) {
			m.leave(w, decision.Node{Node: node, Managed: managed, Left: true})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.managed)) {
		if w.nodes[name] == nil {
			m.leave(w, decision.Node{Managed: w.managed[name]})
		}
	}
	return m
}

// leave gives a node to the group that its ManagedNode names.
func (m *membership) leave(w *world, node decision.Node) {
	group := node.Managed.Spec.NodeGroup
	if w.groups[group] != nil {
		m.groups[group] = append(m.groups[group], node)
	} else {
		m.orphans[group] = append(m.orphans[group], node)
	}
}

// selectors are those of the groups that have one of their own.
func (w *world) selectors() map[string]labels.Selector {
	selectors := map[string]labels.Selector{}
	for name, group := range w.groups {
		if len(group.Spec.NodeSelector) > 0 {
			selectors[name] = labels.SelectorFromSet(group.Spec.NodeSelector)
		}
	}
	return selectors
}

// choosers are the groups that choose a node, in order.
func (w *world) choosers(node *corev1.Node, selectors map[string]labels.Selector) []string {
	var chosen []string
	if named := w.groups[node.Labels[v1alpha1.NodeGroupLabel]]; named != nil && selectors[named.Name] == nil {
		chosen = append(chosen, named.Name)
	}
	for name, selector := range selectors {
		if selector.Matches(labels.Set(node.Labels)) {
			chosen = append(chosen, name)
		}
	}
	slices.Sort(chosen)
	return chosen
}

// elsewhere counts the managed nodes that are not among a group's, for the budget of all groups: as they are now, with what
// this round has already granted to other groups.
func (w *world) elsewhere(members []decision.Node) decision.Count {
	w.mu.Lock()
	defer w.mu.Unlock()
	mine := make(map[string]bool, len(members))
	for i := range members {
		mine[members[i].Name()] = true
	}
	var others []decision.Node
	for name, managed := range w.managed {
		if !mine[name] {
			others = append(others, decision.Node{Node: w.nodes[name], Managed: managed})
		}
	}
	return decision.CountNodes(others)
}

// singleControlPlane tells whether one node alone carries the control plane. Where none is seen, it is not ours to drain.
func (w *world) singleControlPlane() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, node := range w.nodes {
		if _, ok := node.Labels["node-role.kubernetes.io/control-plane"]; ok {
			count++
		}
	}
	return count == 1
}
