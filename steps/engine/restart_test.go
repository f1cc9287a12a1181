package engine_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const bootSign = "/run/reboot-required"

// boot restarts the machine that is in a boot. The fake is up again at once, so what a real process does not live to see
// is told apart by the boot id before the request.
type boot struct{ ID string }

func (o boot) Key() string                      { return "boot" }
func (boot) Impact() steps.Impact               { return steps.Reboot }
func (boot) Stage() steps.Stage                 { return steps.RestartMachine }
func (boot) Diff() steps.Diff                   { return steps.Diff{Action: "reboot", Notes: []string{"a new kernel"}} }
func (o boot) Merge(steps.Op) (steps.Op, error) { return o, nil }
func (boot) Inverse(context.Context, host.View) (steps.Op, error) {
	return nil, nil
}

func (o boot) Do(ctx context.Context, h host.Host) error {
	if now, err := h.BootID(); err != nil || now != o.ID {
		return err
	}
	if err := h.Reboot(ctx); err != nil {
		return err
	}
	return steps.ErrRestarting
}

// wantBoot wants a restart while the sign is there.
func wantBoot() steps.Step {
	return step{"reboot", func(v host.View) ([]steps.Op, error) {
		if _, err := v.Lstat(bootSign); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		id, err := v.BootID()
		return []steps.Op{boot{id}}, err
	}}
}

// stale is a host that must be restarted, and steps that also want other things of it.
func stale(t *testing.T, options ...hosttest.Option) (*rig, []steps.Step) {
	t.Helper()
	r := newRig(t, append([]hosttest.Option{running("a.service"), hosttest.File("/etc/a", "old"), hosttest.File(bootSign, "")}, options...)...)
	return r, []steps.Step{wantBoot(), wantFile("files", "/etc/a", "new", restart("a.service"))}
}

func (r *rig) reboots() (n int) {
	for _, call := range r.host.Calls() {
		if call.Method == "Reboot" {
			n++
		}
	}
	return n
}

func TestRestartOfTheMachine(t *testing.T) {
	t.Parallel()

	t.Run("comes last, leaves the run open, and is proven by the next apply", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		result, err := r.apply(list...)
		wantError(t, err, []error{engine.ErrInterrupted, steps.ErrRestarting}, "run 1, which goes on after the boot")
		if result.Outcome != engine.Restarting || result.Run != 1 {
			t.Errorf("got %+v, want run 1 restarting", result)
		}
		if got := r.outcomes(); got != "1 interrupted" {
			t.Errorf("before the boot: got runs %q, want 1 interrupted", got)
		}
		if calls := r.host.Calls(); len(calls) == 0 || calls[len(calls)-1].Method != "Reboot" {
			t.Errorf("got calls %v, want Reboot as the last one", calls)
		}
		if ops := r.history()[0].Ops; ops[len(ops)-1].State != "begun" {
			t.Errorf("before the boot: got last op %+v, want it begun: nobody knows yet", ops[len(ops)-1])
		}
		r.mustApply(engine.Done, list...)
		if got, n := r.outcomes(), r.reboots(); got != "1 done" || n != 1 {
			t.Errorf("after the boot: got runs %q and %d reboots, want 1 done and 1", got, n)
		}
	})

	t.Run("is survived by the run, wherever the process dies", func(t *testing.T) {
		t.Parallel()
		whole, list := stale(t)
		_, _ = whole.apply(list...)
		firstBoot := len(whole.events)
		whole.mustApply(engine.Done, list...)
		for n := 1; n <= len(whole.events); n++ {
			r, list := stale(t)
			die := nth(n)
			r.killedIfReached(die, func() { _, _ = r.apply(list...) })
			if n > firstBoot {
				r.killed(die, func() { _, _ = r.apply(list...) })
			}
			for range 3 {
				if _, err := r.apply(list...); err == nil {
					break
				} else if !errors.Is(err, steps.ErrRestarting) {
					t.Fatalf("killed at event %d: %v", n, err)
				}
			}
			if got, n := r.outcomes(), r.reboots(); got != "1 done" || n != 1 {
				t.Errorf("killed at event %d: got runs %q and %d reboots, want 1 done and 1", n, got, n)
			}
		}
	})

	t.Run("does not keep the run's other ops from being taken back, during the run and after it", func(t *testing.T) {
		t.Parallel()
		for name, applies := range map[string]int{"during": 1, "after": 2} {
			r, list := stale(t)
			for range applies {
				_, _ = r.apply(list...)
			}
			if _, err := r.rollback(0); err != nil {
				t.Fatalf("%s the run: rollback: %v", name, err)
			}
			if content, err := r.host.ReadFile("/etc/a"); string(content) != "old" {
				t.Errorf("%s the run: got /etc/a %q, %v, want old", name, content, err)
			}
			if n := r.reboots(); n != 1 {
				t.Errorf("%s the run: got %d reboots, want the one", name, n)
			}
		}
	})

	t.Run("is taken back past when the host is not healthy afterwards", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		r.opts.Probes = []steps.Probe{probe{"a.service", func(v host.View) error {
			if content, _ := v.ReadFile("/etc/a"); string(content) == "new" {
				return errors.New("it does not start with this file")
			}
			return steps.ErrAbsent
		}}}
		r.adjust = func(c *engine.Config) { c.HealthTimeout = 1 }
		_, _ = r.apply(list...)
		_, err := r.apply(list...)
		wantError(t, err, []error{engine.ErrRolledBack}, "it does not start")
	})

	t.Run("is not begun above the ceiling", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		r.opts.MaxImpact = steps.Drain
		_, err := r.apply(list...)
		wantError(t, err, []error{engine.ErrImpact})
		if len(r.history()) > 0 || r.reboots() > 0 {
			t.Errorf("got runs %q and %d reboots, want none", r.outcomes(), r.reboots())
		}
	})

	t.Run("waits for the next run when its reason came up in one that may not have it", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		r.host.Change(hosttest.Absent(bootSign))
		list = []steps.Step{wantFile("kernel", bootSign, ""), list[1], wantBoot()}
		r.opts.MaxImpact = steps.Restart
		result := r.mustApply(engine.Done, list...)
		if len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0].Text, "a new kernel") {
			t.Errorf("got warnings %v, want one that says what the restart is for", result.Warnings)
		}
		plan, err := r.engine().Plan(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, planned := range plan.Ops {
			keys = append(keys, planned.Op.Key())
		}
		if diff := cmp.Diff([]string{"boot"}, keys); diff != "" || r.reboots() > 0 {
			t.Errorf("the next plan differs (-want +got):\n%s(%d reboots)", diff, r.reboots())
		}
	})

	t.Run("that an optional step wants is not its failure", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		list[0] = optional{list[0]}
		_, err := r.apply(list...)
		wantError(t, err, []error{steps.ErrRestarting})
		if result := r.mustApply(engine.Done, list...); len(result.Failures) > 0 {
			t.Errorf("got failures %v, want none", result.Failures)
		}
	})

	t.Run("that is never enough is stopped by the guard against reboot loops", func(t *testing.T) {
		t.Parallel()
		r, list := stale(t)
		list[0] = step{"reboot", func(v host.View) ([]steps.Op, error) {
			id, err := v.BootID()
			return []steps.Op{boot{id}}, err
		}}
		err := steps.ErrRestarting
		for n := 0; errors.Is(err, steps.ErrRestarting) && n < 10; n++ {
			_, err = r.apply(list...)
		}
		wantError(t, err, nil, "run 1 got nothing done in 3 boots")
		if n := r.reboots(); n != 3 {
			t.Errorf("got %d reboots, want 3", n)
		}
	})
}
