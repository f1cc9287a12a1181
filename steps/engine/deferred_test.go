package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

func wantJobs(t *testing.T, r *rig, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.jobs()); diff != "" {
		t.Errorf("jobs differ (-want +got):\n%s", diff)
	}
}

// running is a packaged unit that runs.
func running(name string) hosttest.Option {
	return func(f *hosttest.Fake) { f.Change(service(name), hosttest.Running(name)) }
}

func TestDeferredOps(t *testing.T) {
	t.Parallel()

	t.Run("run once for three askers, in the order asked, after one reload", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"), running("b.service"))
		r.mustApply(engine.Done,
			wantFile("one", "/etc/1", "1", restart("b.service")),
			wantFile("two", "/etc/2", "2", restart("a.service"), op.DaemonReload{}, restart("b.service")),
			wantFile("three", "/etc/3", "3", restart("b.service"), op.DaemonReload{}))
		wantJobs(t, r, "daemon-reload", "restart b.service", "restart a.service")
	})

	t.Run("are undone after the files are back, in the order in which they ran", func(t *testing.T) {
		t.Parallel()
		var seen []string
		look := func(unit string) hosttest.Option {
			return hosttest.OnJob(unit, func(f *hosttest.Fake, verb host.JobVerb) error {
				seen = append(seen, fmt.Sprintf("%s %s with %s", verb, unit, f.Content("/etc/a")))
				return nil
			})
		}
		r := newRig(t, running("a.service"), running("b.service"), service("c.service"), hosttest.File("/etc/a", "old"),
			look("a.service"), look("b.service"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
		before := r.snapshot()
		_, err := r.apply(wantFile("files", "/etc/a", "new", restart("b.service"), restart("a.service"), op.DaemonReload{}), wantActive("c", "c.service"))
		wantError(t, err, []error{engine.ErrRolledBack})
		want := []string{
			"restart b.service with new", "restart a.service with new",
			"restart b.service with old", "restart a.service with old",
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("jobs differ (-want +got):\n%s", diff)
		}
		wantJobs(t, r, "daemon-reload", "restart b.service", "restart a.service", "start c.service",
			"daemon-reload", "restart b.service", "restart a.service", "stop c.service")
		r.wantSnapshot(before, "after the undo")
	})

	t.Run("stop a unit that the run started, also after a restart later in the run", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, service("a.service"), service("c.service"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
		before := r.snapshot()
		// The file is wanted only when the unit runs, so in the second pass.
		second := step{"second", func(v host.View) ([]steps.Op, error) {
			if unit, err := v.Unit(context.Background(), "a.service"); err != nil || !unit.Active() {
				return nil, err
			}
			asks := []steps.Op{restart("a.service"), op.Job{Unit: "c.service", Verb: host.JobStart}}
			return wantFile("second", "/etc/a", "a", asks...).Plan(context.Background(), v)
		}}
		_, err := r.apply(wantActive("first", "a.service"), second)
		wantError(t, err, []error{engine.ErrRolledBack})
		wantJobs(t, r, "start a.service", "restart a.service", "start c.service", "stop a.service", "stop c.service")
		r.wantSnapshot(before, "after the undo")
	})
}

func TestUndoStopsAUnitWhoseFileGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, service("c.service"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
	start := op.Job{Unit: "new.service", Verb: host.JobStart}
	_, err := r.apply(
		wantFile("new", "/etc/systemd/system/new.service", "[Service]\nExecStart=/bin/true\n", start, op.DaemonReload{}),
		wantActive("c", "c.service"))
	wantError(t, err, []error{engine.ErrRolledBack})
	wantJobs(t, r, "daemon-reload", "start new.service", "start c.service", "daemon-reload", "stop new.service", "stop c.service")
	if unit, err := r.host.Unit(t.Context(), "new.service"); err != nil || unit.Active() || unit.Exists() {
		t.Errorf("got %+v, %v, want the unit stopped and gone", unit, err)
	}
}

func TestWayBackOfWhatIsOwed(t *testing.T) {
	t.Parallel()
	fails := []hosttest.Option{service("c.service"), hosttest.OnJob("c.service", hosttest.JobFails("no"))}

	t.Run("knows the unit as it was before the edits that came after the ask", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, append(fails, service("a.service"), hosttest.Sysctl("vm.swappiness", "60"))...)
		before := r.snapshot()
		// As a package's scripts do, the edit starts the service on the side.
		r.onEvent = func(event engine.Event) {
			if event.Kind == engine.OpMade && event.Op.Key() == "sysctl:vm.swappiness" && event.Message == "" {
				r.host.Change(hosttest.Running("a.service"))
			}
		}
		start := op.Job{Unit: "a.service", Verb: host.JobStart}
		_, err := r.apply(
			step{"package", func(v host.View) ([]steps.Op, error) {
				ops, err := wantSysctl("package", "vm.swappiness", "10").Plan(t.Context(), v)
				return append(ops, start), err
			}},
			wantFile("later", "/etc/later", "x", start),
			wantActive("c", "c.service"))
		wantError(t, err, []error{engine.ErrRolledBack})
		r.wantSnapshot(before, "after the undo")
	})

	t.Run("is a restart when a reload was asked first and a restart later", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, append(fails, running("a.service"))...)
		reload := op.Job{Unit: "a.service", Verb: host.JobReload, Cost: steps.Reload}
		_, err := r.apply(wantFile("one", "/etc/1", "1", reload), wantFile("two", "/etc/2", "2", restart("a.service")), wantActive("c", "c.service"))
		wantError(t, err, []error{engine.ErrRolledBack})
		wantJobs(t, r, "restart a.service", "start c.service", "restart a.service", "stop c.service")
	})
}

func TestOwedRestart(t *testing.T) {
	t.Parallel()
	list := []steps.Step{wantFile("a", "/etc/a", "a", restart("a.service"))}
	cut := func(t *testing.T) *rig {
		r := newRig(t, running("a.service"))
		r.killedInApply(at(engine.OpEnded, "file:/etc/a"), list...)
		if plan, err := r.engine().Plan(t.Context(), list); err != nil || !plan.Converged() {
			t.Fatalf("got plan %v, %v; want an empty one, so that only the journal knows of the restart", plan, err)
		}
		return r
	}

	t.Run("is done by the next apply although its plan is empty", func(t *testing.T) {
		t.Parallel()
		r := cut(t)
		r.mustApply(engine.Done, list...)
		wantJobs(t, r, "restart a.service")
		r.mustApply(engine.Converged, list...)
	})

	t.Run("is not done again when it was done before the kill", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		r.killedInApply(at(engine.OpEnded, "unit:a.service"), list...)
		r.mustApply(engine.Done, list...)
		wantJobs(t, r, "restart a.service")
	})

	t.Run("is done when the revision changed meanwhile", func(t *testing.T) {
		t.Parallel()
		r := cut(t)
		r.opts.Revision = "r2"
		r.mustApply(engine.Done, list...)
		wantJobs(t, r, "restart a.service")
		if run := r.history()[0]; run.Number != 1 || run.Revision != "r2" {
			t.Errorf("got run %d of revision %s, want run 1, now of r2", run.Number, run.Revision)
		}
	})

	t.Run("is done when two kills come, before and after the revision changed", func(t *testing.T) {
		t.Parallel()
		r := cut(t)
		r.opts.Revision = "r2"
		other := wantFile("b", "/etc/b", "b")
		r.killedInApply(at(engine.OpBegun, "file:/etc/b"), other)
		r.mustApply(engine.Done, other)
		wantJobs(t, r, "restart a.service")
	})

	t.Run("is taken back with its file when the other revision fails", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"), service("c.service"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
		before := r.snapshot()
		r.killedInApply(at(engine.OpEnded, "file:/etc/a"), list...)
		r.opts.Revision = "r2"
		_, err := r.apply(wantActive("c", "c.service"))
		wantError(t, err, []error{engine.ErrRolledBack})
		r.wantSnapshot(before, "after the second revision failed")
	})

	t.Run("yields to a new revision that wants the opposite", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		r.killedInApply(at(engine.OpEnded, "file:/etc/a"), wantFile("a", "/etc/a", "a", op.Job{Unit: "a.service", Verb: host.JobStop}))
		r.opts.Revision = "r2"
		again := []steps.Step{wantFile("a", "/etc/a", "b", restart("a.service"))}
		r.killedInApply(at(engine.OpEnded, "file:/etc/a"), again...)
		r.mustApply(engine.Done, again...)
		wantJobs(t, r, "restart a.service")
	})
}
