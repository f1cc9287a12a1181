package decision

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// start is the time of all tests: a Wednesday.
var start = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

// world is a group of nodes n1, n2, … of the revision r1, all up to date and proven; a test makes of it what it needs.
type world struct {
	t *testing.T
	Observation
}

func newWorld(t *testing.T, nodes int) *world {
	t.Helper()
	w := &world{t: t}
	w.Now, w.Revision, w.KubernetesVersion, w.APIServer = start, "r1", "1.36.3", "1.36.3"
	w.Group = &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "worker", Generation: 1}}
	w.Group.SetDefaults()
	for i := range nodes {
		w.join(fmt.Sprintf("n%d", i+1))
		w.upToDate(fmt.Sprintf("n%d", i+1))
	}
	w.calm()
	return w
}

// join adds a Node that nothing is known of yet.
func (w *world) join(name string) *Node {
	w.Nodes = append(w.Nodes, Node{Node: &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}, Annotations: map[string]string{}},
		Status: corev1.NodeStatus{
			NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: "v1.36.2"},
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}})
	return &w.Nodes[len(w.Nodes)-1]
}

func (w *world) node(name string) *Node {
	w.t.Helper()
	for i := range w.Nodes {
		if w.Nodes[i].Name() == name {
			return &w.Nodes[i]
		}
	}
	w.t.Fatalf("no node %s", name)
	return nil
}

func (w *world) managed(name string) *v1alpha1.ManagedNode {
	n := w.node(name)
	if n.Managed == nil {
		n.Managed = &v1alpha1.ManagedNode{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1, Annotations: map[string]string{}}}
		n.Managed.Spec = v1alpha1.ManagedNodeSpec{NodeGroup: "worker", Revision: w.Revision, Drift: &v1alpha1.DriftSpec{Policy: v1alpha1.DriftRepair}}
		n.Managed.Status.Rollout = &v1alpha1.RolloutStatus{}
	}
	return n.Managed
}

// heard makes the agent report on the spec as it is.
func (w *world) heard(name string, phase v1alpha1.Phase) *v1alpha1.ManagedNode {
	m := w.managed(name)
	m.Status.ObservedGeneration, m.Status.Phase = m.Generation, phase
	return m
}

// goneAway makes the control plane lose sight of the node.
func (w *world) goneAway(name string) {
	w.node(name).Node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
}

func (w *world) upToDate(name string) {
	m := w.heard(name, v1alpha1.PhaseUpToDate)
	m.Status.Plan, m.Status.AppliedRevision = nil, m.Spec.Revision
}

// plans makes the agent show a plan, with the hash h-NAME, and wait for approval.
func (w *world) plans(name string, impact v1alpha1.Impact) *v1alpha1.ManagedNode {
	m := w.heard(name, v1alpha1.PhaseWaitingForApproval)
	m.Status.Plan = &v1alpha1.PlanSummary{Revision: m.Spec.Revision, Hash: "h-" + name, Impact: impact, Ops: 3}
	return m
}

// edit makes the group's revision another, which all agents have planned for, and nobody has begun.
func (w *world) edit(revision string, impact v1alpha1.Impact) {
	w.Revision = revision
	w.Group.Generation++
	w.calm()
	for i := range w.Nodes {
		if w.Nodes[i].Managed != nil {
			w.plans(w.Nodes[i].Name(), impact)
		}
	}
}

// calm carries out all decisions that come before anybody is approved.
func (w *world) calm() {
	paused := w.Policy
	w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}}
	w.settle()
	w.Policy = paused
	w.Group.Status.Conditions = slices.DeleteFunc(w.Group.Status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionPaused })
}

// ready sets the Node's condition.
func (w *world) ready(name string, ready bool) {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	w.node(name).Node.Status.Conditions[0].Status = status
}

func (w *world) maxUnavailable(of string) {
	value := intstr.Parse(of)
	w.Group.Spec.Update.MaxUnavailable = &value
}

// annotate is what a person does.
func (w *world) annotate(name, key, value string) {
	w.managed(name).Annotations[key] = value
}

func (w *world) approved(name string, phase v1alpha1.Phase, impact v1alpha1.Impact) *v1alpha1.ManagedNode {
	m := w.plans(name, impact)
	at := metav1.NewMicroTime(w.Now.Add(-time.Minute))
	m.Spec.Approval = &v1alpha1.Approval{Revision: m.Spec.Revision, Plan: m.Status.Plan.Hash, By: Coordinator, At: at}
	m.Status.Rollout.StartedAt = &at
	m.Status.Phase = phase
	return m
}

// failed makes the run that was approved fail.
func (w *world) failed(name string, outcome v1alpha1.Phase) {
	m := w.managed(name)
	m.Status.ObservedGeneration, m.Status.Phase = m.Generation, outcome
	m.Status.Failure = &v1alpha1.Failure{Revision: m.Spec.Revision, Outcome: outcome, Message: "unit kubelet.service failed"}
	if m.Spec.Approval != nil {
		m.Status.Failure.Approved = m.Spec.Approval.At
	}
}

// drained makes the node one that was drained for its plan: with hostler's cordon, and as many pods left.
func (w *world) drained(name string, left int) *v1alpha1.ManagedNode {
	m, n := w.managed(name), w.node(name)
	at := metav1.NewMicroTime(w.Now.Add(-time.Minute))
	m.Spec.Drain = &v1alpha1.DrainOrder{By: Coordinator, At: at}
	if m.Status.Plan != nil {
		m.Spec.Drain.Plan = m.Status.Plan.Hash
	}
	m.Status.Rollout.Drain = &v1alpha1.DrainStatus{State: v1alpha1.Draining, Since: at}
	n.Node.Spec.Unschedulable = true
	n.Node.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
	n.Drain = &Drain{Left: left}
	return m
}

// apply carries the actions out.
func (w *world) apply(actions []Action) {
	for _, action := range actions {
		switch a := action.(type) {
		case SetSpec:
			w.setSpec(a)
		case DeleteManaged:
			w.node(a.Node).Managed = nil
			w.Nodes = slices.DeleteFunc(w.Nodes, func(n Node) bool { return n.Node == nil && n.Managed == nil || n.Left && n.Managed == nil })
		case SetRollout:
			m := w.managed(a.Node)
			m.Status.Rollout = a.Rollout.DeepCopy()
			meta.RemoveStatusCondition(&m.Status.Conditions, a.Waiting.Type)
			m.Status.Conditions = append(m.Status.Conditions, a.Waiting)
		case Cordon:
			n := w.node(a.Node).Node
			n.Spec.Unschedulable = true
			n.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
		case Uncordon:
			n := w.node(a.Node).Node
			n.Spec.Unschedulable = false
			delete(n.Annotations, v1alpha1.CordonedByAnnotation)
		case Mirror:
			for key, value := range a.Annotations {
				if w.node(a.Node).Node.Annotations[key] = value; value == "" {
					delete(w.node(a.Node).Node.Annotations, key)
				}
			}
		case Template:
			n := w.node(a.Node)
			n.Node, _ = TemplatePatch(n.Node, &a.Wanted)
		case SetGroupStatus:
			w.Group.Status = *a.Status.DeepCopy()
		case DropResume:
			delete(w.Group.Annotations, v1alpha1.ResumeAnnotation)
		}
	}
}

func (w *world) setSpec(a SetSpec) {
	n := w.node(a.Node)
	created := n.Managed == nil
	m := w.managed(a.Node)
	if created {
		m.Status = v1alpha1.ManagedNodeStatus{}
	} else if !cmp.Equal(m.Spec, a.Spec) {
		m.Generation++
	}
	m.Spec = *a.Spec.DeepCopy()
	for _, key := range a.Drop {
		delete(m.Annotations, key)
	}
	for _, key := range a.DropFromNode {
		delete(n.Node.Annotations, key)
	}
	if m.Spec.Drain == nil {
		n.Drain = nil
	}
}

// decide decides, and checks what holds for every decision: the observation is untouched, the same again gives the
// same, and once carried out there is soon nothing left to do.
func (w *world) decide() []Action {
	w.t.Helper()
	before := w.clone()
	actions := Decide(w.Observation)
	if diff := cmp.Diff(before.Observation, w.Observation); diff != "" {
		w.t.Fatalf("got a changed observation, want it untouched:\n%s", diff)
	}
	if diff := cmp.Diff(actions, Decide(w.Observation)); diff != "" {
		w.t.Fatalf("got another decision from the same observation:\n%s", diff)
	}
	writes := map[string]int{}
	for _, action := range actions {
		if set, ok := action.(SetSpec); ok {
			if writes[set.Node]++; writes[set.Node] > 1 {
				w.t.Fatalf("got %d writes of the spec of %s, want one", writes[set.Node], set.Node)
			}
		}
	}
	later := w.clone()
	later.apply(actions)
	later.settle()
	return actions
}

// settle decides and carries out until there is nothing left to do.
func (w *world) settle() {
	w.t.Helper()
	const rounds = 4
	var actions []Action
	for range rounds {
		if actions = slices.DeleteFunc(Decide(w.Observation), repeats); len(actions) == 0 {
			return
		}
		w.apply(actions)
	}
	w.t.Fatalf("got %+v in the %dth decision, want nothing left to do", actions, rounds)
}

// repeats is whether an action is decided again as long as the world stands still.
func repeats(action Action) bool {
	switch action.(type) {
	case Wake, Evict:
		return true
	}
	return false
}

func (w *world) clone() *world {
	c := &world{t: w.t, Observation: w.Observation}
	c.Group, c.Policy = w.Group.DeepCopy(), w.Policy.DeepCopy()
	c.Nodes = nil
	for _, n := range w.Nodes {
		n.Node, n.Managed = n.Node.DeepCopy(), n.Managed.DeepCopy()
		if n.Drain != nil {
			drain := *n.Drain
			n.Drain = &drain
		}
		c.Nodes = append(c.Nodes, n)
	}
	return c
}

// moves are what the actions do to nodes, a line each; what is only told to people is left out.
func (w *world) moves(actions []Action) []string {
	var all []string
	for _, action := range actions {
		switch a := action.(type) {
		case SetSpec:
			all = append(all, w.specMoves(a)...)
		case DeleteManaged:
			all = append(all, a.Node+" deleted")
		case Cordon:
			all = append(all, a.Node+" cordoned")
		case Uncordon:
			all = append(all, a.Node+" uncordoned")
		case Evict:
			if all = append(all, a.Node+" evicted"); a.Force {
				all[len(all)-1] += " by force"
			}
		case Template:
			all = append(all, a.Node+" templated")
		}
	}
	return all
}

func (w *world) specMoves(a SetSpec) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, a.Node+" "+fmt.Sprintf(format, args...)) }
	was := v1alpha1.ManagedNodeSpec{}
	if m := w.node(a.Node).Managed; m != nil {
		was = m.Spec
	} else {
		say("made")
	}
	if was.Revision != a.Spec.Revision {
		say("gets %s", a.Spec.Revision)
	}
	if was.Paused != a.Spec.Paused {
		say("paused %t", a.Spec.Paused)
	}
	switch now := a.Spec.Approval; {
	case now == nil && was.Approval != nil:
		say("approval taken back")
	case now != nil && !cmp.Equal(now, was.Approval):
		say("approved for %s by %s", now.Plan, now.By)
	}
	switch now := a.Spec.Disruption; {
	case now == nil && was.Disruption != nil:
		say("disruption taken back")
	case now != nil && !cmp.Equal(now, was.Disruption):
		say("may be disrupted for %s by %s", now.Plan, now.By)
	}
	switch now := a.Spec.Drain; {
	case now == nil && was.Drain != nil:
		say("drain ended")
	case now != nil && now.GivenUp != nil && was.Drain.GivenUp == nil:
		say("drain given up")
	case now != nil && !cmp.Equal(now, was.Drain):
		say("drain for %q by %s", now.Plan, now.By)
	}
	for _, key := range slices.Concat(a.Drop, a.DropFromNode) {
		say("loses %s", strings.TrimPrefix(key, "hostler.dev/"))
	}
	return all
}

// want decides, and compares the moves.
func (w *world) want(moves ...string) {
	w.t.Helper()
	got := w.moves(w.decide())
	if diff := cmp.Diff(moves, got); diff != "" {
		w.t.Errorf("moves (-want +got):\n%s", diff)
	}
}

// waits decides, carries out until all is quiet, and compares why a node waits.
func (w *world) waits(name string, reason Waiting, parts ...string) {
	w.t.Helper()
	w.decide()
	c := w.clone()
	c.settle()
	if reason == WaitingAgent {
		c.Now = c.Now.Add(patience)
		c.settle()
	}
	got := meta.FindStatusCondition(c.managed(name).Status.Conditions, v1alpha1.ConditionWaiting)
	if got == nil || got.Reason != string(reason) {
		w.t.Errorf("got %+v for %s, want the reason %s", got, name, reason)
		return
	}
	for _, part := range parts {
		if !strings.Contains(got.Message, part) {
			w.t.Errorf("got the message %q for %s, want %q in it", got.Message, name, part)
		}
	}
}

// events are the reasons of the events, as node:reason.
func events(actions []Action) []string {
	var all []string
	for _, action := range actions {
		if e, ok := action.(Event); ok {
			all = append(all, strings.TrimPrefix(e.Node+":"+e.Reason, ":"))
		}
	}
	return all
}
