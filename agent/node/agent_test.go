package node_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const motd = "/etc/motd"

func TestAnUpdate(t *testing.T) {
	t.Parallel()
	t.Run("is planned, shown, approved, made and proven", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		revision := r.revise(withFiles("None", map[string]string{motd: "hello"}))
		shown := r.phase(v1alpha1.PhaseWaitingForApproval)
		if shown.Plan == nil || shown.Plan.Revision != revision || shown.Plan.Ops != 1 || shown.Plan.Impact != "None" {
			t.Fatalf("got plan %+v, want the one op of %s", shown.Plan, revision)
		}
		if diff := cmp.Diff([]v1alpha1.StepPlan{{Step: "files", Ops: []string{"create file:/etc/motd → 0644 root:root"}}}, shown.Plan.Steps); diff != "" {
			t.Errorf("ops differ (-want +got):\n%s", diff)
		}
		r.wantFile(motd, "")
		r.approve(1)
		done := r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "hello")
		if done.AppliedRevision != revision || done.Plan != nil || done.Failure != nil || len(done.Runs) != 1 || done.Runs[0].Outcome != "done" {
			t.Errorf("got %+v, want the revision applied in one run and nothing left", done)
		}
		if done.Facts == nil || done.Facts.Packages["kubelet"] != "1.36.3-1.1" || done.Facts.Agent != "v1" {
			t.Errorf("got facts %+v, want what the host is", done.Facts)
		}
		want := []v1alpha1.Phase{v1alpha1.PhaseWaitingForApproval, v1alpha1.PhaseStaging, v1alpha1.PhaseApplying, v1alpha1.PhaseUpToDate}
		if diff := cmp.Diff(want, r.source.phases()); diff != "" {
			t.Errorf("phases differ (-want +got):\n%s", diff)
		}
	})
	t.Run("that disrupts waits for leave to, with everything staged", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.revise(withFiles("Drain", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		waiting := r.phase(v1alpha1.PhaseWaitingForDisruption)
		if !waiting.Plan.Staged {
			t.Error("got a plan that is not staged, want it staged before the node is emptied")
		}
		leave := func(plan string, impact v1alpha1.Impact) {
			r.want(func(s *v1alpha1.ManagedNodeSpec) {
				s.Disruption = &v1alpha1.DisruptionApproval{Plan: plan, Impact: impact, At: at(2)}
			})
		}
		leave("another", "Reboot")
		r.phase(v1alpha1.PhaseWaitingForDisruption)
		r.wantFile(motd, "")
		leave(waiting.Plan.Hash, "Drain")
		r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "hello")
	})
	t.Run("waits where the plan has become another one than was approved", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.revise(withFiles("None", map[string]string{motd: "hello"}))
		first := r.phase(v1alpha1.PhaseWaitingForApproval).Plan.Hash
		r.host.Change(hosttest.File(motd, "somebody was here"))
		r.approve(1)
		again := r.phase(v1alpha1.PhaseWaitingForApproval)
		if again.Plan.Hash == first || !strings.Contains(again.Message, first) || !strings.Contains(again.Message, "out of date") {
			t.Errorf("got plan %s and %q, want the new plan, and that the approval of %s is out of date", again.Plan.Hash, again.Message, first)
		}
		r.wantFile(motd, "somebody was here")
		r.approve(2)
		r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "hello")
	})
	t.Run("needs no approval where nothing is missing", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.host.Change(hosttest.File(motd, "hello"))
		r.start()
		revision := r.revise(withFiles("None", map[string]string{motd: "hello"}))
		if got := r.phase(v1alpha1.PhaseUpToDate); got.AppliedRevision != revision {
			t.Errorf("got %q applied, want %s", got.AppliedRevision, revision)
		}
		r.wantOutcomes("")
	})
	t.Run("is left alone while the node is paused", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.revise(withFiles("None", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Paused = true })
		r.phase(v1alpha1.PhasePaused)
		r.approve(1)
		r.phase(v1alpha1.PhasePaused)
		r.wantFile(motd, "")
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Paused = false })
		r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "hello")
	})
	t.Run("is not begun where something else is wanted by then", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.revise(withFiles("Drain", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		hash := r.phase(v1alpha1.PhaseWaitingForDisruption).Plan.Hash
		// The approval is taken back while the agent looks.
		r.onPlan(func() { r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Approval, s.Disruption = nil, nil }) })
		r.want(func(s *v1alpha1.ManagedNodeSpec) {
			s.Disruption = &v1alpha1.DisruptionApproval{Plan: hash, Impact: "Drain", At: at(2)}
		})
		r.until("the wait for another approval", func() bool {
			s := r.source.last()
			return s.Phase == v1alpha1.PhaseWaitingForApproval && s.ObservedGeneration == 4
		})
		r.wantFile(motd, "")
		r.wantOutcomes("")
	})
	t.Run("that is under way is finished before the next one is looked at", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		begun, goOn := make(chan struct{}), make(chan struct{})
		r.onEvent = func(e engine.Event) {
			if e.Kind == engine.RunBegun && e.Run == 1 {
				close(begun)
				<-goOn
			}
		}
		r.start()
		first := r.revise(withFiles("None", map[string]string{motd: "first"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		<-begun
		r.revise(withFiles("None", map[string]string{motd: "second"}))
		close(goOn)
		if got := r.phase(v1alpha1.PhaseWaitingForApproval); got.AppliedRevision != first {
			t.Errorf("got %q applied, want the run of %s finished", got.AppliedRevision, first)
		}
		r.wantFile(motd, "first")
	})
}

func TestARevisionThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	t.Run("because it is not what its checksum says is not planned", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		name := r.revise(withFiles("None", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.stop()
		if err := openCache(t, r).Prune(); err != nil {
			t.Fatal(err)
		}
		forged := r.source.revisions[name]
		forged.Spec = *forged.Spec.DeepCopy()
		forged.Spec.Host.OperatingSystem.Files[0].Content = "forged"
		r.source.revisions[name] = forged
		r.start()
		if got := r.phase(v1alpha1.PhasePlanFailed); !strings.Contains(got.Message, "checksum") {
			t.Errorf("got %q, want what is wrong with the revision", got.Message)
		}
	})
	t.Run("because it cannot be fetched is tried again", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Revision = "worker-00000000" })
		r.phase(v1alpha1.PhasePlanFailed)
		r.until("a second try", func() bool { r.source.mu.Lock(); defer r.source.mu.Unlock(); return r.source.fetched > 2 })
	})
}

func TestAFailure(t *testing.T) {
	t.Parallel()
	fail := func(t *testing.T) *rig {
		t.Helper()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.host.Inject(hosttest.Fault{Method: "WriteFile", Subject: "/etc/two", Err: syscall.EROFS})
		r.start()
		r.revise(withFiles("None", map[string]string{"/etc/one": "1", "/etc/two": "2"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		return r
	}
	t.Run("is taken back, reported, and not tried again by itself", func(t *testing.T) {
		t.Parallel()
		r := fail(t)
		status := r.phase(v1alpha1.PhaseRolledBack)
		f := status.Failure
		if f == nil || f.Outcome != v1alpha1.PhaseRolledBack || f.Revision != r.source.wanted().Revision || f.Run != 1 {
			t.Fatalf("got failure %+v, want that of the revision's run", f)
		}
		if first := at(1); !f.Approved.Equal(&first) || !strings.Contains(f.Message, "read-only") || strings.Contains(f.Message, "\n") {
			t.Errorf("got %+v, want when it was approved, and why it failed on one line", f)
		}
		if status.Plan == nil {
			t.Error("got no plan, want it shown for who would approve it again")
		}
		r.wantFile("/etc/one", "")
		r.host.Heal()
		r.looks(3)
		r.restart()
		r.looks(3)
		r.wantOutcomes("rolled back")
		r.phase(v1alpha1.PhaseRolledBack)
	})
	t.Run("is tried again by a new approval", func(t *testing.T) {
		t.Parallel()
		r := fail(t)
		r.phase(v1alpha1.PhaseRolledBack)
		r.host.Heal()
		r.approve(2)
		if got := r.phase(v1alpha1.PhaseUpToDate); got.Failure != nil {
			t.Errorf("got failure %+v after a run that did not fail, want none", got.Failure)
		}
		r.wantFile("/etc/two", "2")
	})
	t.Run("does not keep another revision from being tried", func(t *testing.T) {
		t.Parallel()
		r := fail(t)
		r.phase(v1alpha1.PhaseRolledBack)
		r.revise(withFiles("None", map[string]string{"/etc/one": "1"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		r.phase(v1alpha1.PhaseUpToDate)
	})
	t.Run("that could not be taken back leaves the host alone", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.host.Inject(hosttest.Fault{Method: "WriteFile", Subject: "/etc/two", Err: syscall.EROFS})
		r.host.Inject(hosttest.Fault{Method: "Remove", Subject: "/etc/one", Err: syscall.EROFS})
		r.start()
		r.revise(withFiles("None", map[string]string{"/etc/one": "1", "/etc/two": "2"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		status := r.phase(v1alpha1.PhaseFailed)
		if status.Failure == nil || status.Failure.Outcome != v1alpha1.PhaseFailed {
			t.Fatalf("got %+v, want the failure", status.Failure)
		}
		if i := slices.IndexFunc(status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionHealthy }); i < 0 || status.Conditions[i].Status != "False" {
			t.Errorf("got %+v, want Healthy False", status.Conditions)
		}
		r.host.Heal()
		r.looks(3)
		r.wantOutcomes("failed")
		r.approve(2)
		r.phase(v1alpha1.PhaseUpToDate)
	})
}

func TestWhileTheSourceIsAway(t *testing.T) {
	t.Parallel()
	away := node.News{Away: errors.New("connection refused")}
	t.Run("drift of the last revision is repaired after a restart too", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.stop()
		r.host.Change(hosttest.File(motd, "drifted"))
		r.source.say(away)
		r.start()
		r.until("the repair", func() bool { return r.file(motd) == "hello" })
		r.until("READY=1", func() bool { return r.noted("READY=1") })
	})
	t.Run("nothing new is started, though it was approved", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.revise(withFiles("Drain", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		status := r.phase(v1alpha1.PhaseWaitingForDisruption)
		r.stop()
		r.want(func(s *v1alpha1.ManagedNodeSpec) {
			s.Disruption = &v1alpha1.DisruptionApproval{Plan: status.Plan.Hash, Impact: "Drain", At: at(2)}
		})
		back := *r.source.news
		if err := openCache(t, r).SetAssignment(back.Assignment); err != nil {
			t.Fatal(err)
		}
		r.source.say(away)
		r.start()
		r.until("rest", func() bool { return strings.Contains(r.source.last().Message, "starts when") })
		r.wantFile(motd, "")
		r.source.say(back)
		r.phase(v1alpha1.PhaseUpToDate)
	})
	t.Run("what was wanted before the agent has heard anything is no reason to act", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.stop()
		r.host.Change(hosttest.File(motd, "drifted"))
		back := r.source.news
		r.source.news = nil
		r.start()
		r.until("the first look", func() bool { return r.noted("STATUS=waiting to hear what is wanted") })
		r.wantFile(motd, "drifted")
		r.source.say(*back)
		r.until("the repair", func() bool { return r.file(motd) == "hello" })
	})
}

func TestANodeThatNobodyWants(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.config.VerifyInterval = 10 * time.Millisecond
	r.start()
	r.upToDate("None", map[string]string{motd: "hello"})
	r.source.say(node.News{})
	r.until("letting go", func() bool {
		return r.noted("STATUS=there is no ManagedNode for this node: the host is left alone")
	})
	reports := len(r.source.statuses)
	r.host.Change(hosttest.File(motd, "drifted"))
	r.restart() // the cache does not remember it either
	r.until("letting go again", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.notes) > 10
	})
	r.wantFile(motd, "drifted")
	if got := len(r.source.statuses); got != reports {
		t.Errorf("got %d reports, want none after the first %d", got, reports)
	}
	r.want(func(s *v1alpha1.ManagedNodeSpec) {
		*s = v1alpha1.ManagedNodeSpec{NodeGroup: "worker"}
	})
	if got := r.phase(v1alpha1.PhaseUnassigned); got.Phase != v1alpha1.PhaseUnassigned {
		t.Errorf("got %s, want Unassigned", got.Phase)
	}
}

func TestTheKubeletsConfigurationIsCompared(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	answers := make(chan metav1.ConditionStatus, 10)
	r.config.KubeletConfigured = func(_ context.Context, revision render.Revision) metav1.Condition {
		return metav1.Condition{Status: <-answers, Reason: "Test", Message: revision.Name}
	}
	answers <- metav1.ConditionUnknown
	r.start()
	revision := r.upToDate("None", map[string]string{motd: "hello"})
	configured := func() *metav1.Condition {
		return meta.FindStatusCondition(r.source.last().Conditions, v1alpha1.ConditionKubeletConfigured)
	}
	if got := configured(); got == nil || got.Status != metav1.ConditionUnknown || got.Message != revision {
		t.Fatalf("got %+v, want what was found for %s", got, revision)
	}
	r.stop()
	r.config.VerifyInterval = 10 * time.Millisecond
	answers <- metav1.ConditionUnknown
	answers <- metav1.ConditionTrue
	r.start()
	r.until("a second question after the first was not answered well", func() bool { return configured().Status == metav1.ConditionTrue })
	r.looks(3) // a third question would never be answered
}

func TestCompareKubelet(t *testing.T) {
	t.Parallel()
	compare := node.CompareKubelet(hosttest.New())
	var revision render.Revision
	if got := compare(t.Context(), revision); got.Status != metav1.ConditionUnknown || got.Reason != "NotManaged" {
		t.Errorf("got %+v where the kubelet is not hostler's, want it said", got)
	}
	revision.Spec.Host.KubernetesVersion = "1.36.3"
	if got := compare(t.Context(), revision); got.Status != metav1.ConditionUnknown || got.Reason != "NotThereYet" || got.Message == "" {
		t.Errorf("got %+v without a kubelet, want it said", got)
	}
}

func TestTheServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.config.Beat = 2 * time.Millisecond
	begun, goOn := make(chan struct{}), make(chan struct{})
	r.onEvent = func(e engine.Event) {
		if e.Kind == engine.RunBegun {
			close(begun)
			<-goOn
		}
	}
	r.start()
	r.revise(withFiles("None", map[string]string{motd: "hello"}))
	r.phase(v1alpha1.PhaseWaitingForApproval)
	r.until("READY=1", func() bool { return r.noted("READY=1") })
	r.approve(1)
	<-begun
	r.mu.Lock()
	r.notes = nil
	r.mu.Unlock()
	r.until("a sign of life while a run is under way", func() bool { return r.noted("WATCHDOG=1") })
	close(goOn)
	r.phase(v1alpha1.PhaseUpToDate)
	r.until("what it is at", func() bool { return r.noted("STATUS=UpToDate") })
	if !r.noted("STATUS=run 1: create file:/etc/motd") {
		t.Errorf("got %q, want the op that was made", r.notes)
	}
	r.stop()
	if !r.noted("STOPPING=1") {
		t.Error("got no STOPPING=1 at the end")
	}
}
