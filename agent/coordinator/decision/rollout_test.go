package decision

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// live lets every agent do its next step: what a real one does on a host is one step here.
func (w *world) live() {
	for i := range w.Nodes {
		n := &w.Nodes[i]
		if n.Managed == nil || n.Node == nil {
			continue
		}
		m, name := n.Managed, n.Name()
		m.Status.ObservedGeneration = m.Generation
		approved := m.Spec.Approval != nil && m.Spec.Approval.Revision == m.Spec.Revision && m.Status.Plan != nil && m.Spec.Approval.Plan == m.Status.Plan.Hash
		switch {
		case m.Status.Phase == v1alpha1.PhaseApplying:
			w.upToDate(name)
			w.ready(name, true)
		case m.Status.AppliedRevision == m.Spec.Revision:
			w.upToDate(name)
		case !approved:
			w.plans(name, v1alpha1.ImpactDrain)
		case m.Spec.Disruption != nil && m.Spec.Disruption.Plan == m.Status.Plan.Hash:
			m.Status.Phase = v1alpha1.PhaseApplying
			w.ready(name, false)
		case m.Status.Phase == v1alpha1.PhaseStaging:
			m.Status.Phase = v1alpha1.PhaseWaitingForDisruption
		case m.Status.Phase != v1alpha1.PhaseWaitingForDisruption:
			m.Status.Phase = v1alpha1.PhaseStaging
		}
		if m.Spec.Drain != nil && n.Drain == nil {
			n.Drain = &Drain{Left: 2}
		}
	}
}

// evict makes the pods of nodes go, one at a time.
func (w *world) evict(actions []Action) {
	for _, action := range actions {
		if e, ok := action.(Evict); ok {
			w.node(e.Node).Drain.Left--
		}
	}
}

func (w *world) unavailable() int {
	count := 0
	for i := range w.Nodes {
		if n := w.Nodes[i].Node; n != nil && (!ready(n) || n.Spec.Unschedulable) {
			count++
		}
	}
	return count
}

func (w *world) finished() bool {
	for i := range w.Nodes {
		m := w.Nodes[i].Managed
		if m == nil || m.Status.Rollout == nil || m.Status.Rollout.ProvenRevision != w.Revision || m.Spec.Approval != nil || w.Nodes[i].Node.Spec.Unschedulable {
			return false
		}
	}
	return true
}

// roll runs a rollout to its end. lose says how many actions of a decision are carried out; the rest is lost, as when
// the coordinator is killed.
func (w *world) roll(limit int, lose func(step int, actions []Action) []Action) (told []string) {
	w.t.Helper()
	for step := range 400 {
		if w.finished() {
			return told
		}
		actions := lose(step, Decide(w.Observation))
		w.apply(actions)
		w.evict(actions)
		told = append(told, events(actions)...)
		if got := w.unavailable(); got > limit {
			w.t.Fatalf("got %d nodes unavailable in step %d, want at most %d", got, step, limit)
		}
		w.live()
		if got := w.unavailable(); got > limit {
			w.t.Fatalf("got %d nodes unavailable after step %d, want at most %d", got, step, limit)
		}
		w.Now = w.Now.Add(time.Minute)
	}
	w.t.Fatalf("got no end of the rollout: %+v", w.Group.Status)
	return nil
}

func rollingWorld(t *testing.T) *world {
	w := newWorld(t, 4)
	w.maxUnavailable("2")
	w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary", Soak: &metav1.Duration{Duration: 10 * time.Minute}}}
	w.Group.SetDefaults()
	w.Revision = "r2"
	return w
}

func TestARolloutTellsItsStoryInOrder(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	told := w.roll(2, func(_ int, actions []Action) []Action { return actions })
	story := []string{"UpdateApproved", "DrainStarted", "Drained", "DisruptionApproved", "NodeUpdated", "Uncordoned"}
	for i := range w.Nodes {
		name := w.Nodes[i].Name()
		var got []string
		for _, event := range told {
			if len(event) > len(name) && event[:len(name)+1] == name+":" {
				got = append(got, event[len(name)+1:])
			}
		}
		if diff := cmp.Diff(story, got); diff != "" {
			t.Errorf("story of %s (-want +got):\n%s", name, diff)
		}
	}
	canary, next := slices.Index(told, "n1:NodeUpdated"), slices.Index(told, "n2:UpdateApproved")
	if canary > next {
		t.Errorf("got n2 approved before the canary was updated:\n%v", told)
	}
	w.settle()
	if w.Group.Status.Nodes.UpToDate != 4 {
		t.Errorf("got %+v, want all nodes up to date", w.Group.Status.Nodes)
	}
}

// A coordinator that is killed after any number of actions of any decision is followed by one that ends the rollout.
func TestARolloutEndsWhereverTheCoordinatorIsKilled(t *testing.T) {
	t.Parallel()
	whole := rollingWorld(t)
	most, steps := 0, 0
	whole.roll(2, func(step int, actions []Action) []Action {
		most, steps = max(most, len(actions)), step
		return actions
	})
	for kill := range steps {
		for carried := range most {
			w := rollingWorld(t)
			w.roll(2, func(step int, actions []Action) []Action {
				if step == kill && carried < len(actions) {
					return actions[:carried]
				}
				return actions
			})
		}
	}
}

// Any single action of a decision may be lost while the others are carried out, as when one write meets a conflict.
func TestARolloutEndsWhicheverActionIsLost(t *testing.T) {
	t.Parallel()
	for lost := range 7 {
		t.Run(fmt.Sprintf("every action with number %d modulo 7", lost), func(t *testing.T) {
			t.Parallel()
			w := rollingWorld(t)
			count := 0
			w.roll(2, func(_ int, actions []Action) []Action {
				var carried []Action
				failed := map[string]bool{}
				for _, action := range actions {
					if count++; count%7 == lost {
						if set, ok := action.(SetSpec); ok {
							failed[set.Node] = true
						}
						continue
					}
					if !failed[nodeOf(action)] {
						carried = append(carried, action)
					}
				}
				return carried
			})
		})
	}
}

func nodeOf(action Action) string {
	switch a := action.(type) {
	case SetRollout:
		return a.Node
	case Cordon:
		return a.Node
	case Uncordon:
		return a.Node
	case Evict:
		return a.Node
	case Mirror:
		return a.Node
	}
	return ""
}
