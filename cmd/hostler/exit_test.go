package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

func TestCode(t *testing.T) {
	t.Parallel()
	rolledBack := fmt.Errorf("%w: run 1 failed", engine.ErrRolledBack)
	cases := map[string]struct {
		err  error
		want exitCode
	}{
		"nothing went wrong":                           {nil, exitDone},
		"something failed":                             {errors.New("disk"), exitFailed},
		"a step cannot be planned":                     {&engine.PlanError{}, exitFailed},
		"a signal stopped the run":                     {fmt.Errorf("%w in run 1", engine.ErrInterrupted), exitFailed},
		"the machine restarts":                         {fmt.Errorf("%w in run 1: %w", engine.ErrInterrupted, steps.ErrRestarting), exitRestarting},
		"there is no run to take back":                 {engine.ErrNoRun, exitFailed},
		"the system is an image":                       {fmt.Errorf("%w: flatcar", distros.ErrImmutable), exitFailed},
		"nothing is known of the system":               {fmt.Errorf("%w: plan9", distros.ErrNoFacts), exitFailed},
		"a flag is wrong":                              {usage("--output"), exitUsage},
		"several settings are wrong":                   {errors.Join(usage("a"), usage("b")), exitUsage},
		"the input is not valid":                       {fmt.Errorf("x: %w", &input.Error{}), exitUsage},
		"changes are pending":                          {errPending, exitPending},
		"another hostler is at work":                   {&engine.LockedError{Holder: "process 1"}, exitBlocked},
		"the impact is not allowed":                    {fmt.Errorf("%w: Reboot", engine.ErrImpact), exitBlocked},
		"the distribution is not allowed":              {fmt.Errorf("%w: kali", distros.ErrUnsupported), exitBlocked},
		"the run was taken back":                       {rolledBack, exitRolledBack},
		"the run was taken back, and stdout is closed": {errors.Join(rolledBack, errors.New("broken pipe")), exitRolledBack},
		"the run was taken back because of its impact": {fmt.Errorf("%w: %w", rolledBack, engine.ErrImpact), exitRolledBack},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := code(c.err); got != c.want {
				t.Errorf("got %d for %v, want %d", got, c.err, c.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	noBus := func(unit string) error {
		dial := fmt.Errorf("connecting to %q: %w", "/run/dbus/system_bus_socket", fs.ErrNotExist)
		direct := fmt.Errorf("connecting to %q: %w", "/run/systemd/private", fs.ErrNotExist)
		return fmt.Errorf("looking at unit %q: %w", unit, fmt.Errorf("connecting to systemd (is it running here?): %w", errors.Join(dial, direct)))
	}
	missing := func(path string) error { return fmt.Errorf("reading %q: %w", path, fs.ErrNotExist) }
	problem := input.Problem{File: "a.yaml", Line: 3, Column: 5, Path: "spec", Message: "is odd"}
	cases := map[string]struct {
		err  error
		want string
	}{
		"prints nothing when all went well":       {nil, ""},
		"prints nothing when changes are pending": {errPending, ""},
		"names the program":                       {errors.New("disk full"), "hostler: disk full\n"},
		"prints input as compilers do":            {usage("%w", &input.Error{Problems: []input.Problem{problem}}), "a.yaml:3:5: spec: is odd\n"},
		"prints a line for each step without plan": {&engine.PlanError{Failures: []engine.StepFailure{{Step: "files", Err: missing("/a")}, {Step: "cni", Err: errors.Join(missing("/b"), errors.New("no subnet"))}}}, `hostler: there is no plan:
  step files: reading "/a": file does not exist
  step cni: reading "/b": file does not exist
  step cni: no subnet
`},
		"tells a cause in common once, with its steps": {&engine.PlanError{Failures: []engine.StepFailure{
			{Step: "swap", Err: noBus("swap.target")},
			{Step: "units", Err: errors.Join(noBus("a.service"), missing("/c"), noBus("b.service"))},
			{Step: "cri/containerd", Err: errors.Join(noBus("containerd.service"))},
		}}, `hostler: there is no plan:
  steps swap, units, cri/containerd: connecting to systemd (is it running here?): connecting to "/run/dbus/system_bus_socket": file does not exist
      connecting to "/run/systemd/private": file does not exist
  step units: reading "/c": file does not exist
`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			report(&got, c.err)
			if diff := cmp.Diff(c.want, got.String()); diff != "" {
				t.Errorf("report differs (-want +got):\n%s", diff)
			}
		})
	}
}
