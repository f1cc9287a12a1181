package linkmanagers_test

import (
	"testing"

	"github.com/hostler-dev/hostler/network/linkmanagers"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	networkManager = "NetworkManager.service"
	networkd       = "systemd-networkd.service"
	install        = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
)

func protect() steps.Step {
	return linkmanagers.New(linkmanagers.Spec{Protected: true, SystemdVersion: 252})
}

func running(unit string, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(hosttest.UnitFile(unit, install), hosttest.Enabled(unit), hosttest.Running(unit),
			hosttest.DefaultRoute(host.Route{Interface: "ens3"}))
		f.Change(more...)
		return f
	}
}

// applied is a host on which the step has done its work.
func applied(t *testing.T, make func() *hosttest.Fake) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := make()
		ops, err := protect().Plan(t.Context(), f)
		if _, failure := steps.Split(err); failure != nil {
			t.Fatal(failure)
		}
		for _, o := range ops {
			if err := o.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		return f.Clone()
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	version := func(n int) func() steps.Step {
		return func() steps.Step { return linkmanagers.New(linkmanagers.Spec{Protected: true, SystemdVersion: n}) }
	}
	unmanaged := func() steps.Step { return linkmanagers.New(linkmanagers.Spec{}) }
	for _, c := range []steptest.Case{
		{Name: "tells NetworkManager", Step: protect, Host: running(networkManager), Golden: "testdata/networkmanager.golden"},
		{Name: "tells networkd", Step: protect, Host: running(networkd), Golden: "testdata/networkd.golden"},
		{Name: "tells an older networkd what it knows", Step: version(247), Host: running(networkd), Golden: "testdata/networkd-247.golden"},
		{Name: "says what an old networkd cannot be told", Step: version(245), Host: running(networkd), Golden: "testdata/networkd-245.golden"},
		{Name: "wants nothing where there is neither", Step: protect, Golden: "testdata/nothing.golden",
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.UnitFile(networkd, install)) }},
		{Name: "wants nothing of NetworkManager that knows", Step: protect, Host: applied(t, running(networkManager)), Golden: "testdata/nothing.golden"},
		{Name: "wants nothing of networkd that knows", Step: protect, Host: applied(t, running(networkd)), Golden: "testdata/nothing.golden"},
		{Name: "writes the files of an image and starts nothing", Step: version(0), Golden: "testdata/image.golden",
			Host: running(networkd, hosttest.Image(), hosttest.UnitFile(networkManager, install))},
		{Name: "leaves the machine's own uplink managed", Step: protect, Golden: "testdata/uplink.golden",
			Host: running(networkManager, hosttest.DefaultRoute(host.Route{Interface: "veth7"}))},
		{Name: "warns of a later file that replaces the list", Step: protect, Golden: "testdata/overridden.golden",
			Host: applied(t, running(networkManager, hosttest.File("/etc/NetworkManager/conf.d/99-own.conf", "[keyfile]\nunmanaged-devices=interface-name:ib*\n"),
				hosttest.File("/etc/NetworkManager/conf.d/95-adds.conf", "[keyfile]\nunmanaged-devices+=interface-name:x*\n")))},
		{Name: "takes its files away again", Step: unmanaged, Host: applied(t, running(networkd)), Golden: "testdata/removed.golden"},
		{Name: "leaves all alone when nothing is said", Step: unmanaged, Host: running(networkManager), Golden: "testdata/nothing.golden"},
	} {
		steptest.Run(t, c)
	}
}
