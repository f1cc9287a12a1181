package node

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
)

// ready is a situation in which an approved plan of an impact is to be applied.
func ready(impact steps.Impact) Situation {
	return Situation{
		Spec: &v1alpha1.ManagedNodeSpec{
			NodeGroup: "worker", Revision: "r2",
			Approval: &v1alpha1.Approval{Revision: "r2", Plan: "p2", At: minute(1)},
		},
		Limit:   steps.Reboot,
		Plan:    Plan{Hash: "p2", Impact: impact},
		Staged:  true,
		Applied: "r1",
		Repair:  Plan{Empty: true},
	}
}

func minute(m int) metav1.MicroTime {
	return metav1.NewMicroTime(time.Date(2026, 11, 21, 22, m, 0, 0, time.UTC))
}

func TestNext(t *testing.T) {
	t.Parallel()
	none := func(*Situation) {}
	leave := func(plan string, impact v1alpha1.Impact) func(*Situation) {
		return func(s *Situation) { s.Spec.Disruption = &v1alpha1.DisruptionApproval{Plan: plan, Impact: impact} }
	}
	unapproved := func(s *Situation) { s.Spec.Approval = nil }
	failed := func(outcome v1alpha1.Phase, approved metav1.MicroTime) func(*Situation) {
		return func(s *Situation) {
			s.Failure = &v1alpha1.Failure{Revision: "r2", Outcome: outcome, Approved: approved, Message: "it broke"}
		}
	}
	drifted := func(impact steps.Impact) func(*Situation) {
		return func(s *Situation) { s.Repair = Plan{Hash: "d1", Impact: impact} }
	}
	// same makes the wanted revision the one that the host has: the plan is drift.
	same := func(s *Situation) { s.Applied, s.Spec.Approval = "r2", nil }
	all := func(changes ...func(*Situation)) func(*Situation) {
		return func(s *Situation) {
			for _, change := range changes {
				change(s)
			}
		}
	}
	cases := []struct {
		name    string
		impact  steps.Impact
		change  func(*Situation)
		kind    Kind
		phase   v1alpha1.Phase
		ceiling steps.Impact
		message string // part of it
	}{
		{"an approved plan is applied, with Restart as ceiling", steps.None, none, Apply, "Applying", steps.Restart, ""},
		{"what has to be downloaded is, first", steps.Drain, func(s *Situation) { s.Staged = false }, Stage, "Staging", 0, ""},
		{"a cut-short run comes before anything else", steps.None, func(s *Situation) { s.Unfinished, s.Unheard, s.Spec = true, true, nil }, Resume, "Applying", 0, ""},
		{"nothing is done before anything was heard", steps.None, func(s *Situation) { s.Unheard = true }, LetGo, "", 0, "waiting to hear"},
		{"a node that nobody wants is let go", steps.None, func(s *Situation) { s.Spec = nil }, LetGo, "", 0, "no ManagedNode"},
		{"no revision is no wish", steps.None, func(s *Situation) { s.Spec.Revision = "" }, Rest, "Unassigned", 0, ""},
		{"a paused node rests, though approved", steps.None, func(s *Situation) { s.Spec.Paused = true }, Rest, "Paused", 0, ""},
		{"a paused node is not repaired", steps.None, all(same, func(s *Situation) { s.Spec.Paused = true }), Rest, "Paused", 0, ""},

		{"without approval it waits", steps.None, unapproved, Rest, "WaitingForApproval", 0, "plan p2 waits for approval"},
		{"an approval of another revision does not count", steps.None, func(s *Situation) { s.Spec.Approval.Revision = "r1" }, Rest, "WaitingForApproval", 0, "revision r1 was approved"},
		{"an approval of another plan does not count", steps.None, func(s *Situation) { s.Spec.Approval.Plan = "p1" }, Rest, "WaitingForApproval", 0, "plan p1 was approved, which is out of date"},
		{"an approval that was used does not count", steps.None, func(s *Situation) { s.Spent = minute(1) }, Rest, "WaitingForApproval", 0, "has been used"},
		{"an approval that may be out of date does not count", steps.None, func(s *Situation) { s.Away = true }, Rest, "WaitingForApproval", 0, "starts when"},
		{"more than the limit is not done", steps.Restart, func(s *Situation) { s.Limit = steps.Reload }, Rest, "WaitingForApproval", 0, "no more than Reload is allowed"},
		{"the limit is the ceiling", steps.None, func(s *Situation) { s.Limit = steps.None }, Apply, "Applying", steps.None, ""},

		{"Restart needs no leave to disrupt", steps.Restart, none, Apply, "Applying", steps.Restart, ""},
		{"Drain does", steps.Drain, none, Rest, "WaitingForDisruption", 0, "waits for leave to disrupt"},
		{"Reboot does", steps.Reboot, none, Rest, "WaitingForDisruption", 0, "waits for leave to disrupt"},
		{"leave for another plan does not count", steps.Drain, leave("p1", "Drain"), Rest, "WaitingForDisruption", 0, "leave to disrupt is for plan p1"},
		{"leave for less does not count", steps.Reboot, leave("p2", "Drain"), Rest, "WaitingForDisruption", 0, "Drain was approved"},
		{"leave for nonsense does not count", steps.Drain, leave("p2", "Everything"), Rest, "WaitingForDisruption", 0, "Everything was approved"},
		{"leave to drain is the ceiling", steps.Drain, leave("p2", "Drain"), Apply, "Applying", steps.Drain, ""},
		{"leave to reboot is the ceiling", steps.Drain, leave("p2", "Reboot"), Apply, "Applying", steps.Reboot, ""},
		{"leave to disrupt does not raise the ceiling of what disrupts nobody", steps.None, leave("p2", "Reboot"), Apply, "Applying", steps.Restart, ""},
		{"leave to disrupt is no approval", steps.Drain, all(unapproved, leave("p2", "Reboot")), Rest, "WaitingForApproval", 0, ""},

		{"an empty plan is adopted", steps.None, func(s *Situation) { s.Plan = Plan{Empty: true} }, Adopt, "", 0, ""},
		{"an empty plan of the applied revision is up to date", steps.None, all(same, func(s *Situation) { s.Plan = Plan{Empty: true} }), Rest, "UpToDate", 0, ""},
		{"a plan that cannot be made is said", steps.None, func(s *Situation) { s.Plan = Plan{Err: errors.New("no such package")} }, Rest, "PlanFailed", 0, "no such package"},

		{"what failed is not tried again", steps.None, failed("RolledBack", minute(1)), Rest, "RolledBack", 0, "it broke"},
		{"what failed waits where its approval was taken back", steps.None, all(failed("RolledBack", minute(1)), unapproved), Rest, "RolledBack", 0, "it broke"},
		{"what failed is tried again by a new approval", steps.None, failed("RolledBack", minute(0)), Apply, "Applying", steps.Restart, ""},
		{"a host that is half changed is left alone", steps.None, all(failed("Failed", minute(1)), drifted(steps.None)), Rest, "Failed", 0, "it broke"},
		{"a host that is half changed is left alone even with an empty plan", steps.None, all(failed("Failed", minute(1)), func(s *Situation) { s.Plan = Plan{Empty: true} }), Rest, "Failed", 0, "it broke"},
		{"a host that is half changed is tried again by a new approval", steps.None, failed("Failed", minute(0)), Apply, "Applying", steps.Restart, ""},

		{"drift that costs nothing is repaired", steps.None, same, Repair, "Applying", steps.None, ""},
		{"drift is repaired while the source is away", steps.None, all(same, func(s *Situation) { s.Away = true }), Repair, "Applying", steps.None, ""},
		{"drift that costs a reload waits", steps.Reload, same, Rest, "WaitingForApproval", 0, ""},
		{"drift that was approved is an update", steps.Restart, func(s *Situation) { s.Applied = "r2" }, Apply, "Applying", steps.Restart, ""},
		{"drift that comes back at once is not fought over", steps.None, all(same, func(s *Situation) { s.Repaired = true }), Rest, "UpToDate", 0, "something else changes the host"},
		{"a repair that failed is not tried again", steps.None, all(same, failed("RolledBack", metav1.MicroTime{})), Rest, "RolledBack", 0, "it broke"},
		{"drift of the applied revision is repaired while another waits", steps.Drain, all(unapproved, drifted(steps.None)), Repair, "Applying", steps.None, ""},
		{"drift of the applied revision is repaired while another cannot be planned", steps.None, all(drifted(steps.None), func(s *Situation) { s.Plan = Plan{Err: errors.New("x")} }), Repair, "Applying", steps.None, ""},
		{"drift of the applied revision is repaired after another failed", steps.None, all(drifted(steps.None), failed("RolledBack", minute(1))), Repair, "Applying", steps.None, ""},
		{"drift of the applied revision that costs more is left, for another is wanted", steps.None, all(unapproved, drifted(steps.Reload)), Rest, "WaitingForApproval", 0, ""},
		{"drift of the applied revision does not delay what is approved", steps.None, drifted(steps.None), Apply, "Applying", steps.Restart, ""},
		{"where nothing was applied nothing is drift", steps.None, all(unapproved, func(s *Situation) { s.Applied, s.Repair = "", Plan{} }), Rest, "WaitingForApproval", 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := ready(c.impact)
			c.change(&s)
			got := Next(s)
			if got.Kind != c.kind || got.Phase != c.phase || got.Ceiling != c.ceiling {
				t.Errorf("got act %d, phase %q, ceiling %s (%s), want %d, %q, %s", got.Kind, got.Phase, got.Ceiling, got.Message, c.kind, c.phase, c.ceiling)
			}
			if !strings.Contains(got.Message, c.message) {
				t.Errorf("got message %q, want %q in it", got.Message, c.message)
			}
			if want := map[Kind]string{Apply: "r2", Repair: s.Applied, Adopt: "r2"}[got.Kind]; got.Revision != want {
				t.Errorf("got revision %q, want %q", got.Revision, want)
			}
		})
	}
}

func TestKeyPatterns(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, key string
		want         bool
	}{
		{"file:/etc/motd", "file:/etc/motd", true},
		{"file:/etc/motd", "file:/etc/motd2", false},
		{"*", "", true},
		{"*", "sysctl:vm.swappiness", true},
		{"file:/etc/*", "file:/etc/a/b", true},
		{"file:/etc/*", "file:/etc", false},
		{"*motd", "file:/etc/motd", true},
		{"*motd", "file:/etc/motd.d", false},
		{"file:*.d/*.conf", "file:/etc/sysctl.d/90.conf", true},
		{"file:*.d/*.conf", "file:/etc/sysctl.d/90.con", false},
		{"a*a", "a", false},
		{"a*b*b", "ab", false},
		{"a*b*b", "abb", true},
		{"a**b", "ab", true},
		{"file:/etc/m?td", "file:/etc/motd", false},
		{"file:/etc/[m]otd", "file:/etc/motd", false},
	}
	for _, c := range cases {
		if got := matches(c.pattern, c.key); got != c.want {
			t.Errorf("got %v for %q and %q, want %v", got, c.pattern, c.key, c.want)
		}
	}
}
