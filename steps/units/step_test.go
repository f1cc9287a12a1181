package units_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/units"
)

const (
	service = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
	static  = "[Service]\nExecStart=/bin/true\n"
)

// machine has services in all states. On Debian, sshd is an alias of ssh.
func machine(more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{
		hosttest.UnitFile("chrony.service", service),
		hosttest.UnitFile("apt-daily.timer", "[Timer]\n[Install]\nWantedBy=timers.target\n"), hosttest.Enabled("apt-daily.timer"), hosttest.Running("apt-daily.timer"),
		hosttest.UnitFile("ssh.service", service+"Alias=sshd.service\n"), hosttest.Enabled("ssh.service"), hosttest.Running("ssh.service"),
		hosttest.UnitFile("getty@.service", "[Service]\n[Install]\nWantedBy=getty.target\n"), hosttest.Running("getty@tty1.service"), hosttest.Inactive("getty@tty2.service"),
		hosttest.UnitFile("static.service", static),
	}, more...)...)
}

func is(value bool) *bool { return &value }

var (
	everything = []units.Unit{
		{Name: "chrony.service", Enabled: is(true), State: units.Started, DropIns: []units.DropIn{{Name: "10-site.conf", Content: []byte("[Service]\nNice=-5\n")}}},
		{Name: "apt-daily.timer", State: units.Stopped, Masked: true},
		{Name: "sshd.service", Enabled: is(true), DropIns: []units.DropIn{{Name: "site.conf", Content: []byte("[Service]\nNice=1\n")}}},
		{Name: "getty@.service", DropIns: []units.DropIn{{Name: "site.conf", Content: []byte("[Service]\nNice=2\n")}}},
		{Name: "getty@tty2.service", Enabled: is(true), State: units.Started},
		{Name: "static.service", Enabled: is(true)},
		{Name: "firewalld.service", Enabled: is(false), State: units.Stopped},
	}
	done = []hosttest.Option{
		hosttest.File("/etc/systemd/system/chrony.service.d/10-site.conf", "[Service]\nNice=-5\n"),
		hosttest.File("/etc/systemd/system/ssh.service.d/site.conf", "[Service]\nNice=1\n"),
		hosttest.File("/etc/systemd/system/getty@.service.d/site.conf", "[Service]\nNice=2\n"),
		hosttest.Enabled("chrony.service"), hosttest.Masked("apt-daily.timer"), hosttest.Enabled("getty@tty2.service"),
		hosttest.Reloaded(), hosttest.Running("chrony.service"), hosttest.Running("getty@tty2.service"), hosttest.Inactive("apt-daily.timer"),
	}
)

func TestStep(t *testing.T) {
	t.Parallel()
	of := func(list ...units.Unit) func() steps.Step {
		return func() steps.Step { return units.New(units.Spec{Units: list}) }
	}
	on := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return machine(more...) }
	}
	after := func(more ...hosttest.Option) func() *hosttest.Fake {
		return on(append(append([]hosttest.Option{}, done...), more...)...)
	}
	for _, c := range []steptest.Case{
		{Name: "does everything on a bare host", Step: of(everything...), Golden: "testdata/bare.golden", Host: on()},
		{Name: "wants nothing of a converged host", Step: of(everything...), Golden: "testdata/converged.golden", Host: after()},
		{Name: "enables what somebody disabled, without a restart", Step: of(everything...), Golden: "testdata/disabled.golden",
			Host: after(hosttest.Absent("/etc/systemd/system/multi-user.target.wants/chrony.service"))},
		{Name: "starts what somebody stopped", Step: of(everything...), Golden: "testdata/stopped.golden", Host: after(hosttest.Inactive("chrony.service"))},
		{Name: "restarts only the unit whose drop-in changed", Step: of(everything...), Golden: "testdata/drop-in.golden",
			Host: after(hosttest.File("/etc/systemd/system/ssh.service.d/site.conf", "[Service]\nNice=9\n"), hosttest.Reloaded())},
		{Name: "restarts nothing for the mode of a drop-in", Step: of(everything...), Golden: "testdata/drop-in-mode.golden",
			Host: after(hosttest.FileWith("/etc/systemd/system/ssh.service.d/site.conf", "[Service]\nNice=1\n", host.Attr{Mode: 0o600}), hosttest.Reloaded())},
		{Name: "restarts nothing that does not run", Step: of(units.Unit{Name: "chrony.service", DropIns: everything[0].DropIns}), Golden: "testdata/not-running.golden", Host: on()},
		{Name: "unmasks what is to be enabled", Step: of(units.Unit{Name: "chrony.service", Enabled: is(true)}), Golden: "testdata/unmask-enabled.golden",
			Host: on(hosttest.Masked("chrony.service"), hosttest.Reloaded())},
		{Name: "unmasks what is to be started", Step: of(units.Unit{Name: "chrony.service", State: units.Started}), Golden: "testdata/unmask-started.golden",
			Host: on(hosttest.Masked("chrony.service"), hosttest.Reloaded())},
		{Name: "unmasks what was enabled under the mask", Step: of(units.Unit{Name: "ssh.service", State: units.Started}), Golden: "testdata/unmask-linked.golden",
			Host: on(hosttest.Inactive("ssh.service"), hosttest.Masked("ssh.service"), hosttest.Reloaded())},
		{Name: "leaves a mask on what is to be disabled", Step: of(units.Unit{Name: "chrony.service", Enabled: is(false), State: units.Stopped}), Golden: "testdata/converged.golden",
			Host: on(hosttest.Masked("chrony.service"), hosttest.Reloaded())},
		{Name: "stops what it masks", Step: of(units.Unit{Name: "chrony.service", Masked: true}), Golden: "testdata/mask-running.golden",
			Host: on(hosttest.Running("chrony.service"))},
		{Name: "masks what is not there", Step: of(units.Unit{Name: "later.service", Masked: true}), Golden: "testdata/mask-absent.golden", Host: on()},
		{Name: "disables and stops", Step: of(units.Unit{Name: "ssh.service", Enabled: is(false), State: units.Stopped}), Golden: "testdata/disable.golden",
			Host: on()},
		{Name: "touches only files in an image", Step: of(everything...), Golden: "testdata/image.golden", Host: on(hosttest.Image())},
		{Name: "wants nothing without units", Step: of(), Golden: "testdata/converged.golden", Host: on()},
	} {
		steptest.Run(t, c)
	}
}

func TestMissingUnit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unit units.Unit
		host []hosttest.Option
		want string
		ops  []string
	}{
		"waits for a unit that is to be started, and names others": {
			unit: units.Unit{Name: "chronyd.service", State: units.Started},
			want: "unit chronyd.service is not there yet (there is chrony.service): install the package that brings it, or correct the name",
		},
		"waits for a unit that is to be enabled": {
			unit: units.Unit{Name: "zzz.service", Enabled: is(true)},
			want: "unit zzz.service is not there yet: install the package that brings it, or correct the name",
		},
		"plans the drop-ins of a unit that it waits for": {
			unit: units.Unit{Name: "kubelet.service", DropIns: []units.DropIn{{Name: "a.conf"}}},
			want: "unit kubelet.service is not there yet: install the package that brings it, or correct the name",
			ops:  []string{"file:/etc/systemd/system/kubelet.service.d/a.conf", "systemd:daemon-reload"},
		},
		"waits for a unit in an image too": {
			unit: units.Unit{Name: "zzz.service", Enabled: is(true)}, host: []hosttest.Option{hosttest.Image()},
			want: "unit zzz.service is not there yet: install the package that brings it, or correct the name",
		},
		"waits for a template": {
			unit: units.Unit{Name: "zzz@.service", DropIns: []units.DropIn{{Name: "a.conf"}}},
			want: "unit zzz@.service is not there yet: install the package that brings it, or correct the name",
			ops:  []string{"file:/etc/systemd/system/zzz@.service.d/a.conf", "systemd:daemon-reload"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops, err := units.New(units.Spec{Units: []units.Unit{c.unit}}).Plan(t.Context(), machine(c.host...))
			remarks, failure := steps.Split(err)
			if failure != nil || len(remarks) != 1 {
				t.Fatalf("got remarks %v and failure %v, want one remark", remarks, failure)
			}
			if diff := cmp.Diff(&steps.Remark{Kind: steps.RemarkLater, Text: c.want}, remarks[0]); diff != "" {
				t.Errorf("remark (-want +got):\n%s", diff)
			}
			var keys []string
			for _, o := range ops {
				keys = append(keys, o.Key())
			}
			if diff := cmp.Diff(c.ops, keys); diff != "" {
				t.Errorf("ops (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		units []units.Unit
		want  string
	}{
		"refuses two names of one unit": {
			[]units.Unit{{Name: "ssh.service"}, {Name: "sshd.service"}}, `units "ssh.service" and "sshd.service" are both ssh.service here`,
		},
		"refuses to mask a unit file in the mask's place": {
			[]units.Unit{{Name: "own.service", Masked: true}}, "unit own.service cannot be masked, because its unit file /etc/systemd/system/own.service",
		},
		"refuses a drop-in that is a link": {
			[]units.Unit{{Name: "own.service", DropIns: []units.DropIn{{Name: "a.conf"}}}}, "/etc/systemd/system/own.service.d/a.conf is a symbolic link",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := machine(hosttest.File("/etc/systemd/system/own.service", service),
				hosttest.File("/etc/own.conf", "[Service]\n"), hosttest.Link("/etc/systemd/system/own.service.d/a.conf", "/etc/own.conf"))
			_, err := units.New(units.Spec{Units: c.units}).Plan(t.Context(), f)
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a failure that says %q", err, c.want)
			}
		})
	}
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	valid := func() units.Unit {
		return units.Unit{Name: "a@b.service", Enabled: is(true), State: units.Started, DropIns: []units.DropIn{{Name: "10-a.conf"}}}
	}
	if err := (units.Spec{Units: []units.Unit{valid()}}).Check(); err != nil {
		t.Fatalf("got %v for the valid unit", err)
	}
	for name, mutate := range map[string]func(*units.Unit){
		"no name":                        func(u *units.Unit) { u.Name = "" },
		"a name without a type":          func(u *units.Unit) { u.Name = "chrony" },
		"a type that systemd lacks":      func(u *units.Unit) { u.Name = "chrony.daemon" },
		"a path":                         func(u *units.Unit) { u.Name = "../a.service" },
		"a pattern":                      func(u *units.Unit) { u.Name = "*.service" },
		"a name that is too long":        func(u *units.Unit) { u.Name = strings.Repeat("a", 248) + ".service" },
		"a state that it does not know":  func(u *units.Unit) { u.State = "running" },
		"a template to start":            func(u *units.Unit) { u.Name, u.Enabled = "a@.service", nil },
		"a template to enable":           func(u *units.Unit) { u.Name, u.State = "a@.service", "" },
		"a mask on what is enabled":      func(u *units.Unit) { u.Masked, u.State = true, "" },
		"a mask on what is started":      func(u *units.Unit) { u.Masked, u.Enabled = true, nil },
		"a drop-in that is not read":     func(u *units.Unit) { u.DropIns[0].Name = "10-a" },
		"a drop-in in another folder":    func(u *units.Unit) { u.DropIns[0].Name = "../a.conf" },
		"a drop-in that is hidden":       func(u *units.Unit) { u.DropIns[0].Name = ".a.conf" },
		"two drop-ins of one name":       func(u *units.Unit) { u.DropIns = append(u.DropIns, u.DropIns[0]) },
		"a name that another unit takes": func(u *units.Unit) { u.Name = "b.service" },
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			bad := valid()
			mutate(&bad)
			spec := units.Spec{Units: []units.Unit{{Name: "b.service"}, bad}}
			if spec.Check() == nil {
				t.Error("got no error from Check")
			}
			if ops, err := units.New(spec).Plan(t.Context(), machine()); err == nil || ops != nil {
				t.Errorf("got plan %v, %v, want the error and no ops", ops, err)
			}
		})
	}
}
