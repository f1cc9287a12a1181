package decision_test

import (
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// view is what a round knows of a node: what it observed, with its own writes over it.
type view struct {
	node    *corev1.Node
	managed *v1alpha1.ManagedNode
}

// execution carries the actions of one decision out. A write is refused where the object has changed since it was seen.
type execution struct {
	c      *cluster
	t      *team
	o      *decision.Observation
	known  map[*machine]*view
	group  *v1alpha1.NodeGroup
	failed map[string]bool
	wrote  bool
	again  bool
	wake   time.Time
}

// A fault of the coordinator's, for the write with a number of a decision.
type fault int

const (
	noFault fault = iota
	// killed before the write.
	killedBefore
	// lost: the write does not arrive.
	lost
	// unanswered: the write arrives and its answer does not.
	unanswered
	// meanwhile: something else happens before it.
	meanwhile
)

// carryOut tells whether the coordinator is still alive.
func (r *execution) carryOut(actions []decision.Action) bool {
	c := r.c
	r.group = r.o.Group
	for i := range r.o.Nodes {
		n := &r.o.Nodes[i]
		r.known[c.machine(n.Name())] = &view{n.Node, n.Managed}
	}
	kind, at := noFault, 0
	if !c.calm && c.dice.roll(12) == 1 {
		kind, at = fault(1+c.dice.roll(4)), c.dice.roll(10)
	}
	writes := 0
	for _, action := range actions {
		if wake, ok := action.(decision.Wake); ok {
			r.wake = wake.At
			continue
		}
		about := subject(action)
		if r.failed[about] || r.failed[""] {
			continue
		}
		if event, ok := action.(decision.Event); ok {
			c.rules.told(r.t, event)
			continue
		}
		f := noFault
		if writes == at {
			f = kind
		}
		writes++
		if f == killedBefore {
			c.kill()
			return false
		}
		if !r.one(action, about, f) {
			return false
		}
	}
	return true
}

// one carries one action out, and tells whether the coordinator is still alive.
func (r *execution) one(action decision.Action, about string, f fault) bool {
	c := r.c
	if f == meanwhile {
		if e, ok := c.next(c.now.Add(5 * time.Second)); ok {
			c.note("  between two writes:")
			c.happen(e)
		}
	}
	ok := f != lost && r.act(action)
	if !ok || f == unanswered {
		c.note("  %T of %s does not succeed", action, about)
		r.failed[about], r.again = true, true
		return true
	}
	if _, evict := action.(decision.Evict); evict {
		return true
	}
	r.wrote = true
	c.leader.idle = 0
	c.rules.wrote(r.o)
	if c.leader.writes++; c.leader.writes == c.leader.killAt {
		c.kill()
		return false
	}
	return true
}

func subject(action decision.Action) string {
	name := reflect.ValueOf(action).FieldByName("Node")
	if !name.IsValid() {
		return ""
	}
	return name.String()
}

func (c *cluster) machine(name string) *machine {
	for _, m := range c.machines {
		if m.name == name {
			return m
		}
	}
	return nil
}

// act writes, and tells whether it succeeded.
func (r *execution) act(action decision.Action) bool {
	c := r.c
	switch a := action.(type) {
	case decision.SetGroupStatus:
		return r.writeGroup(func(g *v1alpha1.NodeGroup) { g.Status = a.Status })
	case decision.DropResume:
		return r.writeGroup(func(g *v1alpha1.NodeGroup) { delete(g.Annotations, v1alpha1.ResumeAnnotation) })
	case decision.SetSpec:
		return r.setSpec(c.machine(a.Node), a)
	case decision.DeleteManaged:
		m := c.machine(a.Node)
		if m.managed.now == nil || m.managed.now.ResourceVersion != a.Observed {
			return false
		}
		c.note("%s: ManagedNode deleted by the coordinator", m.name)
		c.rules.letsGo(m)
		c.dropManaged(m)
		return true
	case decision.SetRollout:
		return r.writeManaged(c.machine(a.Node), func(n *v1alpha1.ManagedNode) {
			rollout := a.Rollout
			n.Status.Rollout = &rollout
			n.Status.Conditions = slices.Clone(n.Status.Conditions)
			if old := meta.FindStatusCondition(n.Status.Conditions, a.Waiting.Type); old == nil || old.Reason != a.Waiting.Reason {
				c.note("%s: waits: %s (%s)", a.Node, a.Waiting.Reason, a.Waiting.Message)
			}
			meta.RemoveStatusCondition(&n.Status.Conditions, a.Waiting.Type)
			n.Status.Conditions = append(n.Status.Conditions, a.Waiting)
		})
	case decision.Evict:
		c.evict(c.machine(a.Node), a.Force)
		return true
	default:
		return r.actOnNode(action)
	}
}

func (r *execution) actOnNode(action decision.Action) bool {
	c := r.c
	switch a := action.(type) {
	case decision.Cordon:
		m := c.machine(a.Node)
		c.rules.cordons(m, r.known[m].node)
		return r.writeNode(m, func(n *corev1.Node) {
			n.Spec.Unschedulable = true
			n.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
			c.note("%s: cordoned by hostler", a.Node)
		})
	case decision.Uncordon:
		m := c.machine(a.Node)
		c.rules.uncordons(m, r.known[m].node)
		return r.writeNode(m, func(n *corev1.Node) {
			n.Spec.Unschedulable = false
			delete(n.Annotations, v1alpha1.CordonedByAnnotation)
			c.note("%s: uncordoned by hostler", a.Node)
		})
	case decision.Mirror:
		return r.writeNode(c.machine(a.Node), func(n *corev1.Node) {
			for key, value := range a.Annotations {
				if n.Annotations[key] = value; value == "" {
					delete(n.Annotations, key)
				}
			}
		})
	case decision.Template:
		return r.writeNode(c.machine(a.Node), func(n *corev1.Node) {
			patched, _ := decision.TemplatePatch(n, &a.Wanted)
			*n = *patched
		})
	}
	r.c.violate("the simulation cannot carry out a %T", action)
	return false
}

func (r *execution) writeGroup(edit func(*v1alpha1.NodeGroup)) bool {
	t := r.t
	if t.group.now == nil || t.group.now != r.group {
		return false
	}
	g := *t.group.now
	g.Annotations = maps.Clone(g.Annotations)
	edit(&g)
	g.ResourceVersion = r.c.bump()
	t.group.own(&g)
	r.group = &g
	return true
}

func (r *execution) writeNode(m *machine, edit func(*corev1.Node)) bool {
	known := r.known[m]
	if m.node.now == nil || m.node.now != known.node {
		return false
	}
	n := r.c.nodeWith(known.node, edit)
	m.node.own(n)
	known.node = n
	return true
}

func (r *execution) writeManaged(m *machine, edit func(*v1alpha1.ManagedNode)) bool {
	known := r.known[m]
	if m.managed.now == nil || m.managed.now != known.managed {
		return false
	}
	n := *known.managed
	n.Annotations = cloneMap(n.Annotations)
	edit(&n)
	n.ResourceVersion = r.c.bump()
	m.managed.own(&n)
	known.managed = &n
	return true
}

func (r *execution) setSpec(m *machine, a decision.SetSpec) bool {
	c, known := r.c, r.known[m]
	switch {
	case a.Observed == "" && m.managed.now != nil, a.Observed != "" && (m.managed.now == nil || m.managed.now.ResourceVersion != a.Observed):
		return false
	case a.Observed == "":
		n := &v1alpha1.ManagedNode{Spec: a.Spec}
		n.Name, n.Generation, n.ResourceVersion = m.name, 1, c.bump()
		n.UID = types.UID(n.ResourceVersion)
		m.managed.own(n)
		known.managed, m.severed = n, false
		c.note("%s: ManagedNode made, revision %s", m.name, a.Spec.Revision)
	default:
		c.rules.specs(r.o, m, m.managed.now, &a)
		changes := !equality.Semantic.DeepEqual(m.managed.now.Spec, a.Spec)
		c.noteSpec(m, &m.managed.now.Spec, &a.Spec)
		if !r.writeManaged(m, func(n *v1alpha1.ManagedNode) {
			n.Spec = a.Spec
			if changes {
				n.Generation++
			}
			for _, key := range a.Drop {
				c.note("%s: request %s is taken", m.name, key)
				delete(n.Annotations, key)
			}
		}) {
			return false
		}
	}
	m.agent.hear()
	if len(a.DropFromNode) == 0 {
		return true
	}
	return r.writeNode(m, func(n *corev1.Node) {
		for _, key := range a.DropFromNode {
			c.note("%s: request %s is taken from the Node", m.name, key)
			delete(n.Annotations, key)
		}
	})
}

func (c *cluster) noteSpec(m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	if was.Revision != is.Revision || was.NodeGroup != is.NodeGroup {
		c.note("%s: spec.revision %s of %s", m.name, is.Revision, is.NodeGroup)
	}
	if !equality.Semantic.DeepEqual(was.Approval, is.Approval) {
		c.note("%s: spec.approval %s", m.name, shown(is.Approval, func(a *v1alpha1.Approval) string { return a.Plan + " by " + a.By }))
	}
	if !equality.Semantic.DeepEqual(was.Disruption, is.Disruption) {
		c.note("%s: spec.disruption %s", m.name, shown(is.Disruption, func(a *v1alpha1.DisruptionApproval) string { return a.Plan + " by " + a.By }))
	}
	if !equality.Semantic.DeepEqual(was.Drain, is.Drain) {
		c.note("%s: spec.drain %s", m.name, shown(is.Drain, func(a *v1alpha1.DrainOrder) string {
			if a.GivenUp != nil {
				return a.Plan + " given up"
			}
			return a.Plan + " by " + a.By
		}))
	}
	if was.Paused != is.Paused {
		c.note("%s: spec.paused %t", m.name, is.Paused)
	}
}

func shown[T any](value *T, say func(*T) string) string {
	if value == nil {
		return "is taken back"
	}
	return say(value)
}

// evict asks pods to go. Those that do take a while.
func (c *cluster) evict(m *machine, force bool) {
	for _, p := range m.pods {
		if p.going || p.stuck && !force {
			continue
		}
		p.going = true
		c.after(time.Second+c.within(20*time.Second), func() { c.leave(m, p) })
	}
}
