package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// wantGaveUp fails unless exactly these steps gave up, in the result of the run and
// in its history.
func (r *rig) wantGaveUp(result engine.Result, names ...string) {
	var inResult, inHistory []string
	for _, failure := range result.Failures {
		inResult = append(inResult, failure.Step)
	}
	for _, failure := range r.history()[0].Failures {
		inHistory = append(inHistory, failure.Step)
	}
	if diff := cmp.Diff(names, inResult); diff != "" {
		r.fail("failures in the result differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(names, inHistory); diff != "" {
		r.fail("failures in the history differ (-want +got):\n%s", diff)
	}
}

// states is a run's ops as the history shows them.
func states(run engine.Run) []string {
	var out []string
	for _, op := range run.Ops {
		out = append(out, op.Step+" "+op.Key+" "+op.State)
	}
	return out
}

// crowd is a host on which the second of two ops of the optional step "extra"
// fails, among steps that do not.
func crowd(t *testing.T) (*rig, []steps.Step) {
	t.Helper()
	r := newRig(t, running("a.service"), running("b.service"), hosttest.File("/etc/extra", "old"))
	first := wantFile("extra", "/etc/extra", "new", restart("a.service"), restart("b.service"))
	return r, []steps.Step{
		wantFile("core", "/etc/core", "new", restart("a.service")),
		optional{step{"extra", func(v host.View) ([]steps.Op, error) {
			ops, err := first.Plan(t.Context(), v)
			if _, missing := v.Lstat("/no/file"); missing != nil {
				ops = append(ops, slow{Path: "/no/file"})
			}
			return ops, err
		}}},
		wantFile("late", "/etc/late", "new"),
	}
}

func TestOptionalStep(t *testing.T) {
	t.Parallel()

	t.Run("that fails is taken back alone, and its restart is not done unless others want it", func(t *testing.T) {
		t.Parallel()
		r, list := crowd(t)
		result := r.mustApply(engine.Done, list...)
		r.wantGaveUp(result, "extra")
		wantError(t, result.Failures[0].Err, nil, "slow:/no/file")
		want := []string{"core file:/etc/core done", "extra file:/etc/extra undone", "extra slow:/no/file undone", "late file:/etc/late done", "core unit:a.service done"}
		if diff := cmp.Diff(want, states(r.history()[0])); diff != "" {
			t.Errorf("ops differ (-want +got):\n%s", diff)
		}
		wantJobs(t, r, "restart a.service")
		if got := r.host.Content("/etc/extra"); got != "old" {
			t.Errorf("got contents %q, want the old ones", got)
		}
		if event := r.events[len(r.events)-1]; event.Kind != engine.RunEnded || event.Err != nil {
			t.Errorf("the last event is %+v, want the end of a run that is well", event)
		}
	})

	t.Run("that fails is tried again by the next run", func(t *testing.T) {
		t.Parallel()
		r, list := crowd(t)
		r.mustApply(engine.Done, list...)
		r.host.Change(hosttest.Dir("/no", 0o755))
		if result := r.mustApply(engine.Done, list...); result.Run != 2 || len(result.Failures) > 0 {
			t.Errorf("got %+v, want run 2 without failures", result)
		}
	})

	t.Run("that cannot be planned is a failure of the plan's, and the host counts as converged without it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list := []steps.Step{optional{says("extra", errors.New("no such program"))}}
		plan, err := r.engine().Plan(t.Context(), list)
		if err != nil || !plan.Converged() || len(plan.Failures) != 1 || plan.Failures[0].Step != "extra" {
			t.Fatalf("got %+v, %v, want a converged plan with the failure of extra", plan, err)
		}
		if hash, err := plan.Hash(); hash != "" || err != nil {
			t.Errorf("got hash %q, %v, want none", hash, err)
		}
		result := r.mustApply(engine.Converged, list...)
		if len(result.Failures) != 1 || r.outcomes() != "" {
			t.Errorf("got %+v and runs %q, want the failure and no run", result, r.outcomes())
		}
		r.wantGaveUp(r.mustApply(engine.Done, append(list, wantFile("a", "/etc/a", "a"))...), "extra")
	})

	t.Run("that is never content gives up, and so does one that fights a step that is not optional", func(t *testing.T) {
		t.Parallel()
		for name, list := range map[string][]steps.Step{
			"never content":         {wantFile("core", "/etc/x", "core"), optional{always("extra", op.File{Path: "/etc/y"})}},
			"fights before":         {optional{wantFile("extra", "/etc/x", "extra")}, wantFile("core", "/etc/x", "core")},
			"fights after":          {wantFile("core", "/etc/x", "core"), optional{wantFile("extra", "/etc/x", "extra")}},
			"waits for what is not": {wantFile("core", "/etc/x", "core"), optional{wantSysctl("extra", "no.such", "1")}},
		} {
			r := newRig(t, hosttest.File("/etc/x", "before"))
			before := r.snapshot()
			r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
			if x := r.host.Content("/etc/x"); x != "core" {
				t.Errorf("%s: got contents %q, want those of core", name, x)
			}
			if _, err := r.host.Lstat("/etc/y"); err == nil {
				t.Errorf("%s: the file of extra is there", name)
			}
			if _, err := r.rollback(0); err != nil {
				t.Errorf("%s: rollback: %v", name, err)
			}
			r.wantSnapshot(before, name+", rolled back")
		}
	})

	t.Run("whose restart fails gives up after the units of others were restarted, which are restarted again", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"), running("b.service"), hosttest.OnJob("b.service", func(f *hosttest.Fake, _ host.JobVerb) error {
			if f.Content("/etc/extra") == "new" {
				return errors.New("bad configuration")
			}
			return nil
		}))
		result := r.mustApply(engine.Done, wantFile("core", "/etc/core", "new", restart("a.service")),
			optional{wantFile("extra", "/etc/extra", "new", restart("a.service"), restart("b.service"))})
		r.wantGaveUp(result, "extra")
		wantJobs(t, r, "restart a.service", "restart b.service", "restart b.service", "restart a.service")
	})

	t.Run("whose way back does not work out says so, and the rest stands", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		result := r.mustApply(engine.Done, wantFile("core", "/etc/core", "new"),
			optional{always("extra", firm{Path: "/etc/firm"}, slow{Path: "/no/file"})})
		r.wantGaveUp(result, "extra")
		wantError(t, result.Failures[0].Err, nil, "slow:/no/file", "the way back did not work out", "firm:/etc/firm cannot be taken back")
		if got := r.history()[0].Failures[0].Error; !strings.Contains(got, "the way back did not work out") {
			t.Errorf("got %q in the history, want it to say so too", got)
		}
	})

	t.Run("goes back with the run when a step that is not optional fails", func(t *testing.T) {
		t.Parallel()
		r, list := crowd(t)
		before := r.snapshot()
		_, err := r.apply(append(list, wantSysctl("never", "no.such", "1"))...)
		wantError(t, err, []error{engine.ErrRolledBack}, "no.such")
		r.wantSnapshot(before, "after the undo")
	})

	t.Run("does not give up because the process is told to stop", func(t *testing.T) {
		t.Parallel()
		r, list := crowd(t)
		_, err := r.interrupted(at(engine.OpEnded, "file:/etc/extra"), list...)
		wantError(t, err, []error{engine.ErrInterrupted})
		if run := r.history()[0]; len(run.Failures) > 0 || run.Outcome != engine.Interrupted {
			t.Errorf("got %+v, want an interrupted run without failures", run)
		}
	})
}

func TestKillAroundAStepThatGivesUp(t *testing.T) {
	t.Parallel()
	whole, list := crowd(t)
	whole.mustApply(engine.Done, list...)
	wished := whole.snapshot()
	gaveUp := 0
	for i, event := range whole.events {
		if event.Kind == engine.StepGaveUp {
			gaveUp = i + 1
		}
	}
	for n := 1; n <= len(whole.events); n++ {
		r, list := crowd(t)
		r.killedInApply(nth(n), list...)
		if n >= gaveUp {
			// Now it would succeed; but the run was told to go on without it.
			r.host.Change(hosttest.Dir("/no", 0o755))
		}
		r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
		r.host.Change(hosttest.Absent("/no"))
		r.wantSnapshot(wished, fmt.Sprintf("killed at event %d and applied again", n))

		r, list = crowd(t)
		before := r.snapshot()
		r.killedInApply(nth(n), list...)
		if result, err := r.rollback(0); err != nil || result.Outcome != engine.RolledBack {
			t.Errorf("killed at event %d: got %+v, %v, want it rolled back", n, result, err)
		}
		r.wantSnapshot(before, fmt.Sprintf("killed at event %d and rolled back", n))
	}
}

func TestAnotherRevisionFinishesWhatAKillLeftOfAStep(t *testing.T) {
	t.Parallel()
	r, list := crowd(t)
	r.killedInApply(at(engine.StepGaveUp, ""), list...)
	r.opts.Revision = "r2"
	if result := r.mustApply(engine.Done, list[0], list[2]); len(result.Failures) > 0 || r.host.Content("/etc/extra") != "old" {
		t.Errorf("got %+v and contents %q, want the step gone from host and run", result, r.host.Content("/etc/extra"))
	}
	wantJobs(t, r, "restart a.service")
}

func TestAnotherRevisionTriesAStepAgainThatGaveUp(t *testing.T) {
	t.Parallel()
	r, list := crowd(t)
	r.killedInApply(at(engine.OpBegun, "file:/etc/late"), list...)
	r.host.Change(hosttest.Dir("/no", 0o755))
	r.opts.Revision = "r2"
	if result := r.mustApply(engine.Done, list...); len(result.Failures) > 0 || r.host.Content("/etc/extra") != "new" {
		t.Errorf("got %+v and contents %q, want no failures and the step done", result, r.host.Content("/etc/extra"))
	}
}

// A job that an optional step asked for first, and others too, stays theirs.
func TestOptionalStepSharesAJob(t *testing.T) {
	t.Parallel()
	reload := op.Job{Unit: "a.service", Verb: host.JobReload, Cost: steps.Reload, Why: "core changed"}
	// shared is a host on which the restart of b.service, that only the optional step wants, fails.
	shared := func(t *testing.T, extraAsks ...steps.Op) (*rig, []steps.Step) {
		r := newRig(t, running("a.service"), running("b.service"), running("c.service"), hosttest.OnJob("b.service", func(f *hosttest.Fake, _ host.JobVerb) error {
			if f.Content("/etc/extra") == "new" {
				return errors.New("bad configuration")
			}
			return nil
		}))
		return r, []steps.Step{
			optional{wantFile("extra", "/etc/extra", "new", extraAsks...)},
			wantFile("core", "/etc/core", "new", reload, restart("c.service")),
		}
	}

	t.Run("that was done is not undone, but done once more, and that of others is not", func(t *testing.T) {
		t.Parallel()
		r, list := shared(t, reload, restart("b.service"))
		list[0], list[1] = list[1], list[0] // b is asked for last
		r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
		wantJobs(t, r, "reload a.service", "restart c.service", "restart b.service", "restart b.service", "reload a.service")

		r, list = shared(t, reload, restart("c.service"), restart("b.service"))
		list = append(list, wantFile("other", "/etc/other", "new", restart("a.service")))
		list[0] = optional{wantFile("extra", "/etc/extra", "new", restart("a.service"), restart("b.service"))}
		r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
		wantJobs(t, r, "restart a.service", "restart b.service", "restart b.service", "restart c.service", "restart a.service")
	})

	t.Run("that is still owed is what the others asked for, also after a kill", func(t *testing.T) {
		t.Parallel()
		for _, kill := range []bool{false, true} {
			r, list := shared(t, restart("b.service"), restart("a.service"))
			if kill {
				r.killedInApply(at(engine.StepGaveUp, ""), list...)
			}
			r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
			wantJobs(t, r, "restart b.service", "restart b.service", "reload a.service", "restart c.service")
		}
	})
}

func TestOptionalStepAtTheEndOfARun(t *testing.T) {
	t.Parallel()

	t.Run("gives up when it cannot be planned any more", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		extra := wantFile("extra", "/etc/extra", "new")
		result := r.mustApply(engine.Done, optional{step{"extra", func(v host.View) ([]steps.Op, error) {
			if _, err := v.Lstat("/etc/core"); err == nil {
				return nil, errors.New("core is in the way")
			}
			return extra.Plan(t.Context(), v)
		}}}, wantFile("core", "/etc/core", "new"))
		r.wantGaveUp(result, "extra")
		if _, err := r.host.Lstat("/etc/extra"); err == nil {
			t.Error("the file of extra is there")
		}
	})

	t.Run("gives up alone when it alone is not content", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		result := r.mustApply(engine.Done, optional{wantFile("good", "/etc/good", "new")}, optional{always("extra", op.File{Path: "/etc/y"})})
		r.wantGaveUp(result, "extra")
	})

	t.Run("and after ops of others is taken back with the run exactly", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/x", "before"))
		before := r.snapshot()
		list := []steps.Step{optional{wantFile("extra", "/etc/x", "extra")}, wantFile("core", "/etc/x", "core")}
		r.killedInApply(at(engine.RunEnded, ""), list...)
		if result, err := r.rollback(0); err != nil || result.Outcome != engine.RolledBack {
			t.Errorf("got %+v, %v, want it rolled back", result, err)
		}
		r.wantSnapshot(before, "after the rollback")
	})

	t.Run("does not count against what a resumed run is allowed", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list := []steps.Step{optional{always("extra", op.File{Path: "/etc/y", Cost: steps.Drain}, slow{Path: "/no/file"})}, wantFile("core", "/etc/core", "new")}
		r.killedInApply(at(engine.StepGaveUp, ""), list...)
		r.opts.MaxImpact = steps.None
		r.wantGaveUp(r.mustApply(engine.Done, list...), "extra")
	})

	t.Run("that did nothing else leaves no run to roll back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.mustApply(engine.Done, optional{always("extra", op.File{Path: "/etc/y"}, slow{Path: "/no/file"})})
		_, err := r.rollback(0)
		wantError(t, err, []error{engine.ErrNoRun})
	})
}

func TestPlanOfAnOptionalStepThatContradictsOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, service("b.service"), running("a.service"))
	core := []steps.Op{op.Job{Unit: "a.service", Verb: host.JobReload}, op.Job{Unit: "b.service", Verb: host.JobStart}}
	contradiction := always("extra", restart("a.service"), op.Job{Unit: "b.service", Verb: host.JobStop})
	plan, err := r.engine().Plan(t.Context(), []steps.Step{always("core", core...), optional{contradiction}})
	if err != nil || len(plan.Failures) != 1 {
		t.Fatalf("got %+v, %v, want the failure of extra", plan, err)
	}
	if diff := cmp.Diff([]engine.PlannedOp{{Step: "core", Op: core[0]}, {Step: "core", Op: core[1]}}, plan.Ops); diff != "" {
		t.Errorf("ops, without those of extra (-want +got):\n%s", diff)
	}
}
