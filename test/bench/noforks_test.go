package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// forkless is a host on which nothing can be run: a View has two methods that
// start a process, and both fail here.
type forkless struct{ *hosttest.Fake }

var errRuns = errors.New("a process would be started")

func (forkless) Query(context.Context, host.Command) (host.Output, error) {
	return host.Output{}, errRuns
}

func (forkless) UnitLog(context.Context, string, int) ([]string, error) { return nil, errRuns }

// The NodeGroup that is measured, on a host in memory: once the host is as it
// says, a plan starts nothing. On the real machine BenchmarkPlan reports the
// children that it had, and make bench refuses any.
func TestConvergedPlanStartsNoProcess(t *testing.T) {
	t.Parallel()
	fake, list := bareDebian(), catalog(t)
	codec, err := agent.Codec()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{Host: fake, Codec: codec, StateDir: t.TempDir(), Settle: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.MakePlan(t.Context(), forkless{fake}, list); !errors.Is(err, errRuns) {
		t.Fatalf("planning for the bare host: got error %v, want %v, since apt must be asked: the test would see nothing", err, errRuns)
	}
	if _, err := e.Apply(t.Context(), list, engine.Options{MaxImpact: steps.Reboot}); err != nil {
		t.Fatal(err)
	}
	plan, err := engine.MakePlan(t.Context(), forkless{fake}, list)
	if err != nil {
		t.Fatalf("planning for the converged host: %v", err)
	}
	if !plan.Converged() {
		t.Errorf("the host is not converged: %d ops, waits %v", len(plan.Ops), plan.Waits)
	}
}

// versionsInMemory are those that the host in memory offers.
var versionsInMemory = map[string]string{
	"conntrack": "1:1.4.7-1+b2", "containerd": "1.6.20~ds1-1+deb12u3", "ethtool": "1:6.1-1", "socat": "1.7.4.4-2",
}

func catalog(t *testing.T) []steps.Step {
	t.Helper()
	example, err := os.ReadFile("../../examples/worker.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{versions: versionsInMemory}
	group, err := bed.Fit(example, cluster.Repository{}, withoutKubernetes, m.withPackages)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/worker.yaml"
	if err := os.WriteFile(path, []byte(group), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, err := input.ReadFiles([]string{path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	if err != nil {
		t.Fatal(err)
	}
	detected, err := distros.Detect(bareDebian())
	if err != nil {
		t.Fatal(err)
	}
	release, err := detected.Require(false)
	if err != nil {
		t.Fatal(err)
	}
	list, err := agent.Catalog(&revision.Spec, agent.Machine{Release: release, Distro: detected.Distro, NodeName: "worker-1"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const osRelease = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
ID=debian
VERSION_ID="12"
VERSION_CODENAME=bookworm
`

// bareDebian is a host before hostler, with what the example touches.
func bareDebian() *hosttest.Fake {
	timer := "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n"
	offer := apttest.Repository{}
	for name, version := range versionsInMemory {
		p := apttest.Package{Name: name, Version: version}
		if name == "containerd" {
			p.Files = map[string]string{
				"/usr/lib/systemd/system/containerd.service": "[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n",
			}
		}
		offer.Packages = append(offer.Packages, p)
	}
	return hosttest.New(
		hosttest.File("/etc/os-release", osRelease),
		hosttest.File("/etc/motd", "welcome\n"),
		hosttest.File("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
		hosttest.Sysctl("kernel.osrelease", "6.1.0-28-amd64"),
		hosttest.Dir("/run/systemd/system", 0o755),
		hosttest.Module("overlay", hosttest.Builtin),
		hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "0")),
		hosttest.Sysctl("net.ipv4.ip_forward", "0"),
		hosttest.Sysctl("net.ipv4.ip_local_reserved_ports", ""),
		hosttest.UnitFile("swap.target", "[Unit]\n"),
		hosttest.UnitFile("systemd-journald.service", "[Service]\nExecStart=/usr/lib/systemd/systemd-journald\n"),
		hosttest.Running("systemd-journald.service"),
		hosttest.UnitFile("apt-daily.timer", timer), hosttest.Enabled("apt-daily.timer"), hosttest.Running("apt-daily.timer"),
		hosttest.UnitFile("apt-daily-upgrade.timer", timer), hosttest.Enabled("apt-daily-upgrade.timer"), hosttest.Running("apt-daily-upgrade.timer"),
		hosttest.UnitFile("systemd-tmpfiles-clean.timer", "[Timer]\nOnBootSec=15min\n"), hosttest.Running("systemd-tmpfiles-clean.timer"),
		apttest.Debian(nil, offer),
	)
}
