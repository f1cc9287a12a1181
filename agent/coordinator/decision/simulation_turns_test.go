package decision_test

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// automatic is asked of approvals that nobody asked for.
func (r *rules) automatic(o *decision.Observation, n *decision.Node, m *machine) {
	c, update, status := r.c, &o.Group.Spec.Update, &n.Managed.Status
	if update.Paused {
		c.violate("%s was approved although the group is paused", m.name)
	}
	if !open(o, false) {
		c.violate("%s was approved outside of the windows, at %s", m.name, o.Now)
	}
	for _, gate := range o.Gates {
		if !gate.Open {
			c.violate("%s was approved although gate %s is closed", m.name, gate.Name)
		}
	}
	if n.Node.Spec.Unschedulable && !marked(n.Node) {
		c.violate("%s was approved although somebody cordoned it", m.name)
	}
	if status.Phase == v1alpha1.PhaseRolledBack || status.Phase == v1alpha1.PhaseFailed {
		c.violate("%s was approved again after %s, and nobody asked for it", m.name, status.Phase)
	}
	if failed := r.unforgiven(o); failed >= int(update.FailureBudget) {
		c.violate("%s was approved after %d failures, of which %d spend the budget", m.name, failed, update.FailureBudget)
	}
	broken := !nodeReady(n.Node) || n.Managed.Spec.Drain != nil && status.Failure != nil
	if !broken {
		r.waves(o, n, m)
	}
}

// unforgiven is how many nodes say that the revision failed on them, and are not forgiven.
func (r *rules) unforgiven(o *decision.Observation) int {
	failed := 0
	for i := range o.Nodes {
		n := &o.Nodes[i]
		if n.Node == nil || n.Left || n.Managed == nil || n.Managed.Spec.NodeGroup != o.Group.Name {
			continue
		}
		s := &n.Managed.Status
		if s.Phase != v1alpha1.PhaseRolledBack && s.Phase != v1alpha1.PhaseFailed || s.Failure == nil || s.Failure.Revision != o.Revision {
			continue
		}
		if !r.forgiven[failure{n.Name(), o.Revision, s.Failure.Approved.UnixMicro()}] {
			failed++
		}
	}
	return failed
}

// open is whether updates, or disruptions, may start. All windows of the simulation are of every day and in UTC.
func open(o *decision.Observation, disruption bool) bool {
	sets := [][]v1alpha1.Window{o.Group.Spec.Update.Windows}
	exclusions := o.Group.Spec.Update.Exclusions
	if disruption {
		sets = append(sets, o.Group.Spec.Disruptions.Automatic.Windows)
	}
	if o.Policy != nil {
		sets = append(sets, o.Policy.Spec.Windows)
		exclusions = append(exclusions[:len(exclusions):len(exclusions)], o.Policy.Spec.Exclusions...)
	}
	for _, e := range exclusions {
		if !o.Now.Before(e.From.Time) && o.Now.Before(e.To.Time) {
			return false
		}
	}
	clock := o.Now.UTC().Format("15:04")
	for _, windows := range sets {
		inside := len(windows) == 0
		for _, w := range windows {
			overnight := w.To < w.From
			inside = inside || !overnight && w.From <= clock && clock < w.To || overnight && (w.From <= clock || clock < w.To)
		}
		if !inside {
			return false
		}
	}
	return true
}

// waves are kept in order: nobody begins before those of earlier waves are proven and have soaked.
func (r *rules) waves(o *decision.Observation, n *decision.Node, m *machine) {
	t := r.c.team(o.Group.Name)
	for i := range o.Group.Spec.Update.Waves {
		w := &o.Group.Spec.Update.Waves[i]
		if w.Selector == nil {
			r.sized(o, w, m, t)
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(w.Selector)
		if err != nil || selector.Matches(labels.Set(n.Node.Labels)) {
			break
		}
		for j := range o.Nodes {
			first := &o.Nodes[j]
			if first.Node == nil || first.Left || len(first.OtherGroups) > 0 || !selector.Matches(labels.Set(first.Node.Labels)) {
				continue
			}
			if !r.soaked(o, first, w.Soak.Duration) {
				r.c.violate("%s was approved before %s of wave %s had soaked", m.name, first.Name(), w.Name)
			}
		}
	}
	if r.begun == nil {
		r.begun = map[*team][]*machine{}
	}
	r.begun[t] = append(r.begun[t], m)
}

// sized is a wave of a size, of any nodes: no more than that many begin before as many are proven and have soaked.
func (r *rules) sized(o *decision.Observation, w *v1alpha1.Wave, m *machine, t *team) {
	size, begun, soaked := share(w.Size, members(o)), 0, 0
	for _, other := range r.begun[t] {
		if other == m {
			return
		}
		if n := observed(o, other.name); n != nil && n.Node != nil && !n.Left && len(n.OtherGroups) == 0 {
			begun++
		}
	}
	for i := range o.Nodes {
		if n := &o.Nodes[i]; n.Node != nil && r.soaked(o, n, w.Soak.Duration) {
			soaked++
		}
	}
	if begun >= size && soaked < size {
		r.c.violate("%s was approved before wave %s had soaked: %d had begun, %d had soaked", m.name, w.Name, begun, soaked)
	}
}

func (r *rules) soaked(o *decision.Observation, n *decision.Node, soak time.Duration) bool {
	if n.Managed == nil || n.Managed.Status.Rollout == nil {
		return false
	}
	s, rollout := &n.Managed.Status, n.Managed.Status.Rollout
	if s.Failure != nil && r.forgiven[failure{n.Name(), o.Revision, s.Failure.Approved.UnixMicro()}] {
		return true
	}
	return s.AppliedRevision == o.Revision && rollout.ProvenRevision == o.Revision && rollout.ProvenAt != nil &&
		!o.Now.Before(rollout.ProvenAt.Add(soak)) && nodeReady(n.Node)
}

func members(o *decision.Observation) int {
	total := 0
	for i := range o.Nodes {
		if o.Nodes[i].Node != nil && !o.Nodes[i].Left {
			total++
		}
	}
	return total
}

func share(limit *intstr.IntOrString, total int) int {
	if limit.Type == intstr.Int {
		return max(1, limit.IntValue())
	}
	percent := 0
	for _, digit := range strings.TrimSuffix(limit.StrVal, "%") {
		percent = percent*10 + int(digit-'0')
	}
	return max(1, total*percent/100)
}

// holds is whether a machine holds a slot, or is at work as if it did.
func (r *rules) holds(m *machine) bool {
	if run := m.agent.run; run != nil && !run.orphan && run.impact != v1alpha1.ImpactNone {
		return true
	}
	n := m.managed.now
	return n != nil && (n.Spec.Approval != nil || n.Spec.Drain != nil && n.Spec.Drain.GivenUp == nil ||
		n.Status.Rollout != nil && n.Status.Rollout.StartedAt != nil)
}

// slots are asked of a node that is about to get one: among the group's nodes, and among all.
func (r *rules) slots(o *decision.Observation, n *decision.Node, m *machine) {
	if r.holds(m) {
		return
	}
	available := nodeReady(n.Node) && !n.Node.Spec.Unschedulable
	var holding, unavailable int
	for i := range o.Nodes {
		other := &o.Nodes[i]
		if other.Node != nil && !other.Left {
			count(&holding, &unavailable, r.holds(r.c.machine(other.Name())), other.Node)
		}
	}
	r.full(m, available, holding, unavailable, share(o.Group.Spec.Update.MaxUnavailable, members(o)), "the group")
	if o.Policy == nil || o.Policy.Spec.MaxUnavailable == nil {
		return
	}
	holding, unavailable = 0, 0
	all := append(r.elsewhere[:len(r.elsewhere):len(r.elsewhere)], o.Nodes...)
	total := 0
	for i := range all {
		if other := &all[i]; other.Node != nil {
			total++
			count(&holding, &unavailable, r.holds(r.c.machine(other.Name())), other.Node)
		}
	}
	r.full(m, available, holding, unavailable, share(o.Policy.Spec.MaxUnavailable, total), "the policy")
}

func count(holding, unavailable *int, holds bool, n *corev1.Node) {
	if holds {
		*holding++
	}
	if holds || !nodeReady(n) || n.Spec.Unschedulable {
		*unavailable++
	}
}

func (r *rules) full(m *machine, available bool, holding, unavailable, slots int, whose string) {
	switch {
	case holding >= slots:
		r.c.violate("%s got a slot of %s, and %d of %d were held", m.name, whose, holding, slots)
	case available && unavailable >= slots:
		r.c.violate("%s got a slot of %s, and %d nodes were unavailable where %d may be", m.name, whose, unavailable, slots)
	}
}
