package decision

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// finished makes n1 a node that was drained and changed, and says that it has the revision.
func finished(then func(w *world)) func(w *world) {
	return func(w *world) {
		w.edit("r2", v1alpha1.ImpactDrain)
		m := w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactDrain)
		w.drained("n1", 0)
		m.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1", Impact: v1alpha1.ImpactDrain}
		w.upToDate("n1")
		then(w)
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	runWorlds(t, map[string]worldCase{
		"all is taken back, and the slot is given on only when that can be seen": {nodes: 2, given: finished(func(*world) {}),
			moves: []string{"n1 approval taken back", "n1 disruption taken back", "n1 drain ended", "n1 uncordoned"}},
		"a slot without a cordon is given on as late": {nodes: 2, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactRestart)
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
			w.upToDate("n1")
		}, moves: []string{"n1 approval taken back"}},
		"not while the Node is not Ready":             {nodes: 2, given: finished(func(w *world) { w.ready("n1", false) })},
		"not while a gate is closed":                  {nodes: 2, given: finished(func(w *world) { w.node("n1").GateClosed = "DaemonSet cni" })},
		"not while the agent speaks of an older spec": {nodes: 2, given: finished(func(w *world) { w.managed("n1").Generation++ })},
		"not with another revision on the host":       {nodes: 2, given: finished(func(w *world) { w.managed("n1").Status.AppliedRevision = "r1" })},
		"a node that ends the revision before an edit gives its slot back, and gets the next": {nodes: 1, given: finished(func(w *world) { w.Revision = "r3" }),
			moves: []string{"n1 gets r3", "n1 approval taken back", "n1 disruption taken back", "n1 drain ended", "n1 uncordoned"}},
	})
}

func TestProofIsNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	finished(func(*world) {})(w)
	actions := w.decide()
	w.apply(actions)
	got := w.managed("n1").Status.Rollout
	if got.ProvenRevision != "r2" || got.ProvenAt == nil || !got.ProvenAt.Time.Equal(start) || got.StartedAt != nil || got.Drain != nil {
		t.Errorf("got %+v, want r2 proven now, and nothing under way", got)
	}
	if got.Took == nil || got.Took.Duration != time.Minute {
		t.Errorf("got %v, want a minute from approval to proof", got.Took)
	}
	if diff := cmp.Diff([]string{"n1:NodeUpdated", "n1:Uncordoned"}, events(actions)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	w.Now = w.Now.Add(time.Hour)
	w.upToDate("n1")
	w.settle()
	if again := w.managed("n1").Status.Rollout; !again.ProvenAt.Time.Equal(start) {
		t.Errorf("got proven at %s, want it to stay at %s", again.ProvenAt, start)
	}
}

// broken makes the run of n1 fail.
func failedRun(outcome v1alpha1.Phase, then func(w *world)) func(w *world) {
	return func(w *world) {
		w.edit("r2", v1alpha1.ImpactDrain)
		m := w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactDrain)
		w.drained("n1", 0)
		m.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1", Impact: v1alpha1.ImpactDrain}
		w.failed("n1", outcome)
		then(w)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	kept := []string{"n1 approval taken back", "n1 disruption taken back", `n1 drain for "cordon" by coordinator`}
	ended := append(kept[:2:2], "n1 drain ended", "n1 uncordoned")
	runWorlds(t, map[string]worldCase{
		"a node that was rolled back takes pods again":                {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(*world) {}), moves: ended},
		"a node that was rolled back and is not Ready stays cordoned": {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) { w.ready("n1", false) }), moves: kept},
		"a node that is half changed stays cordoned":                  {nodes: 2, given: failedRun(v1alpha1.PhaseFailed, func(*world) {}), moves: kept},
		"a failure of an earlier approval is none of this one":        {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) { w.managed("n1").Status.Failure.Approved = metav1.MicroTime{} })},
		"a failure of an earlier revision is none of this one":        {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) { w.managed("n1").Status.Failure.Revision = "r1" })},
		"nobody asks the pods of a node that is half changed to leave": {nodes: 2, given: failedRun(v1alpha1.PhaseFailed, func(w *world) {
			w.settle()
			w.heard("n1", v1alpha1.PhaseFailed)
			w.node("n1").Drain.Left = 1
		})},
		"nobody starts when the budget is spent": {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) {
			w.settle()
			w.heard("n1", v1alpha1.PhaseRolledBack)
		})},
		"the others start while the budget is not spent": {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) {
			w.Group.Spec.Update.FailureBudget = 2
			w.calm()
			w.heard("n1", v1alpha1.PhaseRolledBack)
		}), moves: []string{"n2 approved for h-n2 by coordinator"}},
		"a node that was uncordoned by hand after a failure stays so": {nodes: 2, given: failedRun(v1alpha1.PhaseFailed, func(w *world) {
			w.settle()
			w.node("n1").Node.Spec.Unschedulable = false
		}), moves: []string{"n1 drain ended", "n1 uncordoned"}},
		"a resumed group goes on with the others": {nodes: 2, given: failedRun(v1alpha1.PhaseRolledBack, func(w *world) {
			w.settle()
			w.heard("n1", v1alpha1.PhaseRolledBack)
			w.Group.Annotations = map[string]string{v1alpha1.ResumeAnnotation: ""}
		}), moves: []string{"n2 approved for h-n2 by coordinator"}},
		"the next revision starts afresh, with the broken node": {nodes: 2, given: failedRun(v1alpha1.PhaseFailed, func(w *world) {
			w.settle()
			w.Revision = "r3"
			w.settle()
			w.plans("n1", v1alpha1.ImpactRestart)
			w.plans("n2", v1alpha1.ImpactRestart)
		}), moves: []string{"n1 approved for h-n1 by coordinator"}},
	})
}

func TestAFailureCountsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	failedRun(v1alpha1.PhaseRolledBack, func(*world) {})(w)
	w.Group.Spec.Update.FailureBudget = 2
	actions := w.decide()
	if diff := cmp.Diff([]string{"n1:UpdateFailed", "n1:Uncordoned"}, events(actions)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	w.apply(actions)
	w.heard("n1", v1alpha1.PhaseRolledBack)
	if got := events(w.decide()); cmp.Diff([]string{"n2:UpdateApproved"}, got) != "" {
		t.Errorf("got events %v, want the failure told once and the next node started", got)
	}
	failures := w.Group.Status.Failures
	if failures == nil || failures.Revision != "r2" || len(failures.Nodes) != 1 || failures.Nodes[0].Name != "n1" {
		t.Errorf("got failures %+v, want n1's alone", failures)
	}
}

func TestAFailureIsForgottenWhenTheNodeHasTheRevisionAfterAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	failedRun(v1alpha1.PhaseRolledBack, func(*world) {})(w)
	w.settle()
	if !meta.IsStatusConditionTrue(w.Group.Status.Conditions, v1alpha1.ConditionPaused) {
		t.Fatalf("got %+v, want the group paused by its failure budget", w.Group.Status.Conditions)
	}
	w.upToDate("n1")
	w.settle()
	if w.Group.Status.Failures != nil || meta.IsStatusConditionTrue(w.Group.Status.Conditions, v1alpha1.ConditionPaused) {
		t.Errorf("got %+v, want no failures and no pause", w.Group.Status)
	}
}

func TestAnEditInMidRollout(t *testing.T) {
	t.Parallel()
	edited := func(given func(w *world)) func(w *world) {
		return func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			given(w)
			w.Revision = "r3"
		}
	}
	runWorlds(t, map[string]worldCase{
		"a node that is being changed keeps its leave": {nodes: 1, given: edited(func(w *world) { w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactDrain) }),
			moves: []string{"n1 gets r3"}},
		"a node that only waited loses it, with drain and cordon": {nodes: 1, given: edited(func(w *world) {
			w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			w.drained("n1", 1)
		}), moves: []string{"n1 gets r3", "n1 approval taken back", "n1 drain ended", "n1 uncordoned"}},
		"a node that may have begun keeps slot and cordon": {nodes: 2, given: edited(func(w *world) {
			m := w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			w.drained("n1", 0)
			m.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1"}
			w.upToDate("n2")
		}), moves: []string{"n1 gets r3", "n1 approval taken back", "n1 disruption taken back", "n2 gets r3"}},
		"an edit that is taken back lets the run end as if nothing was": {nodes: 1, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactDrain)
			w.Revision = "r3"
			w.settle()
			w.Revision = "r2"
		}, moves: []string{"n1 gets r2"}},
	})
}

func TestTheSlotOfAWithdrawnApprovalIsKeptUntilTheAgentReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.edit("r2", v1alpha1.ImpactRestart)
	w.approved("n1", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart)
	w.annotate("n1", pausedKey, "disk")
	w.settle()
	w.waits("n2", WaitingSlot, "n1 is being updated")
	w.heard("n1", v1alpha1.PhaseStaging)
	w.waits("n2", WaitingSlot, "n1 is being updated")
	w.heard("n1", v1alpha1.PhasePaused)
	w.settle()
	w.waits("n2", WaitingAgent)
	if w.managed("n2").Spec.Approval == nil {
		t.Errorf("got no approval for n2, want n1's slot given on")
	}
}

func TestWhyANodeWaits(t *testing.T) {
	t.Parallel()
	planned := func(then func(w *world)) func(w *world) {
		return func(w *world) { w.edit("r2", v1alpha1.ImpactRestart); then(w) }
	}
	cases := map[string]struct {
		given  func(w *world)
		reason Waiting
		parts  []string
	}{
		"for nothing":                        {func(*world) {}, NotWaiting, []string{"has revision r1"}},
		"for a conflict":                     {planned(func(w *world) { w.node("n2").OtherGroups = []string{"db", "web"} }), WaitingConflict, []string{"db, web"}},
		"for a valid group":                  {planned(func(w *world) { w.Invalid = "spec.cri: bad" }), WaitingInvalidGroup, []string{"spec.cri: bad", "mended"}},
		"for a revision":                     {func(w *world) { w.Revision = ""; w.managed("n2").Spec.Revision = "" }, WaitingRevision, nil},
		"for the end of a pause of the node": {planned(func(w *world) { w.annotate("n2", pausedKey, "disk") }), WaitingNodePaused, []string{"disk", "removed"}},
		"for its agent":                      {planned(func(w *world) { w.managed("n2").Generation++ }), WaitingAgent, []string{"journalctl"}},
		"for itself to come back":            {func(w *world) { w.heard("n2", v1alpha1.PhaseApplying); w.goneAway("n2") }, WaitingAgent, []string{"went away", "r1"}},
		"for a plan":                         {planned(func(w *world) { w.heard("n2", v1alpha1.PhasePlanFailed).Status.Message = "no apt" }), WaitingPlan, []string{"no apt"}},
		"for the next revision":              {planned(func(w *world) { w.failed("n2", v1alpha1.PhaseFailed) }), WaitingFailed, []string{"kubelet.service", "half changed", approvedKey}},
		"for a plan, though a failure left it cordoned": {planned(func(w *world) {
			w.drained("n2", 1).Spec.Drain.Plan = cordonOnly
			w.managed("n2").Status.Failure = &v1alpha1.Failure{Revision: "r1", Outcome: v1alpha1.PhaseFailed}
			w.heard("n2", v1alpha1.PhasePlanFailed)
		}), WaitingPlan, nil},
		"to be proven": {planned(func(w *world) { w.upToDate("n2"); w.node("n2").GateClosed = "DaemonSet cni" }), WaitingNodeGate, []string{"DaemonSet cni"}},
		"for a person's leave": {planned(func(w *world) {
			w.Group.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual
			w.approved("n2", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactReboot)
		}), WaitingManualApproval, []string{"kubectl annotate managednode n2 hostler.dev/disruption-approved=h-n2"}},
		"for the API servers":            {planned(func(w *world) { w.APIServer = "1.35.9" }), WaitingSkew, []string{"1.36.3", "1.35.9"}},
		"for somebody's cordon":          {planned(func(w *world) { w.node("n2").Node.Spec.Unschedulable = true }), WaitingForeignCordon, []string{"kubectl uncordon n2"}},
		"for the end of a cluster pause": {planned(func(w *world) { w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}} }), WaitingPolicyPaused, nil},
		"for the end of a group's pause": {planned(func(w *world) { w.Group.Spec.Update.Paused = true }), WaitingGroupPaused, []string{"worker"}},
		"for somebody to resume the group": {planned(func(w *world) {
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
			w.failed("n1", v1alpha1.PhaseRolledBack)
		}), WaitingFailureBudget, []string{"n1", v1alpha1.ResumeAnnotation}},
		"for the end of an exclusion": {planned(func(w *world) {
			w.Group.Spec.Update.Exclusions = []v1alpha1.Exclusion{{From: metav1.NewTime(start), To: metav1.NewTime(start.Add(time.Hour)), Reason: "sale"}}
		}), WaitingExclusion, []string{"sale", "2026-11-18T13:00:00Z"}},
		"for a window": {planned(func(w *world) { w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}} }),
			WaitingWindow, []string{"2026-11-18T22:00:00Z"}},
		"for a gate": {planned(func(w *world) { w.Gates = []Gate{{Name: "alerts"}, {Name: "up", Open: true}} }), WaitingGate, []string{"alerts"}},
		"for a wave": {planned(func(w *world) { w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}}; w.Group.SetDefaults() }),
			WaitingWave, []string{"canary", "n1"}},
		"for a soak": {planned(func(w *world) {
			w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}}
			w.Group.SetDefaults()
			w.upToDate("n1")
		}), WaitingSoak, []string{"canary", "2026-11-18T12:30:00Z"}},
		"for a slot of the cluster": {planned(func(w *world) {
			w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{MaxUnavailable: w.Group.Spec.Update.MaxUnavailable}}
			w.Elsewhere = Count{Total: 3, Unavailable: 1}
		}), WaitingClusterSlot, []string{"1 in other groups"}},
		"for a slot": {planned(func(w *world) { w.upToDate("n1"); w.ready("n1", false) }), WaitingSlot, []string{"1 may be", "n1 is not Ready"}},
		"for a slot that somebody's cordon takes": {planned(func(w *world) { w.upToDate("n1"); w.node("n1").Node.Spec.Unschedulable = true }),
			WaitingSlot, []string{"n1 is cordoned by somebody"}},
		"for a slot, though asked for now": {planned(func(w *world) {
			w.annotate("n2", approvedKey, "")
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
		}), WaitingSlot, []string{"n1 is being updated"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			c.given(w)
			w.waits("n2", c.reason, c.parts...)
		})
	}
}

func TestSinceWhenANodeWaitsIsStable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.edit("r2", v1alpha1.ImpactRestart)
	w.Group.Spec.Update.Paused = true
	w.settle()
	since := func() time.Time {
		return meta.FindStatusCondition(w.managed("n1").Status.Conditions, v1alpha1.ConditionWaiting).LastTransitionTime.Time
	}
	w.Now = start.Add(time.Hour)
	w.want()
	if !since().Equal(start) {
		t.Errorf("got since %s after an hour, want %s", since(), start)
	}
	w.Group.Spec.Update.Paused = false
	w.Gates = []Gate{{Name: "up", Reason: "1 down"}}
	w.settle()
	if want := start.Add(time.Hour); !since().Equal(want) {
		t.Errorf("got since %s for another reason, want %s", since(), want)
	}
	w.Now = start.Add(2 * time.Hour)
	w.Gates[0].Reason = "2 down"
	w.settle()
	if want := start.Add(time.Hour); !since().Equal(want) {
		t.Errorf("got since %s for the same reason and another message, want %s", since(), want)
	}
	got := meta.FindStatusCondition(w.managed("n1").Status.Conditions, v1alpha1.ConditionWaiting)
	if !strings.Contains(got.Message, "2 down") {
		t.Errorf("got the message %q, want the new one", got.Message)
	}
}

func TestAnApprovalIsTakenBackOnlyWhenItsSlotIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.edit("r2", v1alpha1.ImpactRestart)
	w.approved("n1", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart).Status.Rollout.StartedAt = nil
	w.annotate("n1", pausedKey, "disk")
	w.want("n1 paused true")
	w.settle()
	if m := w.managed("n1"); m.Spec.Approval != nil || m.Status.Rollout.StartedAt == nil {
		t.Errorf("got approval %v, started at %v, want the one taken back and the other kept", m.Spec.Approval, m.Status.Rollout.StartedAt)
	}
}
