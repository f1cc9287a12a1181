package coordinator

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// remember makes what a write returned the newest known state of its object.
func (l *loop) remember(w *world, kind string, written client.Object) {
	written = strip(written)
	l.overlay.remember(kind, written, l.now())
	w.put(written)
}

// add does so for an object that is new.
func (l *loop) add(w *world, kind string, made client.Object) {
	made = strip(made)
	l.overlay.add(kind, made, l.now())
	w.put(made)
}

// setSpec makes or changes a ManagedNode, and takes over requests that people have made on the Node.
func (l *loop) setSpec(ctx context.Context, w *world, a decision.SetSpec) error {
	if err := l.writeSpec(ctx, w, a); err != nil {
		return fmt.Errorf("writing ManagedNode %s: %w", a.Node, err)
	}
	if len(a.DropFromNode) == 0 {
		return nil
	}
	return l.annotateNode(ctx, w, a.Node, dropped(a.DropFromNode))
}

func (l *loop) writeSpec(ctx context.Context, w *world, a decision.SetSpec) error {
	current := w.managedNode(a.Node)
	if a.Observed == "" {
		return l.makeManaged(ctx, w, current, a)
	}
	if current == nil || !w.sameManaged(current, a.Observed) {
		return errStale
	}
	wanted := current.DeepCopy()
	wanted.Spec = *a.Spec.DeepCopy()
	for _, name := range a.Drop {
		delete(wanted.Annotations, name)
	}
	if equality.Semantic.DeepEqual(wanted.Spec, current.Spec) && len(wanted.Annotations) == len(current.Annotations) {
		return nil
	}
	if err := l.writer.Patch(ctx, wanted, changed(current)); err != nil {
		return err
	}
	l.remember(w, kindManaged, wanted)
	l.log.Info("decision written", specFields(wanted)...)
	return nil
}

// sameManaged tells whether a ManagedNode is the one that a decision observed, but for what this round wrote itself since.
func (w *world) sameManaged(current *v1alpha1.ManagedNode, observed string) bool {
	return observed == current.ResourceVersion || observed == w.basis(current.Name)
}

func (l *loop) makeManaged(ctx context.Context, w *world, current *v1alpha1.ManagedNode, a decision.SetSpec) error {
	if current != nil {
		return errStale
	}
	made := &v1alpha1.ManagedNode{Spec: *a.Spec.DeepCopy()}
	made.Name = a.Node
	if err := l.writer.Create(ctx, made); err != nil {
		return err
	}
	l.add(w, kindManaged, made)
	l.log.Info("node taken over", specFields(made)...)
	return nil
}

func specFields(managed *v1alpha1.ManagedNode) []zap.Field {
	spec := managed.Spec
	fields := []zap.Field{
		zap.String("node", managed.Name), zap.String("nodeGroup", spec.NodeGroup), zap.String("revision", spec.Revision),
		zap.Bool("paused", spec.Paused), zap.Bool("drain", spec.Drain != nil),
	}
	if spec.Approval != nil {
		fields = append(fields, zap.String("approved", spec.Approval.Plan), zap.String("by", spec.Approval.By))
	}
	if spec.Disruption != nil {
		fields = append(fields, zap.String("disruption", spec.Disruption.Plan))
	}
	return fields
}

func (l *loop) deleteManaged(ctx context.Context, w *world, a decision.DeleteManaged) error {
	current := w.managedNode(a.Node)
	if current == nil {
		return nil
	}
	if !w.sameManaged(current, a.Observed) {
		return fmt.Errorf("deleting ManagedNode %s: %w", a.Node, errStale)
	}
	if err := l.writer.Delete(ctx, current); err != nil {
		return fmt.Errorf("deleting ManagedNode %s: %w", a.Node, err)
	}
	l.overlay.bury(kindManaged, current, l.now())
	w.remove(current)
	l.log.Info("node let go", zap.String("node", a.Node), zap.String("nodeGroup", current.Spec.NodeGroup))
	return nil
}

// setRollout applies the coordinator's part of the status on the server's side, so the agent's part stays the agent's. It too is bound
// to a version: times of proofs and drains follow from what was there before.
func (l *loop) setRollout(ctx context.Context, w *world, a decision.SetRollout) error {
	current := w.managedNode(a.Node)
	if current == nil {
		return fmt.Errorf("writing the rollout of node %s: %w", a.Node, errStale)
	}
	if hasRollout(&current.Status, a) {
		return nil
	}
	if a, err := asStored(a); err == nil && hasRollout(&current.Status, a) {
		return nil
	}
	applied, err := rolloutConfiguration(current, a)
	if err != nil {
		return fmt.Errorf("serialising the rollout of node %s: %w", a.Node, err)
	}
	if err := l.writer.ApplyStatus(ctx, applied); err != nil {
		return fmt.Errorf("writing the rollout of node %s: %w", a.Node, err)
	}
	written := &v1alpha1.ManagedNode{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(applied.Object, written); err != nil {
		// It is written all the same; only the informer can tell now what.
		l.overlay.drop(kindManaged, a.Node)
		return fmt.Errorf("reading the API server's answer for node %s: %w", a.Node, err)
	}
	l.remember(w, kindManaged, written)
	return nil
}

// hasRollout tells whether a status says it already.
func hasRollout(status *v1alpha1.ManagedNodeStatus, a decision.SetRollout) bool {
	var rollout v1alpha1.RolloutStatus
	if status.Rollout != nil {
		rollout = *status.Rollout
	}
	if !equality.Semantic.DeepEqual(rollout, a.Rollout) {
		return false
	}
	if a.Waiting.Type == "" {
		return true
	}
	for i := range status.Conditions {
		if status.Conditions[i].Type == a.Waiting.Type {
			return equality.Semantic.DeepEqual(status.Conditions[i], a.Waiting)
		}
	}
	return false
}

// rolloutConfiguration is what is applied: nothing but what the coordinator owns. A typed object would
// claim all the other fields too, with their zero values.
func rolloutConfiguration(current *v1alpha1.ManagedNode, a decision.SetRollout) (*unstructured.Unstructured, error) {
	rollout, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&a.Rollout)
	if err != nil {
		return nil, err
	}
	status := map[string]any{"rollout": rollout}
	if a.Waiting.Type != "" {
		waiting, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&a.Waiting)
		if err != nil {
			return nil, err
		}
		status["conditions"] = []any{waiting}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       v1alpha1.ManagedNodeKind,
		"metadata":   map[string]any{"name": a.Node, "resourceVersion": current.ResourceVersion},
		"status":     status,
	}}, nil
}

// asStored is a value as it is when the API has had it: times lose what is finer than their format, and would differ for ever.
func asStored[T any](value T) (T, error) {
	var stored T
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, &stored)
	}
	return stored, err
}

// dropped are annotations with no value: to be removed.
func dropped(names []string) map[string]string {
	annotations := map[string]string{}
	for _, name := range names {
		annotations[name] = ""
	}
	return annotations
}
