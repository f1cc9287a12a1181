package decision

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// actions are the differences between what is wanted and what was observed. The group's status is first: it remembers
// failures before the approvals are taken back that they are known by.
func (d *decision) actions() []Action {
	var all []Action
	if d.o.Group != nil && !equality.Semantic.DeepEqual(d.status, d.o.Group.Status) {
		all = append(all, SetGroupStatus{Status: d.status})
	}
	if d.resumed {
		all = append(all, DropResume{})
	}
	for _, m := range d.members {
		if m.mine {
			all = append(all, d.memberActions(m)...)
		}
	}
	for _, event := range d.events {
		all = append(all, event)
	}
	if !d.wake.IsZero() {
		all = append(all, Wake{At: d.wake})
	}
	return all
}

func (d *decision) memberActions(m *member) []Action {
	if m.Node.Node == nil || m.released && m.gone() {
		return []Action{DeleteManaged{Node: m.name, Observed: m.Managed.ResourceVersion}}
	}
	var all []Action
	if m.Managed == nil || len(m.drop)+len(m.dropFromNode) > 0 || !equality.Semantic.DeepEqual(m.spec, m.was) {
		write := SetSpec{Node: m.name, Spec: m.spec, Drop: m.drop, DropFromNode: m.dropFromNode}
		if m.Managed != nil {
			write.Observed = m.Managed.ResourceVersion
		}
		all = append(all, write)
	}
	all = append(all, d.cordonActions(m)...)
	// What is told comes right after what it tells of. Were it behind writes that may meet a conflict, it would be lost with
	// them, as what is done is not decided again. So it is told twice at worst.
	for _, event := range m.events {
		all = append(all, event)
	}
	if m.evict != nil {
		all = append(all, *m.evict)
	}
	if m.rolloutDiffers() {
		all = append(all, SetRollout{Node: m.name, Rollout: m.rollout, Waiting: m.waiting})
	}
	if differ := m.mirror(); len(differ) > 0 {
		all = append(all, Mirror{Node: m.name, Annotations: differ})
	}
	return append(all, d.templateActions(m)...)
}

// gone is whether nothing of hostler's is left on a node that it lets go of.
func (m *member) gone() bool {
	return m.spec.Approval == nil && m.rollout.StartedAt == nil && m.phase() != v1alpha1.PhaseApplying && m.spec.Drain == nil && !m.marked() && len(m.mirror()) == 0
}

// cordonActions make the cordon as the drain wants it. Nobody else's cordon is marked or taken back. A cordon of
// hostler's that somebody lifted while the node is being updated is put back: to stop an update, pause it.
func (d *decision) cordonActions(m *member) []Action {
	switch {
	case m.wantsCordon() && !m.cordoned():
		if m.marked() {
			d.warn(m, "CordonRestored", "somebody uncordoned the node while it is being drained or changed; to stop that, pause the node")
		}
		return []Action{Cordon{Node: m.name}}
	case !m.wantsCordon() && m.marked():
		if m.cordoned() {
			d.tell(m, "Uncordoned", "takes pods again")
		}
		return []Action{Uncordon{Node: m.name}}
	}
	return nil
}

func (d *decision) templateActions(m *member) []Action {
	if !m.usable() || d.o.Invalid != "" || m.spec.Paused {
		return nil
	}
	wanted := &d.group.Spec.NodeTemplate
	if _, differs := TemplatePatch(m.Node.Node, wanted); !differs {
		return nil
	}
	return []Action{Template{Node: m.name, Wanted: *wanted.DeepCopy()}}
}

func (m *member) rolloutDiffers() bool {
	var was v1alpha1.RolloutStatus
	if m.status.Rollout != nil {
		was = *m.status.Rollout
	}
	old := meta.FindStatusCondition(m.status.Conditions, v1alpha1.ConditionWaiting)
	return old == nil || !equality.Semantic.DeepEqual(*old, m.waiting) || !equality.Semantic.DeepEqual(was, m.rollout)
}
