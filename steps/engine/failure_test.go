package engine_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestFailure(t *testing.T) {
	t.Parallel()

	t.Run("of any edit gives the host back and names its cause", func(t *testing.T) {
		t.Parallel()
		whole, list := world(t)
		whole.mustApply(engine.Done, list...)
		for n := 1; n <= len(whole.host.Calls()); n++ {
			for _, after := range []bool{false, true} {
				r, list := world(t)
				before := r.snapshot()
				r.host.Inject(hosttest.Fault{Nth: n, After: after, Err: syscall.EIO})
				result, err := r.apply(list...)
				wantError(t, err, []error{engine.ErrRolledBack, syscall.EIO})
				if result.Outcome != engine.RolledBack {
					t.Errorf("edit %d fails: got outcome %q, want rolled back", n, result.Outcome)
				}
				r.wantSnapshot(before, "after a failed edit")
			}
		}
	})

	t.Run("of a unit carries the unit's last words", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		r.host.Change(hosttest.OnJob("b.service", hosttest.JobFails("bind: address in use")))
		_, err := r.apply(list...)
		var job *host.JobError
		if !errors.As(err, &job) || job.Unit != "b.service" {
			t.Errorf("got error %v, want the job of b.service", err)
		}
		wantError(t, err, []error{engine.ErrRolledBack}, "step units: unit:b.service", "bind: address in use")
	})

	t.Run("of the way back leaves one thing, undoes the others, and shows both errors", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		r.host.Change(hosttest.OnJob("b.service", hosttest.JobFails("no")))
		r.host.Inject(hosttest.Fault{Method: "Restore", Subject: "/etc/a", Err: syscall.EROFS})
		before := r.snapshot()
		result, err := r.apply(list...)
		wantError(t, err, []error{syscall.EROFS}, "unit:b.service", "the way back did not work out", "taking back file:/etc/a")
		if errors.Is(err, engine.ErrRolledBack) || result.Outcome != engine.Failed {
			t.Errorf("got outcome %q, %v; want failed, and no word of a host that is as before", result.Outcome, err)
		}
		r.wantSnapshot(strings.Replace(before, "/etc/a | old", "/etc/a | new", 1), "after half an undo")

		t.Run("and rollback takes back what is left", func(t *testing.T) {
			r.host.Heal()
			if result, err := r.rollback(0); err != nil || result.Outcome != engine.Done || result.Run != 2 {
				t.Errorf("got %+v, %v, want run 2 done", result, err)
			}
			r.wantSnapshot(before, "after the rollback")
			if runs := r.history(); runs[1].RevertedBy != 2 {
				t.Errorf("got run 1 reverted by %d, want 2", runs[1].RevertedBy)
			}
		})
	})

	t.Run("after an op that cannot be taken back names the op", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		r.host.Change(hosttest.OnJob("b.service", hosttest.JobFails("no")))
		result, err := r.apply(append([]steps.Step{wantFirm("/etc/firm")}, list...)...)
		wantError(t, err, nil, "unit:b.service", "firm:/etc/firm cannot be taken back")
		if result.Outcome != engine.Failed || r.host.Content("/etc/a") != "old" {
			t.Errorf("got outcome %q, %q; want failed, with the others taken back", result.Outcome, r.host.Content("/etc/a"))
		}
	})

	t.Run("of a plan leaves the host alone", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		before := r.host.Snapshot()
		_, err := r.apply(append(list, says("bad", errors.New("two wishes contradict")))...)
		var failed *engine.PlanError
		if !errors.As(err, &failed) || r.outcomes() != "" {
			t.Errorf("got %v and runs %q, want a plan error and none", err, r.outcomes())
		}
		if r.host.Snapshot() != before {
			t.Error("the host changed")
		}
	})
}
