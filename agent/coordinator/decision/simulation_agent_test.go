package decision_test

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/steps"
)

// agent is a machine's agent: what the real one decides is decided by node.Next; what it does to a host is played.
type agent struct {
	c *cluster
	m *machine

	alive bool
	// away: the API server cannot be reached from here.
	away bool
	// life counts the starts of the process: what an earlier one began does not go on.
	life int
	busy bool

	// heard is the ManagedNode as the agent saw it last.
	heard *v1alpha1.ManagedNode
	// host is what the host is: a revision, or one with something added.
	host     string
	applied  string
	failures map[string]*v1alpha1.Failure
	spent    metav1.MicroTime
	staged   string
	repaired bool
	// run is under way, or was cut short.
	run *run
	// clumsy is how many further runs fail, and how the first of them does.
	clumsy  int
	outcome v1alpha1.Phase
	// skew is how far the machine's clock is ahead.
	skew time.Duration

	report     *v1alpha1.ManagedNodeStatus
	reportedTo string
	posting    bool
}

// run is a change of the host under way.
type run struct {
	revision string
	approved metav1.MicroTime
	impact   v1alpha1.Impact
	repair   bool
	cut      bool
	// orphan: the ManagedNode, or the Node, was deleted since, and with it what the coordinator knew of the run.
	orphan bool
}

// A host that has drifted is its revision and one of these.
const (
	lightDrift = "+light"
	heavyDrift = "+heavy"
	halfWay    = "+half"
)

// hear takes in what the API server says, after a moment.
func (a *agent) hear() {
	a.c.after(a.c.within(3*time.Second), func() {
		if a.alive && !a.away {
			a.heard = a.m.managed.now
			a.turn()
		}
	})
}

// turn looks, decides, reports, and begins one thing.
func (a *agent) turn() {
	if !a.alive || a.busy {
		return
	}
	s := a.situation()
	act := node.Next(s)
	a.tell(&s, act)
	switch act.Kind {
	case node.Resume:
		a.begin(a.run)
	case node.Adopt:
		a.applied = act.Revision
		delete(a.failures, act.Revision)
		a.turn()
	case node.Stage:
		hash := s.Plan.Hash
		a.doing(10*time.Second+a.c.within(30*time.Second), func() { a.staged = hash })
	case node.Apply, node.Repair:
		r := &run{revision: act.Revision, repair: act.Kind == node.Repair}
		r.impact = a.plan(act.Revision).Impact
		if a.heard.Spec.Approval != nil {
			r.approved = a.heard.Spec.Approval.At
		}
		a.c.rules.begins(a, r)
		a.begin(r)
	case node.Rest, node.LetGo:
		if act.Phase == v1alpha1.PhaseUpToDate && s.Plan.Empty {
			delete(a.failures, s.Spec.Revision)
		}
	}
}

// doing keeps the agent busy, unless it dies.
func (a *agent) doing(d time.Duration, then func()) {
	life := a.life
	a.busy = true
	a.c.after(d, func() {
		if a.life == life && a.alive {
			a.busy = false
			then()
			a.turn()
		}
	})
}

func (a *agent) situation() node.Situation {
	s := node.Situation{Unfinished: a.run != nil, Away: a.away, Limit: steps.Reboot, Applied: a.applied, Repaired: a.repaired, Spent: a.spent}
	if a.heard == nil {
		return s
	}
	s.Spec = &a.heard.Spec
	s.Plan = a.situate(s.Spec.Revision)
	s.Staged = a.staged == s.Plan.Hash
	s.Failure = a.failures[s.Spec.Revision]
	s.Repair = node.Plan{Empty: true}
	if a.applied != "" && a.applied != s.Spec.Revision {
		s.Repair = a.situate(a.applied)
		s.RepairFailure = a.failures[a.applied]
	}
	return s
}

// hostPlan is what would be done to the host for a revision.
type hostPlan struct {
	Hash   string
	Impact v1alpha1.Impact
	Empty  bool
	Err    error
}

// plan depends on the revision and on what the host is, and its hash names both.
func (a *agent) plan(name string) hostPlan {
	r := a.c.revision(name)
	p := hostPlan{Hash: a.host + ">" + name, Empty: a.host == name}
	switch {
	case r == nil:
		p.Err = errors.New("no such revision")
	case r.puzzles[a.m.name]:
		p.Err = errors.New("the revision does not fit this host")
	case a.host == name+lightDrift:
		p.Impact = v1alpha1.ImpactNone
	case a.host == name+heavyDrift:
		p.Impact = v1alpha1.ImpactDrain
	default:
		p.Impact = r.impact
	}
	return p
}

func (a *agent) situate(name string) node.Plan {
	if name == "" {
		return node.Plan{Empty: true}
	}
	p := a.plan(name)
	impact, _ := steps.ParseImpact(string(p.Impact))
	return node.Plan{Hash: p.Hash, Impact: impact, Empty: p.Empty, Err: p.Err}
}

// begin changes the host, as a run or what is left of one.
func (a *agent) begin(r *run) {
	a.run = r
	disrupts := r.impact == v1alpha1.ImpactDrain || r.impact == v1alpha1.ImpactReboot
	a.c.note("%s: agent applies %s, impact %s", a.m.name, r.revision, r.impact)
	if r.impact == v1alpha1.ImpactReboot || disrupts && a.c.dice.roll(3) == 1 {
		a.c.setReady(a.m, false)
	}
	a.doing(20*time.Second+a.c.within(40*time.Second), func() { a.end(r) })
}

// end is the end of a run: it succeeds, goes back, or stops half way.
func (a *agent) end(r *run) {
	outcome := v1alpha1.PhaseUpToDate
	if revision := a.c.revision(r.revision); revision.breaks[a.m.name] != "" && !r.repair {
		outcome = revision.breaks[a.m.name]
	} else if a.clumsy > 0 && !r.repair {
		a.clumsy--
		outcome = a.outcome
	}
	a.run, a.staged = nil, ""
	a.c.note("%s: run of %s ends: %s", a.m.name, r.revision, outcome)
	if a.c.dice.roll(8) != 1 || outcome == v1alpha1.PhaseUpToDate {
		a.c.setReady(a.m, true)
	}
	if outcome != v1alpha1.PhaseUpToDate {
		a.failures[r.revision] = &v1alpha1.Failure{
			Revision: r.revision, Approved: r.approved, Outcome: outcome, Message: "unit kubelet.service failed", At: metav1.NewTime(a.c.now.Add(a.skew)),
		}
		a.c.rules.failed(a, r)
		if outcome == v1alpha1.PhaseFailed {
			a.host = r.revision + halfWay
		}
		return
	}
	delete(a.failures, r.revision)
	a.host = r.revision
	if r.repair {
		a.repaired = true
		return
	}
	a.applied, a.spent = r.revision, r.approved
	a.c.rules.applied(a, r)
	a.c.setKubelet(a.m, a.c.revision(r.revision))
}

// tell reports, as late as the network is. What was not posted yet is replaced.
func (a *agent) tell(s *node.Situation, act node.Act) {
	if a.heard == nil || act.Phase == "" {
		return
	}
	status := &v1alpha1.ManagedNodeStatus{
		ObservedGeneration: a.heard.Generation, Phase: act.Phase, Message: act.Message,
		AppliedRevision: a.applied, Failure: a.shownFailure(s.Spec.Revision),
	}
	if s.Plan.Err == nil && !s.Plan.Empty && s.Spec.Revision != "" {
		status.Plan = &v1alpha1.PlanSummary{
			Revision: s.Spec.Revision, Hash: s.Plan.Hash, Impact: v1alpha1.Impact(s.Plan.Impact.String()), Ops: 3, Staged: s.Staged,
		}
	}
	a.report, a.reportedTo = status, string(a.heard.UID)
	if !a.posting {
		a.posting = true
		life := a.life
		a.c.after(a.c.within(3*time.Second), func() { a.post(life) })
	}
}

func (a *agent) shownFailure(wanted string) *v1alpha1.Failure {
	if f := a.failures[wanted]; f != nil {
		return f.DeepCopy()
	}
	for _, f := range a.failures {
		if len(a.failures) == 1 {
			return f.DeepCopy()
		}
	}
	return nil
}

// post writes the last report, unless the process that made it is gone, or the API server cannot be reached.
func (a *agent) post(life int) {
	if life != a.life {
		return
	}
	if a.away {
		a.c.after(5*time.Second, func() { a.post(life) })
		return
	}
	a.posting = false
	managed := a.m.managed.now
	if managed == nil || string(managed.UID) != a.reportedTo {
		return
	}
	status := *a.report
	status.Rollout, status.Conditions = managed.Status.Rollout, managed.Status.Conditions
	if equality.Semantic.DeepEqual(status, managed.Status) {
		return
	}
	if status.Phase != managed.Status.Phase || status.ObservedGeneration != managed.Status.ObservedGeneration {
		a.c.note("%s: agent reports %s of generation %d, plan %s", a.m.name, status.Phase, status.ObservedGeneration, planHash(&status))
	}
	a.c.editManaged(a.m, func(n *v1alpha1.ManagedNode) { n.Status = status })
	a.c.rules.reported(a.m)
}

func planHash(s *v1alpha1.ManagedNodeStatus) string {
	if s.Plan == nil {
		return "-"
	}
	return s.Plan.Hash
}

// die stops the process. A run in hand is cut short; reports that were not posted are lost.
func (a *agent) die() {
	if !a.alive {
		return
	}
	a.c.note("%s: agent dies", a.m.name)
	a.alive, a.busy, a.posting, a.heard = false, false, false, nil
	a.life++
	if a.run != nil {
		a.run.cut = true
	}
}

// revive starts it again. It reads the ManagedNode before it does anything, but for a run that was cut short.
func (a *agent) revive() {
	if a.alive {
		return
	}
	a.c.note("%s: agent is back", a.m.name)
	a.alive = true
	a.life++
	a.heard = a.m.managed.now
	a.turn()
}
