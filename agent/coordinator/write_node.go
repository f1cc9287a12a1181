package coordinator

import (
	"context"
	"fmt"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// cordon makes a node unschedulable and marks it in one write: a coordinator that is killed never leaves a cordon behind that
// nobody would take back, nor a mark on a cordon of somebody else's.
func (l *loop) cordon(ctx context.Context, w *world, name string) error {
	return l.writeNode(ctx, w, name, "cordon", func(node *corev1.Node) error {
		if node.Spec.Unschedulable && node.Annotations[v1alpha1.CordonedByAnnotation] != v1alpha1.CordonedByHostler {
			return fmt.Errorf("somebody else has cordoned it: %w", errStale)
		}
		node.Spec.Unschedulable = true
		annotate(node, v1alpha1.CordonedByAnnotation, v1alpha1.CordonedByHostler)
		return nil
	})
}

// uncordon takes hostler's own cordon back, with its mark.
func (l *loop) uncordon(ctx context.Context, w *world, name string) error {
	return l.writeNode(ctx, w, name, "uncordon", func(node *corev1.Node) error {
		if node.Annotations[v1alpha1.CordonedByAnnotation] != v1alpha1.CordonedByHostler {
			return fmt.Errorf("its cordon is not hostler's: %w", errStale)
		}
		node.Spec.Unschedulable = false
		delete(node.Annotations, v1alpha1.CordonedByAnnotation)
		return nil
	})
}

func (l *loop) mirror(ctx context.Context, w *world, a decision.Mirror) error {
	return l.annotateNode(ctx, w, a.Node, a.Annotations)
}

// annotateNode sets annotations of a Node, and removes those without value.
func (l *loop) annotateNode(ctx context.Context, w *world, name string, annotations map[string]string) error {
	return l.writeNode(ctx, w, name, "annotations", func(node *corev1.Node) error {
		for key, value := range annotations {
			annotate(node, key, value)
		}
		return nil
	})
}

func (l *loop) template(ctx context.Context, w *world, a decision.Template) error {
	return l.writeNode(ctx, w, a.Node, "template", func(node *corev1.Node) error {
		if patched, differs := decision.TemplatePatch(node, &a.Wanted); differs {
			*node = *patched
		}
		return nil
	})
}

// writeNode changes a Node by what edit does to a copy of it. The write is bound to the version that was observed: taints
// are one list, and a cordon is one of them in all but name, so others' edits in between must not be lost.
func (l *loop) writeNode(ctx context.Context, w *world, name, done string, edit func(*corev1.Node) error) error {
	current := w.node(name)
	if current == nil {
		return fmt.Errorf("changing node %s: it is not there: %w", name, errStale)
	}
	wanted := current.DeepCopy()
	if err := edit(wanted); err != nil {
		return fmt.Errorf("changing node %s: %w", name, err)
	}
	if equality.Semantic.DeepEqual(current, wanted) {
		return nil
	}
	if err := l.writer.Patch(ctx, wanted, changed(current)); err != nil {
		return fmt.Errorf("changing node %s: %w", name, err)
	}
	l.remember(w, kindNode, wanted)
	l.log.Info("Node changed", zap.String("node", name), zap.String("by", done))
	return nil
}

// annotate sets an annotation; without value it removes it.
func annotate(node *corev1.Node, key, value string) {
	if value == "" {
		delete(node.Annotations, key)
		return
	}
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	node.Annotations[key] = value
}
