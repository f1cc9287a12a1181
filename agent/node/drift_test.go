package node_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestDrift(t *testing.T) {
	t.Parallel()
	// drift brings a host up to date, changes the file behind hostler's back, and lets the agent verify.
	drift := func(t *testing.T, impact v1alpha1.Impact, policy *v1alpha1.DriftSpec) *rig {
		t.Helper()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.start()
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Drift = policy })
		revision := r.revise(withFiles(impact, map[string]string{motd: "hello"}))
		waiting := r.phase(v1alpha1.PhaseWaitingForApproval)
		r.want(func(s *v1alpha1.ManagedNodeSpec) {
			s.Approval = &v1alpha1.Approval{Revision: revision, Plan: waiting.Plan.Hash, At: at(0)}
			s.Disruption = &v1alpha1.DisruptionApproval{Plan: waiting.Plan.Hash, Impact: "Reboot", At: at(0)}
		})
		r.phase(v1alpha1.PhaseUpToDate)
		r.host.Change(hosttest.File(motd, "drifted"))
		return r
	}
	seen := func(r *rig) {
		r.t.Helper()
		r.until("drift in the status", func() bool { return r.source.last().Drift != nil })
		status := r.source.last().Drift
		if diff := cmp.Diff([]string{"file:/etc/motd"}, status.Keys); diff != "" || status.Count != 1 || status.Since.IsZero() {
			r.t.Errorf("got drift %+v, want the file, and since when", status)
		}
	}

	t.Run("is repaired where it costs workloads nothing", func(t *testing.T) {
		t.Parallel()
		r := drift(t, "None", nil)
		r.until("the repair", func() bool { return r.file(motd) == "hello" })
		r.until("a status without drift", func() bool {
			s := r.source.last()
			return s.Phase == v1alpha1.PhaseUpToDate && s.Drift == nil && len(s.Runs) == 2
		})
		r.wantOutcomes("done, done")
		r.host.Change(hosttest.File(motd, "drifted again"))
		r.until("another repair", func() bool { return r.file(motd) == "hello" })
	})
	t.Run("is repaired once a look, and not fought over", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.onEvent = func(e engine.Event) {
			if e.Kind == engine.RunEnded {
				r.host.Change(hosttest.File(motd, "somebody's"))
			}
		}
		r.host.Change(hosttest.File(motd, "somebody's"))
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Approval = nil })
		r.until("giving up for now", func() bool { return strings.Contains(r.source.last().Message, "something else changes the host") })
		r.wantOutcomes("done, done")
	})
	t.Run("that costs more waits for approval like an update", func(t *testing.T) {
		t.Parallel()
		r := drift(t, "Restart", nil)
		seen(r)
		status := r.phase(v1alpha1.PhaseWaitingForApproval)
		if status.Plan.Revision != status.AppliedRevision {
			t.Errorf("got a plan for %s, want one for the applied %s", status.Plan.Revision, status.AppliedRevision)
		}
		r.looks(3)
		r.wantFile(motd, "drifted")
		r.approve(5)
		r.until("the repair", func() bool { return r.file(motd) == "hello" })
		r.phase(v1alpha1.PhaseUpToDate)
	})
	t.Run("does not use an approval twice", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.host.Change(hosttest.File(motd, "before"))
		r.start()
		r.upToDate("Restart", map[string]string{motd: "hello"})
		r.host.Change(hosttest.File(motd, "before")) // the plan is the one that was approved
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.looks(3)
		r.wantFile(motd, "before")
	})
	for name, policy := range map[string]*v1alpha1.DriftSpec{
		"with the policy Alert":                  {Policy: v1alpha1.DriftAlert},
		"with an item that alerts":               {Items: []v1alpha1.DriftItem{{Key: "file:/etc/*", Policy: v1alpha1.DriftAlert}}},
		"where the last item that fits alerts":   {Policy: v1alpha1.DriftIgnore, Items: []v1alpha1.DriftItem{{Key: "*", Policy: v1alpha1.DriftRepair}, {Key: "*motd", Policy: v1alpha1.DriftAlert}}},
		"where an item that repairs fits others": {Policy: v1alpha1.DriftAlert, Items: []v1alpha1.DriftItem{{Key: "file:/etc/hosts", Policy: v1alpha1.DriftRepair}}},
	} {
		t.Run("is reported and left "+name, func(t *testing.T) {
			t.Parallel()
			r := drift(t, "None", policy)
			seen(r)
			r.looks(4)
			r.wantFile(motd, "drifted")
			if got := r.phase(v1alpha1.PhaseUpToDate); got.Plan != nil {
				t.Errorf("got plan %+v, want none: nothing is going to be done", got.Plan)
			}
		})
	}
	t.Run("is not even reported with the policy Ignore", func(t *testing.T) {
		t.Parallel()
		r := drift(t, "None", &v1alpha1.DriftSpec{Policy: v1alpha1.DriftIgnore})
		r.looks(4)
		r.wantFile(motd, "drifted")
		if got := r.phase(v1alpha1.PhaseUpToDate); got.Drift != nil {
			t.Errorf("got drift %+v, want none", got.Drift)
		}
	})
	t.Run("of the applied revision is repaired while another one waits", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.start()
		first := r.upToDate("None", map[string]string{motd: "hello"})
		r.revise(withFiles("None", map[string]string{motd: "other"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.host.Change(hosttest.File(motd, "drifted"))
		r.until("the repair", func() bool { return r.file(motd) == "hello" })
		if got := r.phase(v1alpha1.PhaseWaitingForApproval); got.AppliedRevision != first {
			t.Errorf("got %s applied, want %s", got.AppliedRevision, first)
		}
		r.approve(3)
		r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "other")
	})
	t.Run("that cannot be repaired is not tried for ever", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.host.Inject(hosttest.Fault{Method: "WriteFile", Subject: motd, Err: syscall.EROFS})
		r.host.Change(hosttest.File(motd, "drifted"))
		r.phase(v1alpha1.PhaseRolledBack)
		r.looks(4)
		r.wantOutcomes("done, rolled back")
		r.host.Heal()
		r.approve(7)
		r.phase(v1alpha1.PhaseUpToDate)
		r.wantFile(motd, "hello")
	})
	t.Run("is left alone while the node is paused", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.config.VerifyInterval = 20 * time.Millisecond
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Paused = true })
		r.phase(v1alpha1.PhasePaused)
		r.host.Change(hosttest.File(motd, "drifted"))
		seen(r)
		r.wantFile(motd, "drifted")
	})
}

// An optional configuration that fails is reported, and keeps nothing else from being done and being done with.
func TestAnOptionalConfigurationThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.config.VerifyInterval = 20 * time.Millisecond
	r.host.Inject(hosttest.Fault{Method: "WriteFile", Subject: "/etc/broken", Err: syscall.EROFS})
	r.start()
	configuration := func(name, path string) v1alpha1.NodeGroupConfiguration {
		c := v1alpha1.NodeGroupConfiguration{}
		c.Name, c.Spec.Check, c.Spec.Apply, c.Spec.Optional, c.Spec.Impact = name, "x", path, true, "None"
		return c
	}
	r.revise(withFiles("None", map[string]string{motd: "hello"}), configuration("broken", "/etc/broken"), configuration("good", "/etc/good"))
	waiting := r.phase(v1alpha1.PhaseWaitingForApproval)
	want := []v1alpha1.ConfigurationResult{{Name: "broken", State: "Pending"}, {Name: "good", State: "Pending"}}
	if diff := cmp.Diff(want, waiting.Configurations); diff != "" {
		t.Errorf("configurations differ before (-want +got):\n%s", diff)
	}
	r.approve(1)
	done := r.phase(v1alpha1.PhaseUpToDate)
	r.wantFile(motd, "hello")
	r.wantFile("/etc/good", "made")
	if len(done.Configurations) != 2 || done.Configurations[0].State != "Failed" || done.Configurations[0].Message == "" || done.Configurations[1].State != "Satisfied" {
		t.Errorf("got %+v, want one failed, with the reason, and one satisfied", done.Configurations)
	}
	r.looks(4)
	r.phase(v1alpha1.PhaseUpToDate)
	r.wantOutcomes("done")
}
