package coordinator

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func (l *loop) setGroupStatus(ctx context.Context, w *world, group *v1alpha1.NodeGroup, status v1alpha1.NodeGroupStatus) error {
	current, err := w.sameGroup(group)
	if err != nil {
		return err
	}
	stored, err := asStored(status)
	if err != nil {
		return fmt.Errorf("serialising the status of NodeGroup %s: %w", group.Name, err)
	}
	if equality.Semantic.DeepEqual(current.Status, stored) {
		return nil
	}
	wanted := current.DeepCopy()
	wanted.Status = stored
	if err := l.writer.PatchStatus(ctx, wanted, changed(current)); err != nil {
		return fmt.Errorf("writing the status of NodeGroup %s: %w", group.Name, err)
	}
	l.remember(w, kindGroup, wanted)
	return nil
}

func (l *loop) dropResume(ctx context.Context, w *world, group *v1alpha1.NodeGroup) error {
	current, err := w.sameGroup(group)
	if err != nil {
		return err
	}
	if _, asked := current.Annotations[v1alpha1.ResumeAnnotation]; !asked {
		return nil
	}
	wanted := current.DeepCopy()
	delete(wanted.Annotations, v1alpha1.ResumeAnnotation)
	if err := l.writer.Patch(ctx, wanted, changed(current)); err != nil {
		return fmt.Errorf("taking the request to resume from NodeGroup %s: %w", group.Name, err)
	}
	l.remember(w, kindGroup, wanted)
	return nil
}

// sameGroup is the group as the API has it, without the defaults that the decision saw.
func (w *world) sameGroup(group *v1alpha1.NodeGroup) (*v1alpha1.NodeGroup, error) {
	if group == nil {
		return nil, fmt.Errorf("writing to a NodeGroup that is gone: %w", errStale)
	}
	current := w.group(group.Name)
	if current == nil {
		return nil, fmt.Errorf("writing to NodeGroup %s, which is gone: %w", group.Name, errStale)
	}
	return current, nil
}

// tell makes an Event on the node's ManagedNode and on the Node, where people look, or on the group.
func (l *loop) tell(w *world, group *v1alpha1.NodeGroup, a decision.Event) {
	if a.Node == "" {
		if group != nil {
			if current := w.group(group.Name); current != nil {
				l.events.tell(current, a)
			}
		}
		return
	}
	if node := w.node(a.Node); node != nil {
		l.events.tell(node, a)
	}
	if managed := w.managedNode(a.Node); managed != nil {
		l.events.tell(managed, a)
	}
}
