package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// world is a host and steps that touch it in every way.
func world(t *testing.T) (*rig, []steps.Step) {
	t.Helper()
	r := newRig(t, running("a.service"), service("b.service"), hosttest.File("/etc/a", "old"), hosttest.Sysctl("vm.swappiness", "60"))
	return r, []steps.Step{
		wantFile("files", "/etc/a", "new", restart("a.service")),
		wantFile("folders", "/etc/x/y/z", "new", op.DaemonReload{}),
		wantSysctl("sysctl", "vm.swappiness", "10"),
		wantActive("units", "b.service"),
	}
}

// nth matches the nth event.
func nth(n int) func(engine.Event) bool {
	seen := 0
	return func(engine.Event) bool { seen++; return seen == n }
}

func TestKill(t *testing.T) {
	t.Parallel()
	whole, list := world(t)
	whole.mustApply(engine.Done, list...)
	wished := whole.snapshot()

	t.Run("at any event of a run is made good by the next apply", func(t *testing.T) {
		t.Parallel()
		for n := 1; n <= len(whole.events); n++ {
			r, list := world(t)
			r.killedInApply(nth(n), list...)
			r.mustApply(engine.Done, list...)
			r.wantSnapshot(wished, fmt.Sprintf("killed at event %d and applied again", n))
			if got := r.outcomes(); got != "1 done" {
				t.Errorf("killed at event %d: got runs %q, want the one, gone on with", n, got)
			}
		}
	})

	t.Run("at any event of a run is taken back by rollback", func(t *testing.T) {
		t.Parallel()
		for n := 1; n <= len(whole.events); n++ {
			r, list := world(t)
			before := r.snapshot()
			r.killedInApply(nth(n), list...)
			if result, err := r.rollback(0); err != nil || result.Outcome != engine.RolledBack || result.Run != 1 {
				t.Errorf("killed at event %d: got %+v, %v, want run 1 rolled back", n, result, err)
			}
			r.wantSnapshot(before, fmt.Sprintf("killed at event %d and rolled back", n))
		}
	})

	t.Run("at every op in turn is made good in the end", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		for n := 1; n <= 5; n++ {
			r.killedInApply(func(e engine.Event) bool { return e.Kind == engine.OpMade && e.Index == n }, list...)
		}
		r.mustApply(engine.Done, list...)
		r.wantSnapshot(wished, "after five kills")
	})
}

func TestKillDuringUndo(t *testing.T) {
	t.Parallel()
	broken := func(t *testing.T) (*rig, []steps.Step, string) {
		r, list := world(t)
		r.host.Change(hosttest.OnJob("b.service", hosttest.JobFails("no")))
		return r, list, r.snapshot()
	}
	whole, list, _ := broken(t)
	if _, err := whole.apply(list...); !errors.Is(err, engine.ErrRolledBack) {
		t.Fatalf("got %v, want a rollback", err)
	}
	undoAt := 0
	for i, event := range whole.events {
		if event.Kind == engine.UndoBegun {
			undoAt = i + 1
		}
	}

	t.Run("is finished by the next apply, which then applies", func(t *testing.T) {
		t.Parallel()
		// Event undoAt itself comes before the journal knows of the undo.
		for n := undoAt + 1; n <= len(whole.events); n++ {
			r, list, before := broken(t)
			r.killedInApply(nth(n), list...)
			r.onEvent = func(event engine.Event) {
				if event.Kind == engine.RunEnded && event.Run == 1 {
					r.wantSnapshot(before, fmt.Sprintf("killed at event %d, at the end of the undo", n))
					r.host.Change(hosttest.OnJob("b.service", nil))
				}
			}
			r.mustApply(engine.Done, list...)
			if got := r.outcomes(); got != "1 rolled back, 2 done" {
				t.Errorf("killed at event %d: got runs %q, want the first undone and a second done", n, got)
			}
		}
	})

	t.Run("is finished although the disk is full, and noted down when it no longer is", func(t *testing.T) {
		t.Parallel()
		r, list, before := broken(t)
		r.killedInApply(nth(undoAt+1), list...)
		none, tune := 0, r.tune
		r.tune = func(e *engine.Engine) {
			e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return fullDisk{f, &none} })
		}
		r.host.Change(hosttest.OnJob("b.service", nil))
		r.killedInApply(at(engine.RunEnded, ""), list...)
		r.wantSnapshot(before, "after an undo on a full disk")
		r.tune = tune
		r.mustApply(engine.Done, list...)
		if got := r.outcomes(); got != "1 rolled back, 2 done" {
			t.Errorf("got runs %q, want the first undone and a second done", got)
		}
	})

	t.Run("is finished by rollback", func(t *testing.T) {
		t.Parallel()
		for n := undoAt; n <= len(whole.events); n++ {
			r, list, before := broken(t)
			r.killedInApply(nth(n), list...)
			if result, err := r.rollback(0); err != nil || result.Outcome != engine.RolledBack {
				t.Errorf("killed at event %d: got %+v, %v, want it rolled back", n, result, err)
			}
			r.wantSnapshot(before, fmt.Sprintf("killed at event %d and rolled back", n))
		}
	})
}

func TestRebootLoop(t *testing.T) {
	t.Parallel()
	// boot is a boot in which the machine goes down at the event.
	boot := func(r *rig, id int, when func(engine.Event) bool, list ...steps.Step) {
		r.host.Change(hosttest.BootID(fmt.Sprintf("boot-%d", id)))
		r.killedInApply(when, list...)
	}
	down := at(engine.OpBegun, "file:/etc/b")
	list := []steps.Step{wantFile("a", "/etc/a", "a", restart("a.service")), wantFile("b", "/etc/b", "b")}

	t.Run("is stopped after three boots that got nothing done", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		for id := 1; id <= 3; id++ {
			boot(r, id, down, list...)
		}
		r.host.Change(hosttest.BootID("boot-4"))
		result, err := r.apply(list...)
		wantError(t, err, nil, "run 1 got nothing done in 3 boots")
		if result.Outcome != engine.Stopped || result.Run != 1 || r.outcomes() != "1 stopped" {
			t.Errorf("got %+v and runs %q, want run 1 stopped", result, r.outcomes())
		}

		t.Run("and goes on, with what it owes, when a person applies again", func(t *testing.T) {
			r.mustApply(engine.Done, list...)
			wantJobs(t, r, "restart a.service")
			if got := r.outcomes(); got != "1 done" {
				t.Errorf("got runs %q, want the first one done", got)
			}
		})
	})

	t.Run("can be rolled back once it is stopped", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		before := r.snapshot()
		for id := 1; id <= 3; id++ {
			boot(r, id, down, list...)
		}
		r.host.Change(hosttest.BootID("boot-4"))
		_, err := r.apply(list...)
		wantError(t, err, nil, "rollback")
		if result, err := r.rollback(0); err != nil || result.Outcome != engine.RolledBack {
			t.Errorf("got %+v, %v, want it rolled back", result, err)
		}
		r.wantSnapshot(before, "after the rollback")
	})

	t.Run("is none while every boot gets something done", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		var many []steps.Step
		for id := 1; id <= 6; id++ {
			path := fmt.Sprintf("/etc/%d", id)
			many = append(many, wantFile(path, path, "x"))
		}
		for id := 1; id <= 5; id++ {
			boot(r, id, at(engine.OpBegun, fmt.Sprintf("file:/etc/%d", id+1)), many...)
		}
		r.host.Change(hosttest.BootID("boot-6"))
		r.mustApply(engine.Done, many...)
	})

	t.Run("is none when the process dies again and again in one boot", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		for range 5 {
			boot(r, 1, down, list...)
		}
		r.mustApply(engine.Done, list...)
	})

	t.Run("is stopped in an undo as well", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, service("c.service"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
		goesDown := func(event engine.Event) bool { return event.Kind == engine.OpBegun && event.Message == "undo" }
		for id := 1; id <= 3; id++ {
			boot(r, id, goesDown, wantFile("a", "/etc/a", "a"), wantActive("c", "c.service"))
		}
		r.host.Change(hosttest.BootID("boot-4"))
		result, err := r.apply(list...)
		if result.Outcome != engine.Stopped {
			t.Errorf("got %+v, %v, want it stopped", result, err)
		}
	})
}
