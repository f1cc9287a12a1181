package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// UpToDate returns what is missing for a node to have its group's revision, proven, and to hold nothing any more: no approval, no
// drain, no cordon of hostler's.
func UpToDate(w *World, group, node string) error {
	g, m, n := w.Group(group), w.Managed(node), w.Node(node)
	switch {
	case g == nil || n == nil || m == nil:
		return fmt.Errorf("node %s: its group, Node or ManagedNode is missing", node)
	case g.Status.ObservedGeneration != g.Generation || g.Status.Revision == "":
		return fmt.Errorf("the coordinator has not seen group %s as it is now", group)
	case m.Spec.Revision != g.Status.Revision || m.Status.AppliedRevision != g.Status.Revision || m.Status.Phase != v1alpha1.PhaseUpToDate:
		return fmt.Errorf("node %s: got %s with revision %s, of it is wanted %s, want UpToDate with %s: %s",
			node, m.Status.Phase, m.Status.AppliedRevision, m.Spec.Revision, g.Status.Revision, m.Status.Message)
	case m.Spec.Approval != nil || m.Spec.Disruption != nil || m.Spec.Drain != nil || n.Annotations[v1alpha1.CordonedByAnnotation] != "":
		return fmt.Errorf("node %s is up to date and still holds an approval, a drain or hostler's cordon: %+v", node, m.Spec)
	}
	return nil
}

// WaitUpToDate returns when the coordinator has seen a group as it is, and all its nodes are up to date.
func (f *Fleet) WaitUpToDate(ctx context.Context, group string) error {
	return f.Wait(ctx, func(w *World) error {
		var missing []error
		members := 0
		for _, node := range w.Nodes() {
			if node.Labels[v1alpha1.NodeGroupLabel] == group {
				members++
				missing = append(missing, UpToDate(w, group, node.Name))
			}
		}
		if members == 0 {
			return fmt.Errorf("group %s has no nodes", group)
		}
		return errors.Join(missing...)
	})
}
