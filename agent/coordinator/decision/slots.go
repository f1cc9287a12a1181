package decision

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// CountNodes counts the nodes of a group as Decide does, for the Elsewhere of the other groups.
func CountNodes(nodes []Node) Count {
	var count Count
	for i := range nodes {
		m := newMember(&nodes[i], nil)
		if nodes[i].Node == nil || nodes[i].Left {
			continue
		}
		count.Total++
		if m.heldBefore() {
			count.Updating++
		}
		if m.heldBefore() || !m.ready() || m.cordoned() {
			count.Unavailable++
		}
	}
	return count
}

// tally is who is unavailable, each counted once: by what was observed, or by what is wanted. A node that stops to be
// unavailable gives its slot on when that can be seen.
type tally struct {
	total, holding, unavailable int
	names                       []string
}

// count is made anew after each grant.
func (d *decision) count() *tally {
	if d.tally != nil {
		return d.tally
	}
	t := &tally{}
	for _, m := range d.members {
		if !m.counts() {
			continue
		}
		t.add(m)
	}
	d.tally = t
	return t
}

func (t *tally) add(m *member) {
	t.total++
	if m.occupies() {
		t.holding++
	}
	if why := m.unavailable(); why != "" {
		t.unavailable++
		t.names = append(t.names, m.name+" "+why)
	}
}

func (d *decision) total() int {
	total := 0
	for _, m := range d.members {
		if m.counts() {
			total++
		}
	}
	return total
}

// occupies is whether the node holds a slot, now or from now on.
func (m *member) occupies() bool { return m.heldBefore() || m.holds() }

// unavailable says why the node counts as unavailable, or nothing.
func (m *member) unavailable() string {
	switch {
	case m.changing():
		return "is being updated"
	case draining(&m.spec) && m.keepsCordon():
		return "failed"
	case draining(&m.spec):
		return "is being drained"
	case m.heldBefore():
		return "was being updated"
	case !m.ready():
		return "is not Ready"
	case m.cordoned() && !m.marked():
		return "is cordoned by somebody"
	case m.cordoned():
		return "is cordoned"
	}
	return ""
}

// slot says whether there is a slot for the node, in the group and in the cluster.
//
// A node that is unavailable already takes no further slot. Still, no more nodes than there are slots are changed at
// once: when the control plane has been away, all nodes are not Ready for a moment, and must not all start in it.
func (d *decision) slot(m *member) (Waiting, string) {
	t := d.count()
	if d.o.Policy != nil && d.o.Policy.Spec.MaxUnavailable != nil {
		all := d.everywhere(t)
		if full := all.full(m, d.o.Policy.Spec.MaxUnavailable); full != "" {
			return WaitingClusterSlot, "of all managed nodes, as UpdatePolicy default says, " + full
		}
	}
	if full := t.full(m, d.group.Spec.Update.MaxUnavailable); full != "" {
		return WaitingSlot, "of this group's nodes, " + full
	}
	return "", ""
}

// everywhere adds to the group's tally the nodes of other groups, and those that have left this one: what was begun on
// them still takes them away from the cluster.
func (d *decision) everywhere(t *tally) *tally {
	all := &tally{
		total: t.total + d.o.Elsewhere.Total, holding: t.holding + d.o.Elsewhere.Updating,
		unavailable: t.unavailable + d.o.Elsewhere.Unavailable,
	}
	if d.o.Elsewhere.Unavailable > 0 {
		all.names = append(all.names, fmt.Sprintf("%d in other groups", d.o.Elsewhere.Unavailable))
	}
	all.names = append(all.names, t.names...)
	for _, m := range d.members {
		if m.Node.Node != nil && !m.counts() {
			all.add(m)
		}
	}
	return all
}

// full says why there is no slot for the node, or nothing.
func (t *tally) full(m *member, limit *intstr.IntOrString) string {
	slots := share(limit, t.total)
	taken := t.unavailable
	if m.unavailable() != "" {
		taken = t.holding
		if m.occupies() {
			taken--
		}
	}
	if taken < slots {
		return ""
	}
	return fmt.Sprintf("%d may be unavailable at once, and %s", slots, few(t.names))
}

// few names the first of many.
func few(names []string) string {
	const shown = 3
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}
