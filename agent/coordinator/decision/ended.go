package decision

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// prove notes that a node has the revision that it was given, and takes back what it was given for it.
func (d *decision) prove(m *member) {
	if m.phase() != v1alpha1.PhaseUpToDate || !m.heard() || m.was.Revision == "" || m.status.AppliedRevision != m.was.Revision {
		return
	}
	if reason := m.unproven(); reason != "" {
		m.hold(WaitingNodeGate, reason)
		return
	}
	d.forget(m)
	changed := m.was.Approval != nil || m.rollout.StartedAt != nil
	if changed || m.rollout.ProvenRevision != m.was.Revision || m.rollout.ProvenAt == nil {
		m.rollout.ProvenRevision, m.rollout.ProvenAt = m.was.Revision, d.now.DeepCopy()
	}
	if changed {
		began := m.rollout.StartedAt
		if m.was.Approval != nil {
			began = &m.was.Approval.At
		}
		took := max(0, d.now.Sub(began.Time)).Round(time.Second)
		m.rollout.Took = &metav1.Duration{Duration: took}
		m.rollout.Refused = ""
		d.tell(m, "NodeUpdated", fmt.Sprintf("has revision %s and is healthy, %s after it was approved", m.was.Revision, took))
	}
	m.spec.Approval, m.spec.Disruption, m.rollout.StartedAt = nil, nil, nil
	if m.spec.Drain != nil && m.spec.Drain.Plan != "" {
		m.spec.Drain = nil
	}
}

// unproven is what keeps a node that has its revision from being proven, or empty.
func (m *member) unproven() string {
	switch {
	case !m.ready():
		return "the host has its revision and the Node is not Ready; when it is, the update is done"
	case m.GateClosed != "":
		return "the host has its revision and a gate is closed: " + m.GateClosed
	}
	return ""
}

// fail notes that a run failed, once for each approval, and takes the approval back. What was drained stays
// cordoned while the node cannot be trusted (see endDrain).
func (d *decision) fail(m *member) {
	f := m.status.Failure
	if m.phase() != v1alpha1.PhaseRolledBack && m.phase() != v1alpha1.PhaseFailed || f == nil || f.Revision != m.was.Revision {
		return
	}
	if started := m.startedAt(); started != nil && !f.Approved.Equal(started) && (m.was.Approval != nil || !m.heard()) {
		return // that is an older failure: it is being tried again
	}
	m.spec.Approval, m.spec.Disruption, m.rollout.StartedAt = nil, nil, nil
	if f.Revision == d.o.Revision && d.o.Group != nil {
		d.record(m, f)
	}
}

// startedAt is the time of the approval that the node may be working on, or nil.
func (m *member) startedAt() *metav1.MicroTime {
	if m.was.Approval != nil {
		return &m.was.Approval.At
	}
	return m.rollout.StartedAt
}

// record remembers a failure in the group's status.
func (d *decision) record(m *member, f *v1alpha1.Failure) {
	failures := d.failures()
	at := slices.IndexFunc(failures, func(n v1alpha1.FailedNode) bool { return n.Name == m.name })
	failed := v1alpha1.FailedNode{Name: m.name, Approved: f.Approved}
	switch {
	case at < 0:
		failures = append(failures, failed)
	case failures[at].Approved.Equal(&f.Approved):
		return
	default:
		failures[at] = failed
	}
	slices.SortFunc(failures, func(a, b v1alpha1.FailedNode) int { return compareNames(a.Name, b.Name) })
	d.status.Failures = &v1alpha1.FailuresStatus{Revision: d.o.Revision, Nodes: failures}
	message := fmt.Sprintf("revision %s failed and was rolled back: %s", f.Revision, f.Message)
	if f.Outcome == v1alpha1.PhaseFailed {
		message = fmt.Sprintf("revision %s failed and could not be rolled back, the host is half changed: %s", f.Revision, f.Message)
	}
	d.warn(m, "UpdateFailed", message)
}

// forget strikes a node that has the revision after all off the failures.
func (d *decision) forget(m *member) {
	if m.was.Revision != d.o.Revision || d.status.Failures == nil {
		return
	}
	left := slices.DeleteFunc(d.failures(), func(n v1alpha1.FailedNode) bool { return n.Name == m.name })
	if d.status.Failures.Nodes = left; len(left) == 0 {
		d.status.Failures = nil
	}
}

// forgive drops the failures of other revisions, and forgives those of this one where a person asked for it. It comes
// before new failures are recorded: nobody can have meant those.
func (d *decision) forgive() {
	if d.status.Failures != nil && d.status.Failures.Revision != d.o.Revision {
		d.status.Failures = nil
	}
	if _, d.resumed = d.group.Annotations[v1alpha1.ResumeAnnotation]; !d.resumed {
		return
	}
	failures := d.failures()
	for i := range failures {
		failures[i].Forgiven = true
	}
}

// failures are those of the group's revision.
func (d *decision) failures() []v1alpha1.FailedNode {
	if d.status.Failures == nil {
		return nil
	}
	return d.status.Failures.Nodes
}

// unforgiven is the number of failures that count against the budget.
func (d *decision) unforgiven() int {
	count := 0
	for _, f := range d.failures() {
		if !f.Forgiven {
			count++
		}
	}
	return count
}

// forgiven is whether the revision failed on the node and a person resumed the group since.
func (d *decision) forgiven(m *member) bool {
	return slices.ContainsFunc(d.failures(), func(f v1alpha1.FailedNode) bool { return f.Name == m.name && f.Forgiven })
}
