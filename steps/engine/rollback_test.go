package engine_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// threeRuns applies three revisions, and returns the host before each.
func threeRuns(t *testing.T) (r *rig, before []string) {
	t.Helper()
	r = newRig(t, service("a.service"), hosttest.File("/etc/a", "0"))
	for n := 1; n <= 3; n++ {
		before = append(before, r.snapshot())
		r.opts.Revision = fmt.Sprintf("r%d", n)
		// The first run starts the unit, the others restart it.
		r.mustApply(engine.Done, wantActive("unit", "a.service"),
			step{"file", func(v host.View) ([]steps.Op, error) {
				unit, err := v.Unit(context.Background(), "a.service")
				if err != nil {
					return nil, err
				}
				file := wantFile("file", "/etc/a", fmt.Sprint(n))
				if unit.Active() {
					file = wantFile("file", "/etc/a", fmt.Sprint(n), restart("a.service"))
				}
				return file.Plan(context.Background(), v)
			}},
			wantFile("new", fmt.Sprintf("/etc/%d/new", n), "new"))
	}
	return r, before
}

func TestRollback(t *testing.T) {
	t.Parallel()

	t.Run("takes back the newest run, then the one before", func(t *testing.T) {
		t.Parallel()
		r, before := threeRuns(t)
		for i, want := range []int{3, 2, 1} {
			result, err := r.rollback(0)
			if err != nil || result.Outcome != engine.Done || result.Run != 4+i {
				t.Fatalf("got %+v, %v, want run %d done", result, err, 4+i)
			}
			r.wantSnapshot(before[want-1], fmt.Sprintf("after the rollback of run %d", want))
			if newest := r.history()[0]; !cmp.Equal(newest.Reverts, []int{want}) || newest.Revision != fmt.Sprintf("rollback of run %d", want) {
				t.Errorf("got %+v, want it to revert run %d", newest, want)
			}
		}
		_, err := r.rollback(0)
		wantError(t, err, []error{engine.ErrNoRun})
	})

	t.Run("takes back all runs down to one", func(t *testing.T) {
		t.Parallel()
		r, before := threeRuns(t)
		if _, err := r.rollback(1); err != nil {
			t.Fatal(err)
		}
		r.wantSnapshot(before[0], "after the rollback to run 1")
		type shown struct {
			Run, RevertedBy int
			Reverts         []int
			Outcome         engine.Outcome
		}
		var got []shown
		for _, run := range r.history() {
			got = append(got, shown{run.Number, run.RevertedBy, run.Reverts, run.Outcome})
		}
		want := []shown{{4, 0, []int{3, 2, 1}, engine.Done}, {3, 4, nil, engine.Done}, {2, 4, nil, engine.Done}, {1, 4, nil, engine.Done}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("history differs (-want +got):\n%s", diff)
		}
		_, err := r.rollback(2)
		wantError(t, err, []error{engine.ErrNoRun}, "run 2", "taken back before")
	})

	t.Run("restarts units in the order in which the run did", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"), running("b.service"))
		r.mustApply(engine.Done, wantFile("x", "/etc/x", "x", restart("b.service"), restart("a.service"), op.DaemonReload{}))
		if _, err := r.rollback(0); err != nil {
			t.Fatal(err)
		}
		wantJobs(t, r, "daemon-reload", "restart b.service", "restart a.service", "daemon-reload", "restart b.service", "restart a.service")
	})

	t.Run("has nothing to do on a host without runs", func(t *testing.T) {
		t.Parallel()
		_, err := newRig(t).rollback(0)
		wantError(t, err, []error{engine.ErrNoRun})
	})

	t.Run("refuses a run with an op that cannot be taken back, and names it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.mustApply(engine.Done, wantFile("a", "/etc/a", "a"), wantFirm("/etc/firm"))
		before := r.host.Snapshot()
		_, err := r.rollback(0)
		wantError(t, err, nil, "run 1", "firm:/etc/firm cannot be taken back")
		if r.host.Snapshot() != before || r.outcomes() != "1 done" {
			t.Errorf("got runs %q, want no other, and an untouched host", r.outcomes())
		}
	})

	t.Run("is undone itself when it fails", func(t *testing.T) {
		t.Parallel()
		r, _ := threeRuns(t)
		before := r.snapshot()
		r.host.Inject(hosttest.Fault{Method: "Remove", Subject: "/etc/1/new", Err: syscall.EROFS})
		result, err := r.rollback(1)
		wantError(t, err, []error{engine.ErrRolledBack, syscall.EROFS})
		r.wantSnapshot(before, "after a rollback that failed")
		if result.Outcome != engine.RolledBack || r.history()[1].RevertedBy != 0 {
			t.Errorf("got %+v, want a run rolled back, and run 3 to stand", result)
		}
		r.host.Heal()
		if _, err := r.rollback(1); err != nil {
			t.Errorf("trying again: %v", err)
		}
	})
}

func TestRollbackCutShort(t *testing.T) {
	t.Parallel()
	whole, _ := threeRuns(t)
	whole.events = nil
	if _, err := whole.rollback(1); err != nil {
		t.Fatal(err)
	}
	cut := func(t *testing.T, n int) (*rig, []string) {
		r, before := threeRuns(t)
		r.killed(nth(n), func() { _, _ = r.rollback(1) })
		return r, before
	}

	t.Run("is gone on with by the next rollback", func(t *testing.T) {
		t.Parallel()
		for n := 1; n <= len(whole.events); n++ {
			r, before := cut(t, n)
			if result, err := r.rollback(0); err != nil || result.Run != 4 || result.Outcome != engine.Done {
				t.Errorf("killed at event %d: got %+v, %v, want run 4 done", n, result, err)
			}
			r.wantSnapshot(before[0], fmt.Sprintf("killed at event %d and gone on with", n))
		}
	})

	t.Run("is gone on with by apply, towards the wish", func(t *testing.T) {
		t.Parallel()
		for n := 1; n <= len(whole.events); n++ {
			r, _ := cut(t, n)
			r.opts.Revision = "r9"
			list := []steps.Step{wantFile("file", "/etc/a", "9", restart("a.service")), wantActive("unit", "a.service")}
			r.mustApply(engine.Done, list...)
			if run := r.history()[0]; run.Number != 4 || run.Revision != "r9" || run.Reverts != nil {
				t.Errorf("killed at event %d: got %+v, want run 4 to be of r9 and to revert none", n, run)
			}
			r.mustApply(engine.Converged, list...)
		}
	})

	t.Run("waits for the next rollback when it is interrupted", func(t *testing.T) {
		t.Parallel()
		r, before := threeRuns(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.onEvent = func(event engine.Event) {
			if event.Kind == engine.OpEnded {
				cancel()
			}
		}
		result, err := r.engine().Rollback(ctx, 1, r.opts)
		if !errors.Is(err, engine.ErrInterrupted) || result.Outcome != engine.Interrupted {
			t.Errorf("got %+v, %v, want it interrupted", result, err)
		}
		r.onEvent = nil
		if _, err := r.rollback(0); err != nil {
			t.Fatal(err)
		}
		r.wantSnapshot(before[0], "after the rollback was gone on with")
	})
}
