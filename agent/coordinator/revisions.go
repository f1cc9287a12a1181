package coordinator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
)

// keptRevisions is how many revisions of a group are kept beside those in use.
const keptRevisions = 10

// rendered is what a group's spec has come to.
type rendered struct {
	// group has its defaults.
	group *v1alpha1.NodeGroup
	// revision exists in the API; empty: the group never had a good one.
	revision          string
	kubernetesVersion string
	// invalid says why the spec cannot be used; revision is the last good one then.
	invalid string
}

// revise renders a group, and makes its revision if there is none yet. An error means that the API could not be written;
// a spec that cannot be used is none.
func (l *loop) revise(ctx context.Context, w *world, group *v1alpha1.NodeGroup) (rendered, error) {
	group = group.DeepCopy()
	group.SetDefaults()
	revision, problem := renderGroup(group, w.configurations)
	if problem == "" {
		problem = w.badPolicy
	}
	if problem == "" {
		stored, wrong, err := l.store(ctx, w, revision)
		if err != nil {
			return rendered{}, err
		}
		if wrong == "" {
			return rendered{group: group, revision: stored.Name, kubernetesVersion: stored.Spec.Host.KubernetesVersion}, nil
		}
		problem = wrong
	}
	result := rendered{group: group, invalid: problem}
	if last := w.revisions[group.Status.Revision]; last != nil {
		result.revision, result.kubernetesVersion = last.Name, last.Spec.Host.KubernetesVersion
	}
	return result, nil
}

// renderGroup makes a group's revision, or says why there cannot be one.
func renderGroup(group *v1alpha1.NodeGroup, configurations []v1alpha1.NodeGroupConfiguration) (render.Revision, string) {
	if errs := group.Validate(); len(errs) > 0 {
		return render.Revision{}, sentence(errs)
	}
	for i := range configurations {
		if !configurations[i].Serves(group.Name) {
			continue
		}
		configuration := configurations[i].DeepCopy()
		configuration.SetDefaults()
		if errs := configuration.Validate(); len(errs) > 0 {
			return render.Revision{}, fmt.Sprintf("NodeGroupConfiguration %s: %s", configuration.Name, sentence(errs))
		}
	}
	revision, err := render.Render(group, configurations)
	if err != nil {
		return render.Revision{}, err.Error()
	}
	return revision, ""
}

// sentence is all that is wrong, on one line.
func sentence(errs field.ErrorList) string {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// store makes a revision if it is not there. It says in wrong why it cannot be used although the API was reached.
//
// A revision has no owner: if a group is deleted, the revisions that hosts still have must stay for them to be understood
// and rolled back, and to be the same ones if the group comes back. prune takes them away when nobody needs them.
func (l *loop) store(ctx context.Context, w *world, revision render.Revision) (stored *v1alpha1.NodeGroupRevision, wrong string, err error) {
	if existing := w.revisions[revision.Name]; existing != nil {
		return existing, otherContents(existing, revision), nil
	}
	made := &v1alpha1.NodeGroupRevision{Spec: *revision.Spec.DeepCopy()}
	made.Name = revision.Name
	made.Labels = map[string]string{v1alpha1.NodeGroupLabel: revision.Spec.NodeGroup}
	err = l.writer.Create(ctx, made)
	switch {
	case apierrors.IsAlreadyExists(err):
		// The leader before made it, and the informer does not have it yet.
		if err := l.live.Get(ctx, client.ObjectKey{Name: revision.Name}, made); err != nil {
			return nil, "", fmt.Errorf("reading NodeGroupRevision %s: %w", revision.Name, err)
		}
		l.add(w, kindRevision, made)
		return made, otherContents(made, revision), nil
	case apierrors.IsInvalid(err):
		return nil, fmt.Sprintf("the API server refuses NodeGroupRevision %s (were the CustomResourceDefinitions updated together with the coordinator?): %v", revision.Name, err), nil
	case err != nil:
		return nil, "", fmt.Errorf("making NodeGroupRevision %s: %w", revision.Name, err)
	}
	if damage := render.Verify(render.Revision{Name: made.Name, Spec: made.Spec}); damage != nil {
		return nil, damage.Error(), l.discard(ctx, made)
	}
	l.add(w, kindRevision, made)
	l.log.Info("new revision", zap.String("nodeGroup", revision.Spec.NodeGroup), zap.String("revision", made.Name))
	return made, "", nil
}

// otherContents says that a revision's name is taken; empty: it is the same revision.
func otherContents(existing *v1alpha1.NodeGroupRevision, revision render.Revision) string {
	if existing.Spec.Checksum == revision.Spec.Checksum {
		return ""
	}
	return fmt.Sprintf("NodeGroupRevision %s exists with other contents: delete it if nobody uses it", revision.Name)
}

// discard removes a revision that has lost a part on its way. It would keep the name from the whole one.
func (l *loop) discard(ctx context.Context, revision *v1alpha1.NodeGroupRevision) error {
	if err := l.writer.Delete(ctx, revision); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing NodeGroupRevision %s, which was not stored as it was sent: %w", revision.Name, err)
	}
	return nil
}

// prune deletes revisions that are neither in use nor among the newest of their group. Those of a deleted group are kept
// as long as they are in use.
func (l *loop) prune(ctx context.Context, w *world) error {
	for _, revision := range superfluous(w) {
		err := l.writer.Delete(ctx, revision)
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("deleting the old NodeGroupRevision %s: %w", revision.Name, err)
		}
		l.overlay.bury(kindRevision, revision, l.now())
		w.remove(revision)
		l.log.Info("revision deleted: it is old, and not in use", zap.String("revision", revision.Name))
	}
	return nil
}

// superfluous are the revisions to delete.
func superfluous(w *world) []*v1alpha1.NodeGroupRevision {
	used := revisionsInUse(w)
	byGroup := map[string][]*v1alpha1.NodeGroupRevision{}
	for _, revision := range w.revisions {
		if w.groups[revision.Spec.NodeGroup] != nil {
			byGroup[revision.Spec.NodeGroup] = append(byGroup[revision.Spec.NodeGroup], revision)
		}
	}
	for _, revisions := range byGroup {
		slices.SortFunc(revisions, newestFirst)
		for _, revision := range revisions[:min(keptRevisions, len(revisions))] {
			used[revision.Name] = true
		}
	}
	var found []*v1alpha1.NodeGroupRevision
	for _, name := range slices.Sorted(maps.Keys(w.revisions)) {
		if revision := w.revisions[name]; !used[name] && revision.DeletionTimestamp == nil {
			found = append(found, revision)
		}
	}
	return found
}

func newestFirst(a, b *v1alpha1.NodeGroupRevision) int {
	return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// revisionsInUse are those that a group or a node names.
func revisionsInUse(w *world) map[string]bool {
	used := map[string]bool{}
	for _, group := range w.groups {
		used[group.Status.Revision] = true
		if group.Status.Failures != nil {
			used[group.Status.Failures.Revision] = true
		}
	}
	for _, managed := range w.managed {
		used[managed.Spec.Revision] = true
		used[managed.Status.AppliedRevision] = true
		if managed.Spec.Approval != nil {
			used[managed.Spec.Approval.Revision] = true
		}
		if managed.Status.Failure != nil {
			used[managed.Status.Failure.Revision] = true
		}
		if managed.Status.Rollout != nil {
			used[managed.Status.Rollout.ProvenRevision] = true
		}
	}
	return used
}
