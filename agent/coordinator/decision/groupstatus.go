package decision

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// summarise makes the status of the group, and tells what became of it.
func (d *decision) summarise() {
	if d.o.Group == nil {
		return
	}
	d.status.ObservedGeneration = d.group.Generation
	d.status.Revision = d.o.Revision
	d.status.Nodes = d.nodeCounts()
	d.status.Waves = nil
	for i := range d.waves {
		w := &d.waves[i]
		status := v1alpha1.WaveStatus{Name: w.name, Nodes: int32(len(w.members)), Proven: int32(w.proven)}
		if w.blocked == "" && !w.soaked.IsZero() {
			until := metav1.NewTime(w.soaked.Truncate(1e9))
			status.SoakUntil = &until
		}
		d.status.Waves = append(d.status.Waves, status)
	}
	d.validCondition()
	d.conflictCondition()
	d.pausedCondition()
	d.upToDateCondition()
}

func (d *decision) nodeCounts() v1alpha1.NodeCounts {
	var counts v1alpha1.NodeCounts
	for _, m := range d.members {
		if !m.counts() {
			continue
		}
		counts.Total++
		switch {
		case m.changing():
			counts.Updating++
		case d.upToDate(m):
			counts.UpToDate++
		default:
			counts.Waiting++
		}
		if m.failed(d.o.Revision) {
			counts.Failed++
		}
		if m.unavailable() != "" {
			counts.Unavailable++
		}
	}
	return counts
}

// upToDate is whether the host has the group's revision.
func (d *decision) upToDate(m *member) bool {
	return m.phase() == v1alpha1.PhaseUpToDate && d.o.Revision != "" && m.status.AppliedRevision == d.o.Revision
}

func (m *member) failed(revision string) bool {
	f := m.status.Failure
	return (m.phase() == v1alpha1.PhaseRolledBack || m.phase() == v1alpha1.PhaseFailed) && f != nil && f.Revision == revision && !m.changing()
}

// condition sets a condition, and returns the one that was there before.
func (d *decision) condition(kind string, holds bool, reason, message string) (before metav1.ConditionStatus) {
	if old := meta.FindStatusCondition(d.status.Conditions, kind); old != nil {
		before = old.Status
	}
	status := metav1.ConditionFalse
	if holds {
		status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&d.status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message,
		ObservedGeneration: d.group.Generation, LastTransitionTime: d.second(),
	})
	return before
}

func (d *decision) validCondition() {
	if d.o.Invalid == "" {
		d.condition(v1alpha1.ConditionValid, true, "Valid", "the spec can be used")
		return
	}
	message := d.o.Invalid
	if d.o.Revision != "" {
		message += fmt.Sprintf(" (revision %s stays)", d.o.Revision)
	}
	d.condition(v1alpha1.ConditionValid, false, "Invalid", message)
}

func (d *decision) conflictCondition() {
	var nodes, groups []string
	for _, m := range d.members {
		if m.counts() && m.conflict() {
			nodes = append(nodes, m.name)
			groups = append(groups, m.OtherGroups...)
		}
	}
	if len(nodes) == 0 {
		d.condition(v1alpha1.ConditionConflict, false, "NoConflict", "no other group chooses these nodes")
		return
	}
	slices.Sort(groups)
	d.condition(v1alpha1.ConditionConflict, true, "NodesChosenTwice", fmt.Sprintf("NodeGroup %s chooses %s too; no group is applied to what several choose",
		strings.Join(slices.Compact(groups), ", "), few(nodes)))
}

func (d *decision) pausedCondition() {
	reason, message := d.policyPaused(nil)
	if reason == "" {
		reason, message = d.groupPaused(nil)
	}
	if reason == "" {
		if before := d.condition(v1alpha1.ConditionPaused, false, "NotPaused", "nodes may start"); before == metav1.ConditionTrue {
			d.events = append(d.events, Event{Reason: "GroupResumed", Message: "nodes may start again"})
		}
		return
	}
	named := map[Waiting]string{WaitingPolicyPaused: "PolicyPaused", WaitingGroupPaused: "GroupPaused", WaitingFailureBudget: "FailureBudget"}[reason]
	if before := d.condition(v1alpha1.ConditionPaused, true, named, message); before != metav1.ConditionTrue {
		d.events = append(d.events, Event{Warning: reason == WaitingFailureBudget, Reason: "GroupPaused", Message: message})
	}
}

func (d *decision) upToDateCondition() {
	counts := d.status.Nodes
	if counts.UpToDate < counts.Total || d.o.Revision == "" {
		d.condition(v1alpha1.ConditionUpToDate, false, "Updating", fmt.Sprintf("%d of %d nodes have revision %s", counts.UpToDate, counts.Total, d.o.Revision))
		return
	}
	message := fmt.Sprintf("all %d nodes have revision %s", counts.Total, d.o.Revision)
	if before := d.condition(v1alpha1.ConditionUpToDate, true, "UpToDate", message); before == metav1.ConditionFalse {
		d.events = append(d.events, Event{Reason: "RolloutFinished", Message: message})
	}
}
