package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func (r *rig) leave() (engine.Result, error) {
	return r.engine().Leave(context.Background(), r.opts)
}

func (r *rig) mustLeave(want engine.Outcome) engine.Result {
	result, err := r.leave()
	if err != nil || result.Outcome != want {
		r.fail("leave: got outcome %q, error %v; want outcome %q", result.Outcome, err, want)
	}
	return result
}

// leavePlan is what leave would do, an op a line, and what it would keep.
func (r *rig) leavePlan() (ops []string, kept []engine.Kept) {
	plan, err := r.engine().PlanLeave(context.Background())
	if err != nil {
		r.fail("planning to leave: %v", err)
	}
	for _, planned := range plan.Ops {
		ops = append(ops, planned.Step+": "+planned.Op.Diff().Action+" "+planned.Op.Key())
	}
	return ops, plan.Kept
}

// settled is the world after two runs, of which the second changed again what the first did.
func settled(t *testing.T) (r *rig, before string) {
	t.Helper()
	r, list := world(t)
	before = r.snapshot()
	r.mustApply(engine.Done, list...)
	r.opts.Revision = "r2"
	r.mustApply(engine.Done, wantFile("files", "/etc/a", "newer", restart("a.service")), wantSysctl("sysctl", "vm.swappiness", "20"), wantFile("more", "/etc/b", "b"))
	return r, before
}

func TestLeave(t *testing.T) {
	t.Parallel()

	t.Run("gives back what was there before the first run, newest first, jobs last", func(t *testing.T) {
		t.Parallel()
		r, before := settled(t)
		ops, kept := r.leavePlan()
		want := []string{
			"more: remove file:/etc/b", "sysctl: set sysctl:vm.swappiness", "folders: remove file:/etc/x/y/z", "files: restore file:/etc/a",
			"folders: daemon-reload systemd:daemon-reload", "files: restart unit:a.service", "units: stop unit:b.service",
		}
		if diff := cmp.Diff(want, ops); diff != "" || len(kept) > 0 {
			t.Errorf("plan differs (-want +got):\n%s(kept: %v)", diff, kept)
		}
		if result := r.mustLeave(engine.Done); result.Run != 3 || result.Ops != len(want) {
			t.Errorf("got %+v, want run 3 with %d ops", result, len(want))
		}
		r.wantSnapshot(before, "after leaving")
		if ops, _ := r.leavePlan(); len(ops) > 0 {
			t.Errorf("after leaving, the ledger still has %q", ops)
		}
		r.mustLeave(engine.Converged)
		if runs := r.history(); !runs[0].Leaves || runs[0].Revision != "leave" {
			t.Errorf("got newest run %+v, want one that left", runs[0])
		}
		_, err := r.rollback(0)
		wantError(t, err, []error{engine.ErrNoRun})
		_, err = r.rollback(1)
		wantError(t, err, []error{engine.ErrNoRun})
	})

	t.Run("can be begun anew, and left again", func(t *testing.T) {
		t.Parallel()
		r, before := settled(t)
		r.mustLeave(engine.Done)
		_, list := world(t)
		r.mustApply(engine.Done, list...)
		r.mustLeave(engine.Done)
		r.wantSnapshot(before, "after leaving twice")
	})

	t.Run("knows the origin when its run is long forgotten", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/a", "old"))
		before := r.snapshot()
		for n := range 25 {
			r.mustApply(engine.Done, wantFile("files", "/etc/a", fmt.Sprint(n)))
		}
		if runs := r.history(); runs[len(runs)-1].Number == 1 {
			t.Fatal("run 1 is there still, so this shows nothing")
		}
		r.mustLeave(engine.Done)
		r.wantSnapshot(before, "after leaving")
	})

	t.Run("goes on after a kill at any event", func(t *testing.T) {
		t.Parallel()
		whole, _ := settled(t)
		begun := len(whole.events)
		whole.mustLeave(engine.Done)
		for n := 1; n <= len(whole.events)-begun; n++ {
			r, before := settled(t)
			r.killed(nth(n), func() { _, _ = r.leave() })
			if _, err := r.leave(); err != nil {
				t.Fatalf("killed at event %d: %v", n, err)
			}
			r.wantSnapshot(before, fmt.Sprintf("killed at event %d and left again", n))
			if got := r.outcomes(); got != "1 done, 2 done, 3 done" {
				t.Errorf("killed at event %d: got runs %q, want the third gone on with", n, got)
			}
			if ops, _ := r.leavePlan(); len(ops) > 0 {
				t.Errorf("killed at event %d: the ledger still has %q", n, ops)
			}
		}
	})

	t.Run("is taken back by a rollback while it is under way, and by itself when it fails", func(t *testing.T) {
		t.Parallel()
		for name, end := range map[string]func(*rig){
			"killed": func(r *rig) {
				r.killed(at(engine.OpMade, "file:/etc/a"), func() { _, _ = r.leave() })
				if _, err := r.rollback(0); err != nil {
					t.Errorf("killed: rollback: %v", err)
				}
			},
			"failed": func(r *rig) {
				r.host.Inject(hosttest.Fault{Method: "UnitJob", Subject: "stop b.service", Nth: 1, Err: syscall.EIO})
				_, err := r.leave()
				wantError(t, err, []error{engine.ErrRolledBack})
			},
		} {
			r, before := settled(t)
			hostlers := r.snapshot()
			end(r)
			r.wantSnapshot(hostlers, name)
			r.host.Heal()
			r.mustLeave(engine.Done)
			r.wantSnapshot(before, name+", then left")
		}
	})

	t.Run("takes back a run that was cut short first", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		before := r.snapshot()
		r.killedInApply(at(engine.OpMade, "file:/etc/x/y/z"), list...)
		if _, err := r.leave(); err != nil {
			t.Fatal(err)
		}
		r.wantSnapshot(before, "after leaving")
	})

	t.Run("is not begun above the ceiling", func(t *testing.T) {
		t.Parallel()
		r, _ := settled(t)
		hostlers := r.snapshot()
		r.opts.MaxImpact = steps.Reload
		_, err := r.leave()
		wantError(t, err, []error{engine.ErrImpact}, "unit:a.service")
		r.wantSnapshot(hostlers, "refused")
	})

	t.Run("names what it cannot give back, and gives back the rest", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.mustApply(engine.Done, wantFirm("/etc/firm"), wantFile("files", "/etc/a", "a"))
		_, kept := r.leavePlan()
		if diff := cmp.Diff([]engine.Kept{{Step: "firm", Key: "firm:/etc/firm", Why: "it is made to last"}}, kept); diff != "" {
			t.Errorf("kept differs (-want +got):\n%s", diff)
		}
		r.mustLeave(engine.Done)
		if _, err := r.host.Lstat("/etc/a"); err == nil {
			t.Error("/etc/a is still there")
		}
	})
}

func TestOriginsForget(t *testing.T) {
	t.Parallel()
	edit := hosttest.File("/etc/a", "somebody's")

	for name, takeBack := range map[string]func(*testing.T, *rig){
		"a run that was rolled back": func(_ *testing.T, r *rig) {
			r.mustApply(engine.Done, wantFile("files", "/etc/a", "new"))
			if _, err := r.rollback(0); err != nil {
				r.fail("rollback: %v", err)
			}
		},
		"a run that failed": func(t *testing.T, r *rig) {
			_, err := r.apply(wantFile("files", "/etc/a", "new"), wantActive("units", "nobody.service"))
			wantError(t, err, []error{engine.ErrRolledBack})
		},
		"a step that gave up": func(_ *testing.T, r *rig) {
			r.mustApply(engine.Done, optional{wantFile("files", "/etc/a", "new", restart("nobody.service"))})
		},
	} {
		t.Run("what "+name+" had touched, so that a person's edit since then comes back", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, hosttest.File("/etc/a", "old"))
			takeBack(t, r)
			r.host.Change(edit)
			r.mustApply(engine.Done, wantFile("files", "/etc/a", "newer"))
			r.mustLeave(engine.Done)
			if content, err := r.host.ReadFile("/etc/a"); string(content) != "somebody's" {
				t.Errorf("got %q, %v, want what somebody wrote", content, err)
			}
		})
	}

	t.Run("nothing of an earlier run when a later one is rolled back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/a", "old"))
		r.mustApply(engine.Done, wantFile("files", "/etc/a", "new"))
		r.mustApply(engine.Done, wantFile("files", "/etc/a", "newer"))
		if _, err := r.rollback(0); err != nil {
			t.Fatal(err)
		}
		r.mustLeave(engine.Done)
		if content, err := r.host.ReadFile("/etc/a"); string(content) != "old" {
			t.Errorf("got %q, %v, want old", content, err)
		}
	})

	t.Run("half a line that a power loss left", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/a", "old"), hosttest.File("/etc/b", "old"))
		r.mustApply(engine.Done, wantFile("files", "/etc/a", "new"))
		appendTo(t, filepath.Join(r.state, "origins"), `{"key":"file:/etc/`)
		r.mustApply(engine.Done, wantFile("files", "/etc/b", "new"))
		if ops, _ := r.leavePlan(); len(ops) != 2 {
			t.Errorf("got %q, want both files", ops)
		}
	})
}

// appendTo adds text to the end of a file.
func appendTo(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
