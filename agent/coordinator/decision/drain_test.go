package decision

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// waiting makes n1 a node that waits for leave to disrupt.
func waitingForDisruption(then func(w *world)) func(w *world) {
	return func(w *world) {
		w.edit("r2", v1alpha1.ImpactDrain)
		w.approved("n1", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
		then(w)
	}
}

func TestDisruption(t *testing.T) {
	t.Parallel()
	drained := []string{`n1 drain for "h-n1" by coordinator`, "n1 cordoned"}
	leave := "n1 may be disrupted for h-n1 by coordinator"
	window := func(from, to string, took time.Duration) func(w *world) {
		return waitingForDisruption(func(w *world) {
			w.Group.Spec.Disruptions.Automatic.Windows = []v1alpha1.Window{{From: from, To: to}}
			w.managed("n2").Status.Rollout.Took = &metav1.Duration{Duration: took}
		})
	}
	runWorlds(t, map[string]worldCase{
		"a node is drained before it is disrupted": {nodes: 2, given: waitingForDisruption(func(*world) {}), moves: drained},
		"an empty node may be disrupted":           {nodes: 2, given: waitingForDisruption(func(w *world) { w.drained("n1", 0) }), moves: []string{leave}},
		"not while pods are left":                  {nodes: 2, given: waitingForDisruption(func(w *world) { w.drained("n1", 1) }), moves: []string{"n1 evicted"}},
		"not while nobody has looked for pods":     {nodes: 2, given: waitingForDisruption(func(w *world) { w.drained("n1", 1); w.node("n1").Drain = nil })},
		"not while the agent has not heard of the drain": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 0).Generation++
		})},
		"at once where the drain is not wanted first": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.Group.Spec.Disruptions.Automatic.DrainBeforeApproval = new(bool)
		}), moves: []string{leave}},
		"a reboot like a drain": {nodes: 2, given: waitingForDisruption(func(w *world) { w.managed("n1").Status.Plan.Impact = v1alpha1.ImpactReboot }), moves: drained},
		"not by another plan than the approved": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.managed("n1").Status.Plan.Hash = "h-new"
		})},
		"not while the group is paused":      {nodes: 2, given: waitingForDisruption(func(w *world) { w.Group.Spec.Update.Paused = true })},
		"not while the group cannot be used": {nodes: 2, given: waitingForDisruption(func(w *world) { w.Invalid = "no" })},
		"not while the cluster is paused": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}}
		})},
		"in the name of who gave leave for the drain": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 0).Spec.Drain.By = "annotation"
		}), moves: []string{"n1 may be disrupted for h-n1 by annotation"}},
		"a pause does not uncordon a node that is half changed": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 0).Status.Failure = &v1alpha1.Failure{Revision: "r1", Outcome: v1alpha1.PhaseFailed}
			w.Group.Spec.Update.Paused = true
		}), moves: []string{`n1 drain for "cordon" by coordinator`}},
		"a node that is half changed is drained anew for the next plan": {nodes: 2, given: waitingForDisruption(func(w *world) {
			m := w.drained("n1", 0)
			m.Status.Failure = &v1alpha1.Failure{Revision: "r1", Outcome: v1alpha1.PhaseFailed}
			m.Spec.Drain.Plan = cordonOnly
			m.Spec.Drain.At = metav1.NewMicroTime(start.Add(-time.Hour))
			w.node("n1").Drain.Left = 2
		}), moves: drained[:1]},
		"a node that is half changed stays cordoned when the drain for the next plan is given up": {nodes: 2, given: waitingForDisruption(func(w *world) {
			m := w.drained("n1", 2)
			m.Status.Failure = &v1alpha1.Failure{Revision: "r1", Outcome: v1alpha1.PhaseFailed}
			m.Spec.Drain.At = metav1.NewMicroTime(start.Add(-time.Hour))
		}), moves: []string{"n1 approval taken back", "n1 drain given up"}},
		"a drain is taken back when the group is paused before the leave": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 1)
			w.Group.Spec.Update.Paused = true
		}), moves: []string{"n1 drain ended", "n1 uncordoned"}},
		"a disruption under way is not": {nodes: 2, given: waitingForDisruption(func(w *world) {
			m := w.drained("n1", 0)
			m.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: "h-n1"}
			m.Status.Phase = v1alpha1.PhaseApplying
			w.Group.Spec.Update.Paused = true
		})},
		"not on a node that somebody cordoned": {nodes: 2, given: waitingForDisruption(func(w *world) { w.node("n1").Node.Spec.Unschedulable = true })},
		"on a node that somebody cordoned, where a person started it; their cordon is not marked": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.node("n1").Node.Spec.Unschedulable = true
			w.managed("n1").Spec.Approval.By = "annotation"
		}), moves: drained[:1]},
		"hostler's cordon that somebody lifts is put back": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 1)
			w.node("n1").Node.Spec.Unschedulable = false
		}), moves: []string{"n1 cordoned", "n1 evicted"}},
		"a window of updates that closed holds it": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "11:00", To: "11:59"}}
		})},
		"a drain under way is not stopped by a window that closes": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.drained("n1", 0)
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "11:00", To: "11:59"}}
		}), moves: []string{leave}},
		"a window of disruptions that is closed holds it":  {nodes: 2, given: window("22:00", "23:00", 0)},
		"what is left of the window is enough":             {nodes: 2, given: window("10:00", "12:30", 30*time.Minute), moves: drained},
		"what is left of the window is too short":          {nodes: 2, given: window("10:00", "12:30", 31*time.Minute)},
		"the first half of a window takes any":             {nodes: 2, given: window("11:00", "13:00", 10*time.Hour), moves: drained},
		"the second half of a window takes only what fits": {nodes: 2, given: window("10:59", "13:00", 10*time.Hour)},
		"a node that a person started waits for windows of disruptions": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.managed("n1").Spec.Approval.By = "annotation"
			closed(w)
		})},
		"a node that a person started does not wait for windows of updates": {nodes: 2, given: waitingForDisruption(func(w *world) {
			w.managed("n1").Spec.Approval.By = "annotation"
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}}
		}), moves: drained},
		"hostler's cordon without a drain is lifted: the coordinator was killed in between": {nodes: 2, given: func(w *world) {
			w.node("n1").Node.Spec.Unschedulable = true
			w.node("n1").Node.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
		}, moves: []string{"n1 uncordoned"}},
		"hostler's mark without a cordon is taken off": {nodes: 2, given: func(w *world) {
			w.node("n1").Node.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
		}, moves: []string{"n1 uncordoned"}},
		"somebody's cordon is never lifted": {nodes: 2, given: func(w *world) { w.node("n1").Node.Spec.Unschedulable = true }},
	})
}

func TestWhatWillBlockIsNamedBeforeTheDrainStarts(t *testing.T) {
	t.Parallel()
	const ahead = "2 pods have to go; 1 is blocked, first shop/web-1: PodDisruptionBudget shop/web allows 0 disruptions now"
	for name, c := range map[string]struct {
		mode v1alpha1.ApprovalMode
		told func([]Action) string
	}{
		"to everybody, in the Event that begins it": {v1alpha1.ApprovalAutomatic, func(actions []Action) string {
			for _, action := range actions {
				if e, ok := action.(Event); ok && e.Reason == "DrainStarted" {
					return e.Message
				}
			}
			return ""
		}},
		"to the person who has to give leave": {v1alpha1.ApprovalManual, func(actions []Action) string {
			for _, action := range actions {
				if s, ok := action.(SetRollout); ok && s.Node == "n1" {
					return s.Waiting.Message
				}
			}
			return ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			waitingForDisruption(func(w *world) {
				w.Group.Spec.Disruptions.ApprovalMode = c.mode
				w.node("n1").Ahead = ahead
			})(w)
			if got := c.told(Decide(w.Observation)); !strings.Contains(got, ahead) {
				t.Errorf("got %q, want it to say %q", got, ahead)
			}
		})
	}
}

func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	late := func(then func(w *world)) func(w *world) {
		return waitingForDisruption(func(w *world) {
			w.drained("n1", 2).Spec.Drain.At = metav1.NewMicroTime(start.Add(-10 * time.Minute))
			then(w)
		})
	}
	aborted := func(then func(w *world)) func(w *world) {
		return late(func(w *world) {
			w.upToDate("n2") // or the slot would go on to it
			w.settle()
			m := w.plans("n1", v1alpha1.ImpactDrain)
			m.Status.Plan.Staged = true
			w.node("n1").Drain = &Drain{Left: 2}
			then(w)
		})
	}
	policy := func(policy v1alpha1.DrainTimeoutPolicy) func(w *world) {
		return func(w *world) { w.Group.Spec.Disruptions.Drain.OnTimeout = policy }
	}
	runWorlds(t, map[string]worldCase{
		"Abort takes cordon and slot back": {nodes: 2, given: late(func(*world) {}), moves: []string{"n1 approval taken back", "n1 drain given up", "n1 uncordoned"}},
		"not a moment before":              {nodes: 2, given: late(func(w *world) { w.Now = w.Now.Add(-time.Microsecond) }), moves: []string{"n1 evicted"}},
		"Force deletes":                    {nodes: 2, given: late(policy(v1alpha1.DrainForce)), moves: []string{"n1 evicted by force"}},
		"Wait goes on":                     {nodes: 2, given: late(policy(v1alpha1.DrainWait)), moves: []string{"n1 evicted"}},
		"a clock that was ahead delays it by no more than the timeout": {nodes: 2, given: late(func(w *world) {
			w.managed("n1").Spec.Drain.At = metav1.NewMicroTime(start.Add(1000 * time.Hour))
		}), moves: []string{`n1 drain for "h-n1" by coordinator`, "n1 evicted"}},
		"the node does not start again at once": {nodes: 2, given: aborted(func(*world) {})},
		"another node has the slot meanwhile": {nodes: 2, given: aborted(func(w *world) { w.plans("n2", v1alpha1.ImpactRestart) }),
			moves: []string{"n2 approved for h-n2 by coordinator"}},
		"it starts again after as long": {nodes: 2, given: aborted(func(w *world) { w.Now = w.Now.Add(10 * time.Minute) }),
			moves: []string{"n1 approved for h-n1 by coordinator", "n1 drain ended"}},
		"it starts again after as long though the clock was ahead": {nodes: 2, given: aborted(func(w *world) {
			ahead := metav1.NewMicroTime(start.Add(1000 * time.Hour))
			w.managed("n1").Spec.Drain.GivenUp = &ahead
			w.settle()
			w.plans("n1", v1alpha1.ImpactDrain)
			w.Now = w.Now.Add(10 * time.Minute)
		}), moves: []string{"n1 approved for h-n1 by coordinator", "n1 drain ended"}},
		"it starts again when the pods have gone": {nodes: 2, given: aborted(func(w *world) { w.node("n1").Drain.Left = 0 }),
			moves: []string{"n1 approved for h-n1 by coordinator", "n1 drain ended"}},
		"it starts again with another plan": {nodes: 2, given: aborted(func(w *world) { w.managed("n1").Status.Plan.Hash = "h-new" }),
			moves: []string{"n1 approved for h-new by coordinator", "n1 drain ended"}},
		"it starts again when a person says so": {nodes: 2, given: aborted(func(w *world) { w.annotate("n1", approvedKey, "") }),
			moves: []string{"n1 approved for h-n1 by annotation", "n1 drain ended", "n1 loses approved"}},
	})
}

func TestDrainStatesAreDistinct(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		given  func(w *world)
		state  v1alpha1.DrainState
		since  time.Time
		shown  string
		reason Waiting
		event  []string
	}{
		"draining": {func(w *world) { w.node("n1").Drain = &Drain{Left: 3} }, v1alpha1.Draining, start.Add(-time.Minute), v1alpha1.DrainingAnnotation, WaitingDrain, nil},
		"held up by a pod that is slow": {func(w *world) {
			w.node("n1").Drain = &Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{{Namespace: "shop", Name: "db-0", Reason: "terminating since 11:00"}}}
		}, v1alpha1.Draining, start.Add(-time.Minute), v1alpha1.DrainingAnnotation, WaitingDrain, nil},
		"blocked by a budget": {func(w *world) {
			w.node("n1").Drain = &Drain{Left: 3, Blocking: []v1alpha1.BlockingPod{{Namespace: "shop", Name: "web-1", Reason: "PodDisruptionBudget web allows none"}}}
		}, v1alpha1.Draining, start.Add(-time.Minute), v1alpha1.DrainingAnnotation, WaitingBudget, nil},
		"failed": {func(w *world) { w.node("n1").Drain = &Drain{Left: 3, Failed: "pod has no controller"} },
			v1alpha1.DrainFailed, start, v1alpha1.DrainFailedAnnotation, WaitingDrainFailed, []string{"n1:DrainFailed"}},
		"drained": {func(w *world) { w.node("n1").Drain = &Drain{}; w.managed("n1").Generation++ },
			v1alpha1.Drained, start, v1alpha1.DrainedAnnotation, WaitingAgent, []string{"n1:Drained"}},
		"timed out": {func(w *world) { w.managed("n1").Spec.Drain.At = metav1.NewMicroTime(start.Add(-time.Hour)) },
			v1alpha1.DrainTimedOut, start, v1alpha1.DrainFailedAnnotation, WaitingDrainTimedOut, []string{"n1:DrainTimedOut", "n1:Uncordoned"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			waitingForDisruption(func(w *world) { w.drained("n1", 2) })(w)
			c.given(w)
			w.waits("n1", c.reason)
			actions := w.decide()
			if diff := cmp.Diff(c.event, events(actions)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			w.settle()
			got := w.managed("n1").Status.Rollout.Drain
			if got == nil || got.State != c.state || !got.Since.Time.Equal(c.since) {
				t.Errorf("got %+v, want %s since %s", got, c.state, c.since)
			}
			for _, key := range []string{v1alpha1.DrainingAnnotation, v1alpha1.DrainedAnnotation, v1alpha1.DrainFailedAnnotation} {
				if _, there := w.node("n1").Node.Annotations[key]; there != (key == c.shown) {
					t.Errorf("got %s on the Node: %t, want %s alone", key, there, c.shown)
				}
			}
		})
	}
}

func TestAPlanThatWentStale(t *testing.T) {
	t.Parallel()
	stale := func(impact v1alpha1.Impact, by string) func(w *world) {
		return waitingForDisruption(func(w *world) {
			m := w.drained("n1", 1)
			m.Spec.Drain.By = by
			m.Status.Phase, m.Status.Plan.Hash, m.Status.Plan.Impact = v1alpha1.PhaseWaitingForApproval, "h-new", impact
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}}
		})
	}
	runWorlds(t, map[string]worldCase{
		"the node keeps its slot, whatever the time, and stays drained": {nodes: 2, given: stale(v1alpha1.ImpactDrain, Coordinator),
			moves: []string{"n1 approved for h-new by coordinator", `n1 drain for "h-new" by coordinator`, "n1 evicted"}},
		"a person's leave was for the old plan": {nodes: 2, given: stale(v1alpha1.ImpactReboot, "annotation"),
			moves: []string{"n1 approved for h-new by coordinator", "n1 drain ended", "n1 uncordoned"}},
		"a plan that disrupts no more needs no drain": {nodes: 2, given: stale(v1alpha1.ImpactRestart, Coordinator),
			moves: []string{"n1 approved for h-new by coordinator", "n1 drain ended", "n1 uncordoned"}},
	})
}

// The note that a drain was given up, or began, may be lost when the order itself was written.
func TestWhatBecameOfADrainIsNotedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	waitingForDisruption(func(w *world) { w.drained("n1", 2) })(w)
	w.managed("n1").Status.Rollout.Drain = nil
	w.settle()
	if got := w.managed("n1").Status.Rollout.Drain; got == nil || got.State != v1alpha1.Draining || !got.Since.Equal(&w.managed("n1").Spec.Drain.At) {
		t.Errorf("got %+v, want Draining since the order", got)
	}
	at := metav1.NewMicroTime(start.Add(-time.Second))
	w.managed("n1").Spec.Drain.GivenUp = &at
	w.managed("n1").Spec.Approval = nil
	w.upToDate("n2")
	w.settle()
	if got := w.managed("n1").Status.Rollout.Drain; got == nil || got.State != v1alpha1.DrainTimedOut || !got.Since.Equal(&at) {
		t.Errorf("got %+v, want TimedOut since it was given up", got)
	}
}

func TestAnAgentIsGivenAMomentToAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.Revision = "r2"
	reason := func() string {
		w.settle()
		for _, c := range w.managed("n1").Status.Conditions {
			if c.Type == v1alpha1.ConditionWaiting {
				return c.Reason
			}
		}
		return ""
	}
	for _, step := range []struct {
		after time.Duration
		want  Waiting
	}{{0, AgentTold}, {patience - time.Second, AgentTold}, {patience, WaitingAgent}, {2 * patience, WaitingAgent}} {
		if w.Now = start.Add(step.after); reason() != string(step.want) {
			t.Errorf("got %s after %s, want %s", reason(), step.after, step.want)
		}
	}
	w.upToDate("n1")
	if got := reason(); got != string(NotWaiting) {
		t.Errorf("got %s when it has answered, want NotWaiting", got)
	}
}
