package decision

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

const (
	approvedKey   = v1alpha1.ApprovedAnnotation
	disruptionKey = v1alpha1.DisruptionApprovedAnnotation
	drainKey      = v1alpha1.DrainAnnotation
	pausedKey     = v1alpha1.PausedAnnotation
)

func TestStartNow(t *testing.T) {
	t.Parallel()
	const granted = "n2 approved for h-n2 by annotation"
	asked := func(given func(w *world)) func(w *world) {
		return func(w *world) {
			w.edit("r2", v1alpha1.ImpactRestart)
			w.annotate("n2", approvedKey, "")
			given(w)
		}
	}
	all := []string{granted, "n2 loses approved"}
	runWorlds(t, map[string]worldCase{
		"goes before those whose turn it is": {nodes: 2, given: asked(func(*world) {}), moves: all},
		"goes past a wave": {nodes: 2, given: asked(func(w *world) {
			w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}}
			w.Group.SetDefaults()
		}), moves: all},
		"goes past windows": {nodes: 2, given: asked(func(w *world) {
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}}
		}), moves: all},
		"goes past a pause of the group": {nodes: 2, given: asked(func(w *world) { w.Group.Spec.Update.Paused = true }), moves: all},
		"goes past a gate":               {nodes: 2, given: asked(func(w *world) { w.Gates = []Gate{{Name: "up"}} }), moves: all},
		"goes past somebody's cordon":    {nodes: 2, given: asked(func(w *world) { w.node("n2").Node.Spec.Unschedulable = true }), moves: all},
		"does not go past the slots": {nodes: 2, given: asked(func(w *world) {
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
		})},
		"does not go past the API servers' version": {nodes: 2, given: asked(func(w *world) { w.APIServer = "1.35.0" })},
		"does not go past a pause of the cluster": {nodes: 2, given: asked(func(w *world) {
			w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}}
		})},
		"does not go past a pause of the node": {nodes: 2, given: asked(func(w *world) {
			w.Group.Spec.Update.Paused = true
			w.annotate("n2", pausedKey, "disk")
		}), moves: []string{"n2 paused true"}},
		"is taken from the Node as well": {nodes: 2, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactRestart)
			w.node("n2").Node.Annotations[approvedKey] = ""
		}, moves: all},
		"stays until there is a plan to start": {nodes: 2, given: asked(func(w *world) {
			w.Group.Spec.Update.Paused = true
			w.managed("n2").Generation++
		})},
		"is refused where there is nothing to start": {nodes: 2, given: func(w *world) { w.annotate("n2", approvedKey, "") },
			moves: []string{"n2 loses approved"}},
		"tries a failed revision again, though the budget is spent": {nodes: 2, given: asked(func(w *world) {
			w.approved("n2", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart)
			delete(w.managed("n2").Annotations, approvedKey)
			w.failed("n2", v1alpha1.PhaseRolledBack)
			w.calm()
			w.heard("n2", v1alpha1.PhaseRolledBack)
			w.annotate("n2", approvedKey, "")
		}), moves: all},
	})
}

func TestTheNameOfWhoAskedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.edit("r2", v1alpha1.ImpactRestart)
	w.annotate("n1", approvedKey, "")
	w.managed("n1").ManagedFields = []metav1.ManagedFieldsEntry{
		{Manager: "hostler-agent", FieldsV1: metav1.NewFieldsV1(`{"f:status":{}}`)},
		{Manager: "kubectl-annotate", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:hostler.dev/approved":{}}}}`)},
	}
	w.want("n1 approved for h-n1 by annotation, by kubectl-annotate", "n1 loses approved")
}

func TestAnotherApprovalIsAtAnotherTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.edit("r2", v1alpha1.ImpactRestart)
	m := w.heard("n1", v1alpha1.PhaseRolledBack)
	m.Status.Failure = &v1alpha1.Failure{Revision: "r2", Outcome: v1alpha1.PhaseRolledBack, Approved: metav1.NewMicroTime(w.Now)}
	w.annotate("n1", approvedKey, "")
	for _, action := range w.decide() {
		if set, ok := action.(SetSpec); ok && set.Spec.Approval.At.Equal(&m.Status.Failure.Approved) {
			t.Errorf("got an approval at %s as the failed one, want another time: the agent tries nothing again otherwise", set.Spec.Approval.At)
		}
	}
}

func TestLeaveToDisruptOnRequest(t *testing.T) {
	t.Parallel()
	manual := func(value string, then func(w *world)) func(w *world) {
		return func(w *world) {
			w.Group.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual
			w.edit("r2", v1alpha1.ImpactDrain)
			w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			if value != "none" {
				w.annotate("n1", disruptionKey, value)
			}
			then(w)
		}
	}
	nothing := func(*world) {}
	granted := []string{`n1 drain for "h-n1" by annotation`, "n1 loses disruption-approved", "n1 cordoned"}
	refused := []string{"n1 loses disruption-approved"}
	runWorlds(t, map[string]worldCase{
		"nobody is disrupted before somebody gave leave":         {nodes: 1, given: manual("none", nothing)},
		"leave for the plan that is shown":                       {nodes: 1, given: manual("", nothing), moves: granted},
		"leave for the plan by its hash":                         {nodes: 1, given: manual("h-n1", nothing), moves: granted},
		"leave for another plan is refused":                      {nodes: 1, given: manual("h-old", nothing), moves: refused},
		"leave goes past windows":                                {nodes: 1, given: manual("h-n1", closed), moves: granted},
		"leave by hash stays until the agent waits for it":       {nodes: 1, given: manual("h-n1", func(w *world) { w.heard("n1", v1alpha1.PhaseStaging) })},
		"leave without a hash is refused while nothing waits":    {nodes: 1, given: manual("", func(w *world) { w.heard("n1", v1alpha1.PhaseStaging) }), moves: refused},
		"leave stays while the agent speaks of an older spec":    {nodes: 1, given: manual("h-old", func(w *world) { w.managed("n1").Generation++ })},
		"leave does not go past a pause of the group":            {nodes: 1, given: manual("h-n1", func(w *world) { w.Group.Spec.Update.Paused = true })},
		"leave is refused where the plan does not disrupt":       {nodes: 1, given: manual("h-n1", func(w *world) { w.managed("n1").Status.Plan.Impact = v1alpha1.ImpactRestart }), moves: refused},
		"leave that was granted is dropped where it is repeated": {nodes: 1, given: manual("h-n1", func(w *world) { w.drained("n1", 1) }), moves: []string{"n1 loses disruption-approved", "n1 evicted"}},
	})
}

func closed(w *world) {
	w.Group.Spec.Disruptions.Automatic.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}}
}

func TestDrainOnRequest(t *testing.T) {
	t.Parallel()
	asked := func(then func(w *world)) func(w *world) {
		return func(w *world) { w.annotate("n1", drainKey, ""); then(w) }
	}
	kept := func(then func(w *world)) func(w *world) {
		return func(w *world) { w.drained("n1", 0).Spec.Drain.By = "annotation"; w.settle(); then(w) }
	}
	runWorlds(t, map[string]worldCase{
		"a node is drained":  {nodes: 2, given: asked(func(*world) {}), moves: []string{`n1 drain for "" by annotation`, "n1 loses drain", "n1 cordoned"}},
		"not without a slot": {nodes: 2, given: asked(func(w *world) { w.ready("n2", false) })},
		"a node that is not Ready takes no further slot": {nodes: 2, given: asked(func(w *world) { w.ready("n1", false) }),
			moves: []string{`n1 drain for "" by annotation`, "n1 loses drain", "n1 cordoned"}},
		"somebody's cordon is not marked": {nodes: 2, given: asked(func(w *world) { w.node("n1").Node.Spec.Unschedulable = true }),
			moves: []string{`n1 drain for "" by annotation`, "n1 loses drain"}},
		"it is kept empty":             {nodes: 2, given: kept(func(*world) {})},
		"pods that come back go again": {nodes: 2, given: kept(func(w *world) { w.node("n1").Drain.Left = 1 }), moves: []string{"n1 evicted"}},
		"kubectl uncordon ends it, and hostler's mark goes": {nodes: 2, given: kept(func(w *world) { w.node("n1").Node.Spec.Unschedulable = false }),
			moves: []string{"n1 drain ended", "n1 uncordoned"}},
		"kubectl uncordon of somebody's own cordon ends it too": {nodes: 2, given: kept(func(w *world) {
			delete(w.node("n1").Node.Annotations, v1alpha1.CordonedByAnnotation)
			w.node("n1").Node.Spec.Unschedulable = false
		}), moves: []string{"n1 drain ended"}},
		"a cordon that was lost on the way is made": {nodes: 2, given: func(w *world) {
			w.drained("n1", 3).Status.Rollout.Drain = nil
			w.node("n1").Drain = nil
			delete(w.node("n1").Node.Annotations, v1alpha1.CordonedByAnnotation)
			w.node("n1").Node.Spec.Unschedulable = false
		}, moves: []string{"n1 cordoned"}},
		"an update of the node does not end it": {nodes: 2, given: kept(func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			w.approved("n1", v1alpha1.PhaseUpToDate, v1alpha1.ImpactDrain).Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1"}
			w.upToDate("n1")
			w.upToDate("n2")
		}), moves: []string{"n1 approval taken back", "n1 disruption taken back"}},
		"it serves for the update of the node": {nodes: 2, given: kept(func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			w.node("n1").Drain = &Drain{}
		}), moves: []string{"n1 may be disrupted for h-n1 by coordinator"}},
	})
}

func TestPauseOfANode(t *testing.T) {
	t.Parallel()
	runWorlds(t, map[string]worldCase{
		"the agent is told": {nodes: 1, given: func(w *world) { w.annotate("n1", pausedKey, "disk") }, moves: []string{"n1 paused true"}},
		"on the Node too":   {nodes: 1, given: func(w *world) { w.node("n1").Node.Annotations[pausedKey] = "" }, moves: []string{"n1 paused true"}},
		"until it is over":  {nodes: 1, given: func(w *world) { w.managed("n1").Spec.Paused = true }, moves: []string{"n1 paused false"}},
		"what was not begun is taken back, and the cordon with it": {nodes: 1, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			w.drained("n1", 2)
			w.annotate("n1", pausedKey, "disk")
		}, moves: []string{"n1 paused true", "n1 approval taken back", "n1 drain ended", "n1 uncordoned"}},
		"what may have begun keeps the cordon": {nodes: 1, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactDrain)
			m := w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
			w.drained("n1", 0)
			m.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1"}
			m.Generation++
			w.annotate("n1", pausedKey, "disk")
		}, moves: []string{"n1 paused true", "n1 approval taken back", "n1 disruption taken back"}},
		"a run under way ends": {nodes: 1, given: func(w *world) {
			w.edit("r2", v1alpha1.ImpactRestart)
			w.approved("n1", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
			w.annotate("n1", pausedKey, "disk")
		}, moves: []string{"n1 paused true"}},
	})
}

func TestRequestsThatAreRefusedSaySo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.edit("r2", v1alpha1.ImpactDrain)
	w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
	w.Group.Spec.Disruptions.ApprovalMode = v1alpha1.ApprovalManual
	w.annotate("n1", disruptionKey, "h-old")
	actions := w.decide()
	var refused string
	for _, action := range actions {
		if set, ok := action.(SetRollout); ok {
			refused = set.Rollout.Refused
		}
	}
	const want = "hostler.dev/disruption-approved: h-old is not the plan; it is now h-n1, of impact Drain: look at it, and give leave for that"
	if refused != want {
		t.Errorf("got refused %q, want %q", refused, want)
	}
	if got := events(actions); len(got) != 1 || got[0] != "n1:DisruptionRefused" {
		t.Errorf("got events %v, want the refusal", got)
	}
	w.apply(actions)
	w.Now = w.Now.Add(time.Minute)
	w.heard("n1", v1alpha1.PhaseWaitingForDisruption)
	w.annotate("n1", disruptionKey, "h-n1")
	w.want(`n1 drain for "h-n1" by annotation`, "n1 loses disruption-approved", "n1 cordoned")
}
