package decision

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

const controlPlaneLabel = "node-role.kubernetes.io/control-plane"

func compareNames(a, b string) int { return cmp.Compare(a, b) }

// compare orders nodes as the group wants it. The node that the coordinator runs on, and a control-plane node that is the
// only one, come last: all that can be done without their help is done by then. They are drained like others; their static
// pods stay, and another leader goes on.
func (d *decision) compare(a, b *member) int {
	return cmp.Or(
		compareBool(d.special(a), d.special(b)),
		d.compareOrder(a.Node.Node, b.Node.Node),
		compareNames(a.name, b.name),
	)
}

func (d *decision) compareOrder(a, b *corev1.Node) int {
	switch d.group.Spec.Update.Order {
	case v1alpha1.OrderOldestFirst:
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	case v1alpha1.OrderName:
		return 0
	default:
		return cmp.Compare(a.Labels[corev1.LabelTopologyZone], b.Labels[corev1.LabelTopologyZone])
	}
}

func (d *decision) special(m *member) bool {
	_, controlPlane := m.Node.Node.Labels[controlPlaneLabel]
	return m.name == d.o.Self || controlPlane && d.o.SingleControlPlane
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// queue is who might start, in the order in which they are asked: whoever a person wants to start now, then as the group
// orders. Waves need no place here, as none starts before the one before it is done (turn); nor do broken nodes,
// which wait for no wave and take no further slot, so that nobody can be in their way.
func (d *decision) queue() []*member {
	var queue []*member
	for _, m := range d.members {
		if m.usable() && m.spec.Approval == nil {
			queue = append(queue, m)
		}
	}
	slices.SortStableFunc(queue, func(a, b *member) int {
		return cmp.Or(
			compareBool(!a.asked(v1alpha1.ApprovedAnnotation), !b.asked(v1alpha1.ApprovedAnnotation)),
			d.compare(a, b),
		)
	})
	return queue
}
