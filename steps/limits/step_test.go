package limits_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/limits"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// all has each item, with what is special about it.
func all() []limits.Limit {
	return []limits.Limit{
		{Item: "nofile", Soft: 65536, Hard: limits.Unlimited}, {Item: "memlock", Soft: 64, Hard: 128}, {Item: "nproc", Soft: 4096, Hard: 4096},
		{Item: "core", Soft: 0, Hard: limits.Unlimited}, {Item: "stack", Soft: 8192, Hard: 16384}, {Item: "fsize", Soft: limits.Unlimited, Hard: limits.Unlimited},
	}
}

const (
	header   = "# Kept by hostler: it takes changes made here back.\n# Change operatingSystem.limits of the NodeGroup instead.\n"
	sessions = header + "* soft nofile 1024\n* hard nofile 4096\nroot soft nofile 1024\nroot hard nofile 4096\n"
	services = header + "[Manager]\nDefaultLimitNOFILE=1024:4096\n"
)

func files() []hosttest.Option {
	return []hosttest.Option{hosttest.File(limits.SessionFile, sessions), hosttest.File(limits.SystemFile, services), hosttest.File(limits.UserFile, services)}
}

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(version int, wish ...limits.Limit) func() steps.Step {
		return func() steps.Step { return limits.New(limits.Spec{Limits: wish, SystemdVersion: version}) }
	}
	machine := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake {
			return hosttest.New(append([]hosttest.Option{hosttest.Sysctl("fs.nr_open", "1048576")}, more...)...)
		}
	}
	files1k := limits.Limit{Item: "nofile", Soft: 1024, Hard: 4096}
	for _, c := range []steptest.Case{
		{Name: "writes each limit in the units of its reader", Step: in(252, all()...), Golden: "testdata/all.golden", Host: machine()},
		{Name: "wants nothing of a host that is so", Step: in(252, files1k), Golden: "testdata/converged.golden", Host: machine(files()...)},
		{Name: "gives an old systemd one value", Step: in(219, files1k), Golden: "testdata/old.golden", Host: machine()},
		{Name: "takes its files away when nothing is wanted", Step: in(252), Golden: "testdata/removed.golden", Host: machine(files()...)},
		{Name: "leaves files of somebody else", Step: in(252), Golden: "testdata/foreign.golden", Host: machine(hosttest.File(limits.SessionFile, "* hard nofile 1\n"))},
		{Name: "writes only the files of an image", Step: in(252, files1k), Golden: "testdata/image.golden", Host: machine(hosttest.Image())},
		{Name: "warns of what is read later", Step: in(252, files1k), Golden: "testdata/overridden.golden", Host: machine(append(files(),
			hosttest.File("/etc/security/limits.d/99-site.conf", "# * hard nofile 1\n* hard nofile 100\n@db hard nofile 100\nroot - nproc 5\n"),
			hosttest.File("/etc/security/limits.d/20-nproc.conf", "* soft nofile 100\n"),
			hosttest.File("/etc/systemd/system.conf.d/99-site.conf", "[Manager]\nDefaultLimitNOFILE=100\n"),
			hosttest.File("/usr/lib/systemd/user.conf.d/99-site.conf", "[Manager]\nDefaultLimitNOFILE=200\n"))...)},
		{Name: "warns of more open files than the kernel grants", Step: in(252, files1k), Golden: "testdata/nr-open.golden",
			Host: machine(append(files(), hosttest.Sysctl("fs.nr_open", "2048"))...)},
	} {
		steptest.Run(t, c)
	}
}

func TestRefusesLimitsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mutate func(*limits.Limit)
		want   string
	}{
		"an item that it does not know":       {func(l *limits.Limit) { l.Item = "nofiles" }, "not one of core"},
		"an item that comes twice":            {func(l *limits.Limit) { l.Item = "nproc" }, "comes twice"},
		"a soft limit above the hard one":     {func(l *limits.Limit) { l.Soft = 129 }, "soft 129 is more than hard 128"},
		"an unlimited soft limit below":       {func(l *limits.Limit) { l.Soft = limits.Unlimited }, "soft unlimited is more"},
		"less than unlimited":                 {func(l *limits.Limit) { l.Hard = -2 }, "less than -1"},
		"more bytes than fit into the kernel": {func(l *limits.Limit) { l.Hard = 1 << 60 }, "use -1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wish := []limits.Limit{{Item: "nproc", Soft: 1, Hard: 1}, {Item: "memlock", Soft: 64, Hard: 128}}
			c.mutate(&wish[1])
			_, err := limits.New(limits.Spec{Limits: wish}).Plan(t.Context(), hosttest.New())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
