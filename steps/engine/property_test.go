package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// The random hosts and wishes are about few things, so that they meet often.
var (
	paths   = []string{"/etc/a", "/etc/b", "/etc/new/c", "/etc/new/deep/d", "/etc/new/deep/e"}
	units   = []string{"a.service", "b.service", "c.service"}
	sysctls = []string{"vm.swappiness", "net.core.somaxconn"}
)

// drawRig makes a random host.
func drawRig(t *rapid.T, folder string) *rig {
	state, err := os.MkdirTemp(folder, "state-")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{fail: t.Fatalf, host: hosttest.New(), state: state, tune: hurry}
	r.opts = engine.Options{Revision: "r1", MaxImpact: steps.Reboot}
	for _, path := range paths {
		switch rapid.SampledFrom([]string{"absent", "file", "private"}).Draw(t, path) {
		case "file":
			r.host.Change(hosttest.File(path, "before"))
		case "private":
			r.host.Change(hosttest.FileWith(path, "before", host.Attr{Mode: 0o600, UID: 1}))
		}
	}
	for _, unit := range units {
		r.host.Change(service(unit))
		if rapid.Bool().Draw(t, unit+" runs") {
			r.host.Change(hosttest.Running(unit))
		}
	}
	for _, key := range sysctls {
		r.host.Change(hosttest.Sysctl(key, "1"))
	}
	r.host.Change(hosttest.Reloaded())
	return r
}

// drawSteps makes random wishes, at most one for each thing.
func drawSteps(t *rapid.T) []steps.Step {
	var list []steps.Step
	for _, path := range rapid.SliceOfDistinct(rapid.SampledFrom(paths), rapid.ID[string]).Draw(t, "paths") {
		var asks []steps.Op
		for _, unit := range rapid.SliceOfDistinct(rapid.SampledFrom(units), rapid.ID[string]).Draw(t, "restarts for "+path) {
			asks = append(asks, restart(unit))
		}
		if rapid.Bool().Draw(t, "reload for "+path) {
			asks = append(asks, op.DaemonReload{})
		}
		if rapid.Bool().Draw(t, "remove "+path) {
			list = append(list, wantNone(path, asks))
		} else {
			list = append(list, wantFile(path, path, rapid.SampledFrom([]string{"before", "after"}).Draw(t, "contents of "+path), asks...))
		}
	}
	for _, unit := range rapid.SliceOfDistinct(rapid.SampledFrom(units), rapid.ID[string]).Draw(t, "starts") {
		list = append(list, wantActive(unit, unit))
	}
	for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(sysctls), rapid.ID[string]).Draw(t, "sysctls") {
		list = append(list, wantSysctl(key, key, "2"))
	}
	return rapid.Permutation(list).Draw(t, "order")
}

func wantNone(path string, asks []steps.Op) steps.Step {
	return step{path, func(v host.View) ([]steps.Op, error) {
		remove, err := op.PlanRemove(v, path)
		if err != nil || remove == nil {
			return nil, err
		}
		return append([]steps.Op{remove}, asks...), nil
	}}
}

// drawOptional makes some steps optional.
func drawOptional(t *rapid.T, list []steps.Step) []steps.Step {
	for i, step := range list {
		if rapid.Bool().Draw(t, step.Name()+" is optional") {
			list[i] = optional{step}
		}
	}
	return list
}

// wantAsIfWithout fails unless the host is as an apply of the steps that did not
// fail makes it, in which nothing goes wrong.
func (r *rig) wantAsIfWithout(failures []engine.StepFailure, before *hosttest.Fake, list []steps.Step, when string) {
	state, err := os.MkdirTemp(r.state, "reference-")
	if err != nil {
		r.fail("%v", err)
	}
	reference := &rig{fail: r.fail, host: before, state: state, tune: hurry, opts: r.opts}
	rest := without(failures, list)
	if _, err := reference.apply(rest...); err != nil {
		r.fail("applying what did not fail to a copy: %v", err)
	}
	r.wantConverged(rest, when)
	r.wantSnapshot(reference.snapshot(), when+", beside a host that never saw the steps that failed")
}

func without(failures []engine.StepFailure, list []steps.Step) []steps.Step {
	return slices.DeleteFunc(slices.Clone(list), func(step steps.Step) bool {
		return slices.ContainsFunc(failures, func(f engine.StepFailure) bool { return f.Step == step.Name() })
	})
}

// wantConverged fails unless the host is as the steps wish.
func (r *rig) wantConverged(list []steps.Step, when string) {
	plan, err := r.engine().Plan(context.Background(), list)
	if err != nil || !plan.Converged() {
		r.fail("%s, the host is not as wished: %v, %v", when, plan, err)
	}
}

func TestAnyFailureLeavesTheHostAsWishedOrAsBefore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r, list := drawRig(t, folder), drawOptional(t, drawSteps(t))
		before, untouched := r.snapshot(), r.host.Clone()
		r.host.Inject(hosttest.Fault{Nth: rapid.IntRange(1, 12).Draw(t, "failing edit"), After: rapid.Bool().Draw(t, "after its effect"), Err: syscall.EIO})
		result, err := r.apply(list...)
		switch {
		case err == nil:
			r.wantAsIfWithout(result.Failures, untouched, list, "after an apply without an error")
		case errors.Is(err, engine.ErrRolledBack):
			r.wantSnapshot(before, "after a rollback")
		default:
			t.Fatalf("got error %v, want a rollback", err)
		}
		r.host.Heal()
		if result, err := r.apply(list...); err != nil || len(result.Failures) > 0 {
			t.Fatalf("applying again: got failures %v, error %v, want neither", result.Failures, err)
		}
		r.wantConverged(list, "after a second apply")
	})
}

func TestAnyKillsEndAsWishedOrAsBefore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r, list := drawRig(t, folder), drawOptional(t, drawSteps(t))
		before, untouched := r.snapshot(), r.host.Clone()
		if rapid.Bool().Draw(t, "with a failing unit") {
			r.host.Change(hosttest.OnJob(units[0], hosttest.JobFails("no")))
		}
		for kill := range rapid.IntRange(1, 4).Draw(t, "kills") {
			event := rapid.IntRange(1, 30).Draw(t, fmt.Sprintf("event of kill %d", kill))
			r.killedIfReached(nth(event), func() { _, _ = r.apply(list...) })
		}
		r.host.Change(hosttest.OnJob(units[0], nil))
		if rapid.Bool().Draw(t, "back") {
			for { // what the kills left may be several runs
				if _, err := r.rollback(0); errors.Is(err, engine.ErrNoRun) {
					break
				} else if err != nil {
					t.Fatalf("rollback: %v", err)
				}
			}
			r.wantSnapshot(before, "after kills and rollback")
			return
		}
		result, err := r.apply(list...)
		if err != nil {
			t.Fatalf("apply: %v", err)
		}
		if len(r.history()) > 1 { // what a run that ended left is not as it was before
			r.wantConverged(without(result.Failures, list), "after kills and apply")
			return
		}
		r.wantAsIfWithout(result.Failures, untouched, list, "after kills and apply")
	})
}
