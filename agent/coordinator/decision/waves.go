package decision

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// wave is a wave of the group, and how far it is.
type wave struct {
	name    string
	members []*member
	proven  int
	// blocked says why the wave is not wholly proven and healthy; empty: it is.
	blocked string
	// soaked is when the next nodes may start; zero where nobody has to be watched.
	soaked time.Time
}

// placeInWaves says who is in which wave: the first that takes a node has it. Who was in a wave stays in it while the wave's
// selector allows, so that a node that joins does not push a canary out in the middle of its soak.
func (d *decision) placeInWaves() {
	var free []*member
	for _, m := range d.members {
		if m.wave = len(d.group.Spec.Update.Waves); m.usable() {
			free = append(free, m)
		}
	}
	total := d.total()
	for i := range d.group.Spec.Update.Waves {
		spec := &d.group.Spec.Update.Waves[i]
		w := wave{name: spec.Name}
		for _, m := range d.candidatesFor(spec, free) {
			if len(w.members) == share(spec.Size, total) {
				break
			}
			m.wave = i
			w.members = append(w.members, m)
		}
		free = slices.DeleteFunc(free, func(m *member) bool { return m.wave == i })
		d.watch(&w, spec.Soak)
		d.waves = append(d.waves, w)
	}
	for _, m := range d.members {
		if m.rollout.Wave = ""; m.wave < len(d.waves) {
			m.rollout.Wave = d.waves[m.wave].name
		}
	}
}

// candidatesFor are the nodes that the wave could have, in the order in which it takes them.
func (d *decision) candidatesFor(spec *v1alpha1.Wave, free []*member) []*member {
	selector := labels.Everything()
	if spec.Selector != nil {
		chosen, err := metav1.LabelSelectorAsSelector(spec.Selector)
		if err != nil {
			return nil // the group is not valid, and nobody starts
		}
		selector = chosen
	}
	var found []*member
	for _, m := range free {
		if selector.Matches(labels.Set(m.Node.Node.Labels)) {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *member) int {
		if c := compareBool(a.rollout.Wave != spec.Name, b.rollout.Wave != spec.Name); c != 0 {
			return c
		}
		return d.compare(a, b)
	})
	return found
}

// watch says how far a wave is. A node on which the revision failed keeps the wave from being proven until a person
// resumes the group; then the wave is judged without it.
func (d *decision) watch(w *wave, soak *metav1.Duration) {
	for _, m := range w.members {
		switch {
		case d.forgiven(m):
		case m.proven(d.o.Revision):
			w.proven++
			if end := m.rollout.ProvenAt.Add(duration(soak)); end.After(w.soaked) {
				w.soaked = end
			}
			if !m.ready() && w.blocked == "" {
				w.blocked = m.name + " is not Ready"
			}
		case w.blocked != "":
		case m.failed(d.o.Revision):
			w.blocked = fmt.Sprintf("the revision failed on %s (the annotation %s on the NodeGroup passes over that node)", m.name, v1alpha1.ResumeAnnotation)
		default:
			w.blocked = fmt.Sprintf("%s is not proven (%s)", m.name, m.phase())
			if m.phase() == "" {
				w.blocked = m.name + " is not proven (its agent has not reported)"
			}
		}
	}
}

// proven is whether the node has had the revision with all gates open, and is not at work on it again.
func (m *member) proven(revision string) bool {
	return revision != "" && m.rollout.ProvenRevision == revision && m.rollout.ProvenAt != nil &&
		m.status.AppliedRevision == revision && !m.changing()
}

// changing is whether the host is being changed, or may be at any moment.
func (m *member) changing() bool {
	return m.spec.Approval != nil || m.rollout.StartedAt != nil
}

// turn says which earlier wave the node has to wait for.
func (d *decision) turn(m *member) (Waiting, string) {
	for i := range d.waves[:min(m.wave, len(d.waves))] {
		w := &d.waves[i]
		if w.blocked != "" {
			return WaitingWave, fmt.Sprintf("wave %s goes first, and of it %s", w.name, w.blocked)
		}
		if d.o.Now.Before(w.soaked) {
			d.wakeAt(w.soaked)
			return WaitingSoak, fmt.Sprintf("wave %s must stay healthy until %s", w.name, clock(w.soaked))
		}
	}
	return "", ""
}

// share is a number of nodes, or a percentage of all of them: rounded down, and at least 1, so that there is no setting with
// which nothing ever moves.
func share(of *intstr.IntOrString, total int) int {
	if of == nil {
		return 1
	}
	count, err := intstr.GetScaledValueFromIntOrPercent(of, total, false)
	if err != nil {
		return 1
	}
	return max(1, count)
}

func duration(d *metav1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}

// clock is a time for people. Messages hold times and never how long it is until then, or each look would change them.
func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
