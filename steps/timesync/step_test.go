package timesync_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/timesync"
)

const service = "[Service]\n[Install]\nWantedBy=multi-user.target\n"

// unitPath is where the package of the tests has its unit.
const unitPath = "/usr/lib/systemd/system/chrony.service"

// install is a package that consists of a unit.
type install struct{ remark error }

func (install) Name() string { return "packages" }

func (i install) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	if i.remark != nil || !v.Live() {
		return nil, i.remark
	}
	file, err := op.PlanFile(v, op.FileWish{Path: unitPath, Content: []byte(service), Attr: host.Attr{Mode: 0o644}})
	if file == nil {
		return nil, err
	}
	return []steps.Op{file}, err
}

func wish() timesync.Spec {
	return timesync.Spec{Mode: timesync.Enabled, Package: install{}, Unit: "chrony.service",
		Units: []string{"chrony.service", "chronyd.service", "systemd-timesyncd.service", "ntp.service"}}
}

func has(name string, more ...hosttest.Option) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.UnitFile(name, service))
		f.Change(more...)
	}
}

func runs(name string) hosttest.Option {
	return has(name, hosttest.Enabled(name), hosttest.Running(name))
}

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(spec timesync.Spec) func() steps.Step { return func() steps.Step { return timesync.New(spec) } }
	machine := func(options ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return hosttest.New(options...) }
	}
	off := wish()
	off.Mode = timesync.Unmanaged
	image := wish()
	image.Package = install{steps.Warning("packages are not installed into an image: install chrony when it is built")}
	for _, c := range []steptest.Case{
		{Name: "wants nothing of a host with one daemon", Step: in(wish()), Golden: "testdata/nothing.golden", Host: machine(runs("systemd-timesyncd.service"))},
		{Name: "enables and starts the one that is there", Step: in(wish()), Golden: "testdata/enable.golden", Host: machine(has("systemd-timesyncd.service"))},
		{Name: "starts one that stopped", Step: in(wish()), Golden: "testdata/start.golden", Host: machine(has("chrony.service", hosttest.Enabled("chrony.service")))},
		{Name: "leaves one of two", Step: in(wish()), Golden: "testdata/two.golden", Host: machine(runs("systemd-timesyncd.service"), runs("chrony.service"))},
		{Name: "keeps the one that a person enabled", Step: in(wish()), Golden: "testdata/chosen.golden",
			Host: machine(runs("ntp.service"), hosttest.UnitFile("chrony.service", service+"Alias=chronyd.service\n"), hosttest.Enabled("chrony.service"))},
		{Name: "prefers what starts at boot to what runs", Step: in(wish()), Golden: "testdata/boot.golden",
			Host: machine(has("ntp.service", hosttest.Enabled("ntp.service")), has("chrony.service", hosttest.Running("chrony.service")))},
		{Name: "stops no masked one, which could not be started again", Step: in(wish()), Golden: "testdata/masked-runs.golden",
			Host: machine(runs("chrony.service"), has("ntp.service", hosttest.Running("ntp.service"), hosttest.Masked("ntp.service")))},
		{Name: "counts an alias once", Step: in(wish()), Golden: "testdata/nothing.golden",
			Host: machine(runs("chrony.service"), hosttest.Link("/etc/systemd/system/chronyd.service", "/usr/lib/systemd/system/chrony.service"))},
		{Name: "leaves a masked second one", Step: in(wish()), Golden: "testdata/nothing.golden",
			Host: machine(runs("chrony.service"), has("systemd-timesyncd.service", hosttest.Masked("systemd-timesyncd.service")))},
		// The way back of packages is proven where their ops are.
		{Name: "installs one where there is none", Step: in(wish()), Golden: "testdata/install.golden", Host: machine(), Irreversible: []string{"file:" + unitPath}},
		{Name: "warns of a clock that stays unsynchronised", Step: in(wish()), Golden: "testdata/unsynchronised.golden",
			Host: machine(runs("chrony.service"), hosttest.ClockUnsynchronised())},
		{Name: "does nothing in a container", Step: in(wish()), Golden: "testdata/container.golden",
			Host: machine(has("systemd-timesyncd.service"), hosttest.File("/run/systemd/container", "docker\n"))},
		{Name: "enables the one in an image", Step: in(wish()), Golden: "testdata/image.golden", Host: machine(hosttest.Image(), has("chrony.service"), has("systemd-timesyncd.service", hosttest.Enabled("systemd-timesyncd.service")), has("ntp.service", hosttest.Enabled("ntp.service")))},
		{Name: "says what an image lacks", Step: in(image), Golden: "testdata/image-bare.golden", Host: machine(hosttest.Image())},
		{Name: "leaves all alone when it is unmanaged", Step: in(off), Golden: "testdata/nothing.golden", Host: machine(runs("chrony.service"), runs("ntp.service"))},
		{Name: "leaves all alone when nothing is said", Step: in(timesync.Spec{}), Golden: "testdata/nothing.golden", Host: machine()},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanSaysWhatToDo(t *testing.T) {
	t.Parallel()
	unknown := wish()
	unknown.Package = nil
	wrong := wish()
	wrong.Mode = "On"
	for name, c := range map[string]struct {
		spec timesync.Spec
		host *hosttest.Fake
		want string
	}{
		"about a mode that it does not know":     {wrong, hosttest.New(), `"On"`},
		"where no package is known":              {unknown, hosttest.New(), "install one"},
		"where the only daemon is masked":        {wish(), hosttest.New(has("ntp.service", hosttest.Masked("ntp.service"))), "systemctl unmask ntp.service"},
		"where a package is there without units": {timesync.Spec{Mode: timesync.Enabled, Package: install{}, Unit: "other.service"}, hosttest.New(hosttest.File(unitPath, service)), "reinstall"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := timesync.New(c.spec).Plan(t.Context(), c.host); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
