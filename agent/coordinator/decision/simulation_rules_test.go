package decision_test

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// rules are what must hold whatever happens. They are asked at each write of the coordinator and each run of an agent, by
// what really is and by what the coordinator could know, and are written without a look at how Decide comes to its decisions.
type rules struct {
	c         *cluster
	decisions int
	// approved and leave are what the coordinator granted: machine and hash.
	approved, leave map[[2]string]bool
	// failures are runs that really failed; forgiven are those that a group was seen to have forgiven.
	failures, forgiven map[failure]bool
	// counted is the chapter of the group in which a failure was last seen forgiven.
	counted map[failure]int
	resumes int
	// begun are the nodes that each team has let begin with its revision, in turn.
	begun map[*team][]*machine
	// elsewhere are the nodes of other groups, as they were seen last.
	elsewhere []decision.Node
}

type failure struct {
	machine, revision string
	approved          int64
}

func set[K comparable](m *map[K]bool, key K) {
	if *m == nil {
		*m = map[K]bool{}
	}
	(*m)[key] = true
}

// edited forgets what was begun: waves are counted anew from an edit on.
func (r *rules) edited(t *team) {
	if r.begun == nil {
		r.begun = map[*team][]*machine{}
	}
	delete(r.begun, t)
}

// decided decides, and now and then checks that the observation is left alone and that the same gives the same.
func (r *rules) decided(o decision.Observation) []decision.Action {
	r.decisions++
	const sample = 97
	if r.decisions%sample != 0 {
		return r.c.decide(o)
	}
	before := copied(o)
	actions := r.c.decide(o)
	if !reflect.DeepEqual(before, o) {
		r.c.violate("a decision changed what was observed")
	}
	if again := r.c.decide(o); !reflect.DeepEqual(actions, again) {
		r.c.violate("the same observation gave another decision:\n%+v\n%+v", actions, again)
	}
	return actions
}

func copied(o decision.Observation) decision.Observation {
	o.Group, o.Policy = o.Group.DeepCopy(), o.Policy.DeepCopy()
	nodes := o.Nodes
	o.Nodes = nil
	for _, n := range nodes {
		n.Node, n.Managed = n.Node.DeepCopy(), n.Managed.DeepCopy()
		o.Nodes = append(o.Nodes, n)
	}
	return o
}

func observed(o *decision.Observation, name string) *decision.Node {
	for i := range o.Nodes {
		if o.Nodes[i].Name() == name {
			return &o.Nodes[i]
		}
	}
	return nil
}

// request is the value of an annotation on one of the objects that people annotate.
func request(n *decision.Node, annotation string) (string, bool) {
	if n.Managed != nil {
		if value, ok := n.Managed.Annotations[annotation]; ok {
			return value, true
		}
	}
	if n.Node != nil {
		if value, ok := n.Node.Annotations[annotation]; ok {
			return value, true
		}
	}
	return "", false
}

func byPerson(by string) bool { return by != decision.Coordinator }

// specs looks at a write of a spec before it is done.
func (r *rules) specs(o *decision.Observation, m *machine, was *v1alpha1.ManagedNode, a *decision.SetSpec) {
	n := observed(o, m.name)
	if now, old := a.Spec.Approval, was.Spec.Approval; now != nil && (old == nil || old.Plan != now.Plan || !old.At.Equal(&now.At)) {
		r.approval(o, n, m, &was.Spec, &a.Spec)
	}
	if now, old := a.Spec.Disruption, was.Spec.Disruption; now != nil && (old == nil || old.Plan != now.Plan) {
		r.disruption(o, n, m, &was.Spec, &a.Spec)
	}
	if now, old := a.Spec.Drain, was.Spec.Drain; now != nil && now.GivenUp == nil && (old == nil || old.GivenUp != nil) {
		r.drain(o, n, m, &was.Spec, &a.Spec)
	}
	r.recorded(o, n, m, &was.Spec, &a.Spec)
	r.proof(n, m, &was.Spec, &a.Spec)
}

// proof is asked where an approval is taken back from a node that has its revision.
func (r *rules) proof(n *decision.Node, m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	if was.Approval == nil || is.Approval != nil || is.Paused || n.Left || len(n.OtherGroups) > 0 || was.Approval.Revision != is.Revision || was.NodeGroup != is.NodeGroup {
		return
	}
	if n.Managed.Status.Phase == v1alpha1.PhaseUpToDate && (!nodeReady(n.Node) || n.GateClosed != "") && is.Drain == nil {
		r.c.violate("%s counts as proven, and is not Ready or its gate is closed", m.name)
	}
}

// approval is asked of each approval that is given.
func (r *rules) approval(o *decision.Observation, n *decision.Node, m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	c, a, status := r.c, is.Approval, &n.Managed.Status
	set(&r.approved, [2]string{m.name, a.Plan})
	if _, paused := request(n, v1alpha1.PausedAnnotation); paused {
		c.violate("%s is paused and was approved", m.name)
	}
	if status.Plan == nil || status.Plan.Hash != a.Plan || status.Plan.Revision != a.Revision || a.Revision != is.Revision {
		c.violate("%s was approved for plan %s of %s, which it does not show", m.name, a.Plan, a.Revision)
	}
	if status.ObservedGeneration != n.Managed.Generation {
		c.violate("%s was approved by a report on an older spec", m.name)
	}
	if o.Group == nil || n.Left || len(n.OtherGroups) > 0 {
		c.violate("%s was approved and is no group's own", m.name)
		return
	}
	if was.Approval != nil {
		return // the same slot, for the plan that is shown now
	}
	if a.At.Equal(approvedBefore(status)) {
		c.violate("%s was approved at the time of the approval that failed, and will not try again", m.name)
	}
	if o.Invalid != "" || o.Policy != nil && o.Policy.Spec.Paused {
		c.violate("%s was approved while all updates are stopped", m.name)
	}
	if team := c.team(o.Group.Name); team.revision(is.Revision) != nil && team.revision(is.Revision).minor > minorOf(o.APIServer) {
		c.violate("%s was approved for a kubelet above API server %s", m.name, o.APIServer)
	}
	if !byPerson(a.By) {
		r.automatic(o, n, m)
	} else if _, asked := request(n, v1alpha1.ApprovedAnnotation); !asked {
		c.violate("%s was approved by %s, who did not ask", m.name, a.By)
	}
	r.slots(o, n, m)
}

func approvedBefore(status *v1alpha1.ManagedNodeStatus) *metav1.MicroTime {
	if status.Failure == nil {
		return nil
	}
	return &status.Failure.Approved
}

func minorOf(version string) int {
	parts := strings.Split(version, ".")
	minor := 0
	for _, digit := range parts[1] {
		minor = minor*10 + int(digit-'0')
	}
	return minor
}

// cordonOnly is the plan of an order that empties nothing, and only keeps a node cordoned on which a run failed.
const cordonOnly = "cordon"

// drain is asked of each order to empty a node.
func (r *rules) drain(o *decision.Observation, n *decision.Node, m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	if o.Group == nil {
		r.c.violate("%s is drained and its group is gone", m.name)
		return
	}
	if is.Drain.Plan == "" {
		if _, asked := request(n, v1alpha1.DrainAnnotation); !asked {
			r.c.violate("%s is drained for nobody", m.name)
		}
		r.slots(o, n, m)
		return
	}
	if is.Drain.Plan == cordonOnly {
		if n.Managed.Status.Failure == nil {
			r.c.violate("%s stays cordoned, and nothing has failed on it", m.name)
		}
		return
	}
	if was.Approval == nil || is.Approval == nil || is.Approval.Plan != is.Drain.Plan {
		r.c.violate("%s is drained for plan %s, which was not approved before", m.name, is.Drain.Plan)
		return
	}
	r.permitted(o, n, m, was, is.Drain.Plan, is.Drain.By)
	r.slots(o, n, m)
}

// disruption is asked of each leave to disrupt.
func (r *rules) disruption(o *decision.Observation, n *decision.Node, m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	c, d, plan := r.c, is.Disruption, n.Managed.Status.Plan
	if o.Group == nil {
		c.violate("%s may be disrupted and its group is gone", m.name)
		return
	}
	set(&r.leave, [2]string{m.name, d.Plan})
	if plan == nil || plan.Hash != d.Plan || plan.Impact != d.Impact || is.Approval == nil || is.Approval.Plan != d.Plan {
		c.violate("%s may be disrupted for plan %s of impact %s, which is not what it shows and was approved for", m.name, d.Plan, d.Impact)
		return
	}
	if first := o.Group.Spec.Disruptions.Automatic.DrainBeforeApproval; first == nil || *first {
		if was.Drain == nil || was.Drain.GivenUp != nil || n.Drain == nil || n.Drain.Left > 0 || !n.Node.Spec.Unschedulable {
			c.violate("%s may be disrupted and was not drained", m.name)
		}
		if n.Node == m.node.now && len(m.pods) > 0 && !c.landed(m) {
			c.violate("%s may be disrupted and %d pods are there", m.name, len(m.pods))
		}
	}
	if was.Drain == nil || was.Drain.Plan != d.Plan {
		r.permitted(o, n, m, was, d.Plan, d.By)
	}
}

// landed is whether pods came between what was observed and now; nobody could know.
func (c *cluster) landed(m *machine) bool { return !m.node.now.Spec.Unschedulable }

// permitted is asked where leave to disrupt is given, be it to drain first.
func (r *rules) permitted(o *decision.Observation, n *decision.Node, m *machine, was *v1alpha1.ManagedNodeSpec, plan, by string) {
	c := r.c
	if o.Invalid != "" || o.Policy != nil && o.Policy.Spec.Paused {
		c.violate("%s is disrupted while all updates are stopped", m.name)
	}
	if byPerson(by) {
		hash, asked := request(n, v1alpha1.DisruptionApprovedAnnotation)
		if !asked || hash != "" && hash != plan {
			c.violate("%s is disrupted for plan %s by %s, who gave leave for %q", m.name, plan, by, hash)
		}
		return
	}
	if o.Group.Spec.Disruptions.ApprovalMode == v1alpha1.ApprovalManual {
		c.violate("%s is disrupted by %s although a person must approve that", m.name, by)
	}
	if was.Approval == nil || byPerson(was.Approval.By) {
		return
	}
	if o.Group.Spec.Update.Paused || !open(o, true) {
		c.violate("%s is disrupted while the group is paused or its windows are closed", m.name)
	}
	if n.Node.Spec.Unschedulable && !marked(n.Node) {
		c.violate("%s is disrupted although somebody cordoned it", m.name)
	}
	if failed := r.unforgiven(o); failed >= int(o.Group.Spec.Update.FailureBudget) {
		c.violate("%s is disrupted after %d failures, which spend the budget", m.name, failed)
	}
}

// recorded is asked where an approval is taken back: a failure is remembered before.
func (r *rules) recorded(o *decision.Observation, n *decision.Node, m *machine, was, is *v1alpha1.ManagedNodeSpec) {
	f := n.Managed.Status.Failure
	if was.Approval == nil || is.Approval != nil || o.Group == nil || n.Left || f == nil || f.Revision != o.Revision || !f.Approved.Equal(&was.Approval.At) {
		return
	}
	if t := r.c.team(o.Group.Name); t.group.now == o.Group || t.group.now != nil {
		if failures := t.group.now.Status.Failures; failures != nil && failures.Revision == o.Revision {
			for _, node := range failures.Nodes {
				if node.Name == m.name && node.Approved.Equal(&f.Approved) {
					return
				}
			}
		}
		if n.Managed.Status.Phase == v1alpha1.PhaseRolledBack || n.Managed.Status.Phase == v1alpha1.PhaseFailed {
			r.c.violate("%s failed, its approval is taken back, and the group does not remember it", m.name)
		}
	}
}

// cordons and uncordons are asked of what the coordinator does to Nodes.
func (r *rules) cordons(m *machine, seen *corev1.Node) {
	if seen.Spec.Unschedulable && !marked(seen) {
		r.c.violate("%s was cordoned by somebody, and hostler takes the cordon as its own", m.name)
	}
	if n := m.managed.now; n != nil && m.node.now == seen && (n.Spec.Drain == nil || n.Spec.Drain.GivenUp != nil) {
		r.c.violate("%s is cordoned and there is no order to drain it", m.name)
	}
}

func (r *rules) uncordons(m *machine, seen *corev1.Node) {
	if !marked(seen) {
		r.c.violate("%s is uncordoned, and the cordon is not hostler's", m.name)
	}
	if n := m.managed.now; n != nil && n.Spec.Drain != nil && n.Spec.Drain.GivenUp == nil {
		r.c.violate("%s is uncordoned and the order to drain it stands", m.name)
	}
}

// begins is asked of each run of an agent.
func (r *rules) begins(a *agent, run *run) {
	c, m, plan := r.c, a.m, a.plan(run.revision)
	if run.repair {
		if plan.Impact != v1alpha1.ImpactNone {
			c.violate("%s repairs drift of impact %s, and nobody approved it", m.name, plan.Impact)
		}
		return
	}
	key := [2]string{m.name, plan.Hash}
	if !r.approved[key] {
		c.violate("%s applies plan %s, which nobody approved", m.name, plan.Hash)
	}
	if (plan.Impact == v1alpha1.ImpactDrain || plan.Impact == v1alpha1.ImpactReboot) && !r.leave[key] {
		c.violate("%s applies plan %s of impact %s without leave to disrupt", m.name, plan.Hash, plan.Impact)
	}
	if m.managed.now == nil || m.node.now == nil || m.managed.now.UID != a.heard.UID {
		run.orphan = true
		return
	}
	r.atWork(m, run)
}

// atWork is asked of machines that are being changed: the slot that they had is still theirs.
func (r *rules) atWork(m *machine, run *run) {
	if run == nil || run.orphan || run.repair || run.impact == v1alpha1.ImpactNone {
		return
	}
	n := m.managed.now
	if n == nil {
		return
	}
	applying := n.Status.Phase == v1alpha1.PhaseApplying
	if n.Spec.Approval == nil && !applying && (n.Status.Rollout == nil || n.Status.Rollout.StartedAt == nil) {
		r.c.violate("%s is at work and holds no slot", m.name)
	}
}

// letsGo is asked where the coordinator deletes a ManagedNode.
func (r *rules) letsGo(m *machine) {
	if run := m.agent.run; m.node.now != nil && run != nil && !run.orphan && !run.repair && run.impact != v1alpha1.ImpactNone {
		r.c.violate("%s is at work, and its ManagedNode is deleted", m.name)
	}
}

// wrote is asked after each write of the coordinator.
func (r *rules) wrote(o *decision.Observation) {
	for _, m := range r.c.machines {
		r.atWork(m, m.agent.run)
	}
	if o.Group == nil {
		return
	}
	t := r.c.team(o.Group.Name)
	if t.group.now == nil || t.group.now.Status.Failures == nil {
		return
	}
	failures, names := t.group.now.Status.Failures, map[string]bool{}
	for _, f := range failures.Nodes {
		key := failure{f.Name, failures.Revision, f.Approved.UnixMicro()}
		switch {
		case names[f.Name]:
			r.c.violate("the failure of %s counts twice", f.Name)
		case !r.failures[key]:
			r.c.violate("the group counts a failure of %s that never was", f.Name)
		case f.Forgiven && r.resumes == 0:
			r.c.violate("the failure of %s was forgiven by nobody", f.Name)
		// Another revision, and a group that is made again, forget what was forgiven: it counts when the revision is back.
		case !f.Forgiven && r.forgiven[key] && r.counted[key] == t.chapter:
			r.c.violate("the failure of %s was forgiven and counts again", f.Name)
		}
		names[f.Name] = true
		if f.Forgiven {
			set(&r.forgiven, key)
			if r.counted == nil {
				r.counted = map[failure]int{}
			}
			r.counted[key] = t.chapter
		}
	}
}

// told is asked of each Event.
func (r *rules) told(t *team, e decision.Event) {
	if e.Reason == "" || e.Message == "" {
		r.c.violate("an Event of %s says nothing: %+v", t.name, e)
	}
	r.c.note("event: %s %s: %s", e.Node, e.Reason, e.Message)
}

// failed, applied, reported and kubelet are what machines do.
func (r *rules) failed(a *agent, run *run) {
	set(&r.failures, failure{a.m.name, run.revision, run.approved.UnixMicro()})
}

func (r *rules) applied(*agent, *run) {}

func (r *rules) reported(m *machine) { r.atWork(m, m.agent.run) }

func (r *rules) kubelet(m *machine, revision *revision) {
	if revision.minor > r.c.api {
		r.c.violate("%s runs kubelet 1.%d, and the API server is 1.%d", m.name, revision.minor, r.c.api)
	}
}
