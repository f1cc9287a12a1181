package listeners_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/listeners"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	socket  = "[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\n"
	service = "[Service]\n[Install]\nWantedBy=multi-user.target\n"
)

// machine runs rpcbind, Avahi and a service that is on no list.
func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		var options []hosttest.Option
		for name, content := range map[string]string{
			"rpcbind.socket": socket, "rpcbind.service": service, "avahi-daemon.service": service, "ssh.service": service,
		} {
			options = append(options, hosttest.UnitFile(name, content), hosttest.Enabled(name), hosttest.Running(name))
		}
		return hosttest.New(append(options, more...)...)
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(mode listeners.Mode) func() steps.Step {
		return func() steps.Step { return listeners.New(listeners.Spec{Mode: mode}) }
	}
	off := in(listeners.Disabled)
	for _, c := range []steptest.Case{
		{Name: "stops and masks what is there", Step: off, Golden: "testdata/busy.golden", Host: machine()},
		{Name: "makes no masks on a bare host", Step: off, Golden: "testdata/nothing.golden", Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "warns of a masked service that still runs", Step: off, Golden: "testdata/masked.golden", Host: func() *hosttest.Fake {
			return hosttest.New(hosttest.UnitFile("cups.service", service), hosttest.Running("cups.service"), hosttest.Masked("cups.service"))
		}},
		{Name: "leaves rpcbind to a mounted NFS 3", Step: off, Golden: "testdata/nfs3-mounted.golden",
			Host: machine(hosttest.File("/proc/1/mounts", "a:/b /mnt nfs rw,vers=3,hard 0 0\n"))},
		{Name: "leaves rpcbind to an fstab with NFS of any version", Step: off, Golden: "testdata/nfs-fstab.golden", Host: machine(hosttest.File("/etc/fstab", "#a:/x /x nfs defaults 0 0\na:/b /srv nfs defaults 0 0\n"))},
		{Name: "leaves rpcbind to a lock daemon", Step: off, Golden: "testdata/statd.golden",
			Host: machine(hosttest.UnitFile("rpc-statd.service", "[Service]\n"), hosttest.Running("rpc-statd.service"))},
		{Name: "takes rpcbind from NFS 4", Step: off, Golden: "testdata/busy.golden", Host: machine(
			hosttest.File("/proc/1/mounts", "a:/b /mnt nfs4 rw,vers=4.2 0 0\n"), hosttest.File("/etc/fstab", "a:/b /mnt nfs nfsvers=4.2,hard 0 0\n"))},
		{Name: "makes only the masks in an image", Step: off, Golden: "testdata/image.golden", Host: machine(hosttest.Image())},
		{Name: "leaves all alone when it is unmanaged", Step: in(listeners.Unmanaged), Golden: "testdata/nothing.golden", Host: machine()},
		{Name: "leaves all alone when nothing is said", Step: in(""), Golden: "testdata/nothing.golden", Host: machine()},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanRefusesAnUnknownMode(t *testing.T) {
	t.Parallel()
	if _, err := listeners.New(listeners.Spec{Mode: "off"}).Plan(t.Context(), machine()()); err == nil || !strings.Contains(err.Error(), `"off"`) {
		t.Errorf("got %v, want an error that names the mode", err)
	}
}
