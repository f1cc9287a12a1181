package autoupdates_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/autoupdates"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	timer   = "[Timer]\n[Install]\nWantedBy=timers.target\n"
	oneshot = "[Service]\nType=oneshot\n"
	service = "[Service]\n[Install]\nWantedBy=multi-user.target\n"
	ours    = `# Kept by hostler: it takes changes made here back.
# Change operatingSystem.unattendedUpgrades of the NodeGroup instead.
APT::Periodic::Enable "0";
APT::Periodic::Update-Package-Lists "0";
APT::Periodic::Download-Upgradeable-Packages "0";
APT::Periodic::Unattended-Upgrade "0";
`
)

// machine is Debian as it is installed.
func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		return hosttest.New(append([]hosttest.Option{
			hosttest.File("/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n"),
			hosttest.UnitFile("apt-daily.timer", timer), hosttest.Enabled("apt-daily.timer"), hosttest.Running("apt-daily.timer"),
			hosttest.UnitFile("apt-daily.service", oneshot),
			hosttest.UnitFile("unattended-upgrades.service", service), hosttest.Enabled("unattended-upgrades.service"), hosttest.Running("unattended-upgrades.service"),
		}, more...)...)
	}
}

func debian(mode autoupdates.Mode) autoupdates.Spec {
	return autoupdates.Spec{Mode: mode, AptPeriodic: true, Units: []string{
		"unattended-upgrades.service", "apt-daily.service", "apt-daily.timer", "apt-daily-upgrade.timer", "packagekit.service",
	}}
}

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(spec autoupdates.Spec) func() steps.Step {
		return func() steps.Step { return autoupdates.New(spec) }
	}
	off := in(debian(autoupdates.Disabled))
	yum := autoupdates.Spec{Mode: autoupdates.Disabled, Units: []string{"yum-cron.service"}}
	for _, c := range []steptest.Case{
		{Name: "switches off what Debian has, timers first", Step: off, Golden: "testdata/debian.golden", Host: machine()},
		{Name: "wants nothing of a host that is so", Step: off, Golden: "testdata/converged.golden", Host: func() *hosttest.Fake {
			return hosttest.New(hosttest.File(autoupdates.File, ours), hosttest.UnitFile("apt-daily.timer", timer), hosttest.Masked("apt-daily.timer"))
		}},
		{Name: "leaves a service alone that holds the package lock", Step: off, Golden: "testdata/locked.golden",
			Host: machine(hosttest.Locked("/var/lib/dpkg/lock", host.Process{PID: 4711, Command: "dpkg"}))},
		{Name: "disables a timer that somebody wrote into etc", Step: off, Golden: "testdata/own-timer.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.File(autoupdates.File, ours), hosttest.File("/etc/systemd/system/apt-daily.timer", timer), hosttest.Enabled("apt-daily.timer"), hosttest.Running("apt-daily.timer"))
			}},
		{Name: "warns of a later apt file that switches it on", Step: off, Golden: "testdata/overridden.golden", Host: func() *hosttest.Fake {
			return hosttest.New(hosttest.File(autoupdates.File, ours),
				hosttest.File("/etc/apt/apt.conf", "apt::periodic::unattended-upgrade 1;\n"),
				hosttest.File("/etc/apt/apt.conf.d/99site", "APT::Periodic::Unattended-Upgrade \"0\";\n  APT::Periodic::Enable \"1\";\n// APT::Periodic::Enable \"1\";\n"),
				hosttest.File("/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n"))
		}},
		{Name: "writes no apt file where there is no apt", Step: in(yum), Golden: "testdata/yum.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.UnitFile("yum-cron.service", service), hosttest.Enabled("yum-cron.service"), hosttest.Running("yum-cron.service"))
			}},
		{Name: "changes only the files of an image", Step: off, Golden: "testdata/image.golden", Host: machine(hosttest.Image())},
		{Name: "takes its file away when nothing is wanted", Step: in(debian(autoupdates.Unmanaged)), Golden: "testdata/removed.golden",
			Host: machine(hosttest.File(autoupdates.File, ours), hosttest.Masked("apt-daily.timer"))},
		{Name: "leaves a file of somebody else", Step: in(debian("")), Golden: "testdata/foreign.golden", Host: machine(hosttest.File(autoupdates.File, "// mine\n"))},
	} {
		steptest.Run(t, c)
	}
}

// atWork is a host whose daily job is running.
type atWork struct{ *hosttest.Fake }

func (h atWork) Unit(ctx context.Context, name string) (host.Unit, error) {
	unit, err := h.Fake.Unit(ctx, name)
	if name == "apt-daily.service" {
		unit.ActiveState = "activating"
	}
	return unit, err
}

func TestPlanLeavesAJobAtWork(t *testing.T) {
	t.Parallel()
	ops, err := autoupdates.New(debian(autoupdates.Disabled)).Plan(t.Context(), atWork{machine()()})
	remarks, failure := steps.Split(err)
	if failure != nil || len(remarks) != 1 || !strings.HasPrefix(remarks[0].Text, "apt-daily.service is at work") {
		t.Errorf("got %v, want a warning about apt-daily.service", err)
	}
	var keys []string
	for _, o := range ops {
		keys = append(keys, o.Diff().Action+" "+o.Key())
	}
	plan := strings.Join(keys, "\n")
	if !strings.Contains(plan, "mask unit-file:apt-daily.timer") || strings.Contains(plan, "apt-daily.service") {
		t.Errorf("got plan\n%s\nwant the timer masked and apt-daily.service left alone", plan)
	}
}

func TestPlanRefusesAnUnknownMode(t *testing.T) {
	t.Parallel()
	if _, err := autoupdates.New(autoupdates.Spec{Mode: "off"}).Plan(t.Context(), machine()()); err == nil || !strings.Contains(err.Error(), `"off"`) {
		t.Errorf("got %v, want an error that names the mode", err)
	}
}
