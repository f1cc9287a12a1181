package decision_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// dice make every choice of a simulation, so that rapid, a seed or a script can play it. 0 is what happens on a good day.
type dice interface {
	// roll is a number from 0 to sides-1.
	roll(sides int) int
}

// cluster is a small cluster in memory: an API server that holds the objects, machines with agents, people, and one
// coordinator that is killed and replaced. Time jumps from event to event.
//
// Objects are never changed, only replaced: so what somebody has seen stays as it was, and seeing costs nothing.
type cluster struct {
	dice   dice
	decide func(decision.Observation) []decision.Action

	now      time.Time
	queue    []event
	sequence int
	version  int

	teams    []*team
	policy   *v1alpha1.UpdatePolicy
	api      int // the minor version of the API server
	machines []*machine
	leader   leader
	// calm: no new bad luck, and people keep their hands still.
	calm bool

	rules   rules
	history []line
	// broken is the first rule that did not hold; empty: all do.
	broken string
}

// simulationStart is a Wednesday at noon.
var simulationStart = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func newCluster(d dice, decide func(decision.Observation) []decision.Action) *cluster {
	c := &cluster{dice: d, decide: decide, now: simulationStart, api: 36}
	c.rules.c = c
	return c
}

// event is something that will happen.
type event struct {
	at       time.Time
	sequence int
	happen   func()
}

// after makes something happen later.
func (c *cluster) after(d time.Duration, happen func()) {
	c.sequence++
	c.queue = append(c.queue, event{c.now.Add(d), c.sequence, happen})
}

// next takes the earliest event out of the queue, if there is one until a time; a zero time is the end of days.
func (c *cluster) next(until time.Time) (event, bool) {
	best := -1
	for i := range c.queue {
		if best < 0 || c.queue[i].at.Before(c.queue[best].at) || c.queue[i].at.Equal(c.queue[best].at) && c.queue[i].sequence < c.queue[best].sequence {
			best = i
		}
	}
	if best < 0 || !until.IsZero() && c.queue[best].at.After(until) {
		return event{}, false
	}
	e := c.queue[best]
	c.queue = slices.Delete(c.queue, best, best+1)
	return e, true
}

func (c *cluster) happen(e event) {
	if e.at.After(c.now) {
		c.now = e.at
	}
	e.happen()
}

// line is a line of the history; it becomes text only where it is read.
type line struct {
	at     time.Time
	format string
	args   []any
}

func (c *cluster) note(format string, args ...any) {
	c.history = append(c.history, line{c.now, format, args})
}

// violate notes that a rule was broken. The first counts: what follows may follow from it.
func (c *cluster) violate(format string, args ...any) {
	if c.broken == "" {
		c.broken = fmt.Sprintf(format, args...)
		c.note("RULE BROKEN: " + strings.ReplaceAll(c.broken, "%", "%%"))
	}
}

// story is the history for people.
func (c *cluster) story() string {
	var b strings.Builder
	b.WriteString(c.broken + "\nwhat happened:\n")
	for _, l := range c.history {
		fmt.Fprintf(&b, "%12s  %s\n", l.at.Sub(simulationStart), fmt.Sprintf(l.format, l.args...))
	}
	return b.String()
}

// within is a time below a limit, in whole seconds; 0 on a good day.
func (c *cluster) within(limit time.Duration) time.Duration {
	return time.Duration(c.dice.roll(int(limit/time.Second))) * time.Second
}

// kept is an object in the API, and what an informer that lags may still show of it. That is never older than the
// coordinator's own last write.
type kept[T any] struct {
	now, before *T
	lags        bool
	at          time.Time
}

// lag is how late an informer may be.
const lag = 2 * time.Second

// seen is the object as the coordinator sees it; late asks for the state before, if that can still be.
func (k *kept[T]) seen(now time.Time, late bool) *T {
	if late && k.lags && now.Sub(k.at) < lag {
		return k.before
	}
	return k.now
}

// foreign is a write by anybody but the coordinator.
func (k *kept[T]) foreign(now time.Time, object *T) {
	if !k.lags || now.Sub(k.at) >= lag {
		k.before = k.now
	}
	k.now, k.lags, k.at = object, true, now
}

// own is a write of the coordinator's.
func (k *kept[T]) own(object *T) { k.now, k.before, k.lags = object, nil, false }

// team is a NodeGroup, and all that the simulation knows of it.
type team struct {
	name      string
	group     kept[v1alpha1.NodeGroup]
	revisions []*revision
	wanted    *revision
	invalid   string
	// chapter counts how often the group was given a revision, or was made again.
	chapter int
	gate    string // why the group's gate is closed; empty: it is open
}

// revision is what a revision does to hosts.
type revision struct {
	name   string
	impact v1alpha1.Impact
	minor  int
	// breaks are machines on which it never works, and how it ends there.
	breaks map[string]v1alpha1.Phase
	// puzzles are machines whose agent cannot plan for it.
	puzzles map[string]bool
}

func (r *revision) kubernetes() string { return fmt.Sprintf("1.%d.3", r.minor) }

func (t *team) revision(name string) *revision {
	for _, r := range t.revisions {
		if r.name == name {
			return r
		}
	}
	return nil
}

// revision finds a revision of any team: nodes move from one to another.
func (c *cluster) revision(name string) *revision {
	for _, t := range c.teams {
		if r := t.revision(name); r != nil {
			return r
		}
	}
	return nil
}

// addTeam makes a group with its first revision.
func (c *cluster) addTeam(name string) *team {
	t := &team{name: name}
	c.teams = append(c.teams, t)
	group := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
	group.SetDefaults()
	t.group.own(group)
	c.edit(t, v1alpha1.ImpactDrain)
	return t
}

// edit gives a group another revision.
func (c *cluster) edit(t *team, impact v1alpha1.Impact) *revision {
	r := &revision{name: fmt.Sprintf("%s%d", t.name, len(t.revisions)+1), impact: impact, minor: 35}
	t.revisions = append(t.revisions, r)
	c.choose(t, r)
	return r
}

// choose makes a revision, which may be an earlier one, the group's.
func (c *cluster) choose(t *team, r *revision) {
	if t.wanted = r; t.group.now == nil {
		return
	}
	c.rules.edited(t)
	t.chapter++
	c.editGroup(t, func(*v1alpha1.NodeGroup) {})
	c.note("group %s: revision %s of impact %s, kubelet 1.%d", t.name, r.name, r.impact, r.minor)
}

// editGroup is a person's edit of a group's spec.
func (c *cluster) editGroup(t *team, edit func(*v1alpha1.NodeGroup)) {
	if t.group.now == nil {
		return
	}
	g := *t.group.now
	g.Annotations = cloneMap(g.Annotations)
	g.Spec.Update.Waves = slices.Clone(g.Spec.Update.Waves)
	edit(&g)
	g.Generation++
	g.ResourceVersion = c.bump()
	t.group.foreign(c.now, &g)
	c.changed()
}

func (c *cluster) bump() string {
	c.version++
	return strconv.Itoa(c.version)
}

func (c *cluster) team(name string) *team {
	for _, t := range c.teams {
		if t.name == name {
			return t
		}
	}
	return nil
}

// machine is a machine with its Node, its ManagedNode, its pods and its agent.
type machine struct {
	name    string
	node    kept[corev1.Node]
	managed kept[v1alpha1.ManagedNode]
	pods    []*pod
	agent   agent
	// gate says which gate of the node is closed; empty: none.
	gate string
	// severed: a person has deleted the ManagedNode. If no group chooses the node, nobody knows any more that it was hostler's.
	severed bool
}

// pod is a pod that has to go when its node is drained.
type pod struct {
	// stuck never leaves.
	stuck bool
	going bool
}

const membershipLabel = v1alpha1.NodeGroupLabel

// bothLabel makes all groups choose a node.
const bothLabel = "both"

// addMachine makes a machine that is what the team wants already, and that hostler has not heard of.
func (c *cluster) addMachine(name string, t *team) *machine {
	m, image := &machine{name: name}, t.wanted
	if image.minor > c.api {
		image = t.revisions[0] // nobody installs a kubelet that is newer than the API server
	}
	m.agent = agent{c: c, m: m, alive: true, host: image.name, failures: map[string]*v1alpha1.Failure{}}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{membershipLabel: t.name}, ResourceVersion: c.bump()}}
	node.CreationTimestamp = metav1.NewTime(c.now)
	node.Status.NodeInfo.KubeletVersion = "v" + image.kubernetes()
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	m.node.foreign(c.now, node)
	c.machines = append(c.machines, m)
	c.changed()
	return m
}

// editNode is a write to a Node by a person, the kubelet or another controller.
func (c *cluster) editNode(m *machine, edit func(*corev1.Node)) {
	if m.node.now == nil {
		return
	}
	m.node.foreign(c.now, c.nodeWith(m.node.now, edit))
	c.changed()
}

func (c *cluster) nodeWith(old *corev1.Node, edit func(*corev1.Node)) *corev1.Node {
	n := *old
	n.Labels, n.Annotations = cloneMap(n.Labels), cloneMap(n.Annotations)
	edit(&n)
	n.ResourceVersion = c.bump()
	return &n
}

// setReady is what the kubelet, or its silence, does.
func (c *cluster) setReady(m *machine, ready bool) {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	if m.node.now == nil || nodeReady(m.node.now) == ready {
		return
	}
	c.note("%s: Ready=%t", m.name, ready)
	c.editNode(m, func(n *corev1.Node) {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
	})
}

func nodeReady(n *corev1.Node) bool {
	return n != nil && n.Status.Conditions[0].Status == corev1.ConditionTrue
}

func marked(n *corev1.Node) bool {
	return n != nil && n.Annotations[v1alpha1.CordonedByAnnotation] == v1alpha1.CordonedByHostler
}

// editManaged is a write to a ManagedNode by a person or the agent.
func (c *cluster) editManaged(m *machine, edit func(*v1alpha1.ManagedNode)) {
	if m.managed.now == nil {
		return
	}
	n := *m.managed.now
	n.Annotations = cloneMap(n.Annotations)
	edit(&n)
	n.ResourceVersion = c.bump()
	m.managed.foreign(c.now, &n)
	c.changed()
}

func cloneMap(m map[string]string) map[string]string {
	clone := make(map[string]string, len(m)+1)
	for key, value := range m {
		clone[key] = value
	}
	return clone
}

// land puts a pod on a node that takes pods.
func (c *cluster) land(p *pod) {
	p.going = false
	for i := range c.machines {
		m := c.machines[(i+c.dice.roll(len(c.machines)))%len(c.machines)]
		if n := m.node.now; n != nil && !n.Spec.Unschedulable && nodeReady(n) {
			m.pods = append(m.pods, p)
			c.changed()
			return
		}
	}
}

// leave makes a pod go that was asked to.
func (c *cluster) leave(m *machine, p *pod) {
	if i := slices.Index(m.pods, p); i >= 0 {
		m.pods = slices.Delete(m.pods, i, i+1)
		c.changed()
		if !p.stuck && len(c.machines) > 1 {
			c.after(time.Second, func() { c.land(p) })
		}
	}
}
