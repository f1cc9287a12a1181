package apparmor_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/apparmor"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	unit    = "apparmor.service"
	enabled = "/sys/module/apparmor/parameters/enabled"
)

func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(
			hosttest.Attribute(enabled, "Y"),
			hosttest.UnitFile(unit, "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/lib/apparmor/apparmor.systemd reload\n[Install]\nWantedBy=sysinit.target\n"),
		)
		f.Change(more...)
		f.Change(hosttest.Reloaded())
		return f
	}
}

func on() steps.Step { return apparmor.New(apparmor.Spec{Enabled: true}) }

func TestStep(t *testing.T) {
	t.Parallel()
	for _, c := range []steptest.Case{
		{Name: "enables and starts the unit", Step: on, Host: machine(), Golden: "testdata/off.golden"},
		{Name: "frees a unit that is masked", Step: on, Host: machine(hosttest.Masked(unit)), Golden: "testdata/masked.golden"},
		{Name: "wants nothing of a converged host", Step: on, Golden: "testdata/converged.golden",
			Host: machine(hosttest.Enabled(unit), hosttest.Running(unit))},
		{Name: "only links the unit of an image", Step: on, Golden: "testdata/image.golden",
			Host: machine(hosttest.Image(), hosttest.Absent(enabled))},
		{Name: "leaves all alone when nothing is said", Golden: "testdata/converged.golden", Host: machine(hosttest.Absent(enabled)),
			Step: func() steps.Step { return apparmor.New(apparmor.Spec{}) }},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more hosttest.Option
		want string
	}{
		"a kernel that has it off": {hosttest.Attribute(enabled, "N"), "apparmor=1"},
		"a kernel without it":      {hosttest.Absent(enabled), "has no AppArmor"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := on().Plan(t.Context(), machine(c.more)())
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want a failure with %q", err, c.want)
			}
		})
	}
	t.Run("waits for the package", func(t *testing.T) {
		t.Parallel()
		ops, err := on().Plan(t.Context(), hosttest.New(hosttest.Attribute(enabled, "Y")))
		remarks, failure := steps.Split(err)
		if failure != nil || len(ops) > 0 || len(remarks) != 1 || remarks[0].Kind != steps.RemarkLater {
			t.Errorf("got %v, %v, want Later alone", ops, err)
		}
	})
}
