package hosttest_test

import (
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestFakeConformance(t *testing.T) {
	t.Parallel()
	kernel := &hosttest.KernelCaps{
		Flag: "net.ipv4.conf.lo.promote_secondaries", Vector: "net.ipv4.tcp_rmem", ReadOnly: "kernel.version",
	}
	live := []hosttest.Option{
		hosttest.Sysctl(kernel.Flag, "0"),
		hosttest.Sysctl(kernel.Vector, "4096 131072 6291456"),
		hosttest.ReadOnlySysctl(kernel.ReadOnly, "#1 SMP"),
		hosttest.Sysctl("vm.swappiness", "60"),
		hosttest.Module("overlay", hosttest.Builtin),
		hosttest.Interface("lo", "127.0.0.1/8"),
		hosttest.DefaultRoute(host.Route{Interface: "host0", Metric: 100}),
		hosttest.DefaultRoute(host.Route{Interface: "host1", Metric: 10}),
	}
	caps := hosttest.Caps{
		Folder: "/tmp", StateDir: host.DefaultStateDir,
		Stranger: &host.Attr{UID: 1000, GID: 1000},
		Commands: true, UnitFiles: true,
	}

	t.Run("live", func(t *testing.T) {
		t.Parallel()
		caps := caps
		caps.Kernel = kernel
		caps.FailingUnit = func(_ *testing.T, h host.Host, name string) {
			h.(*hosttest.Fake).Change(hosttest.OnJob(name, hosttest.JobFails("going down")))
		}
		hosttest.Conformance(t, func(*testing.T) host.Host {
			return hosttest.New(append(live, programs()...)...)
		}, caps)
	})
	t.Run("image", func(t *testing.T) {
		t.Parallel()
		hosttest.Conformance(t, func(*testing.T) host.Host {
			return hosttest.New(append(programs(), hosttest.Image())...)
		}, caps)
	})
}

// programs are the few that the suite runs.
func programs() []hosttest.Option {
	return []hosttest.Option{
		hosttest.Handle("true", hosttest.Prints("")),
		hosttest.Handle("false", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			return host.Output{}, hosttest.Exit(cmd, 1, "")
		}),
		hosttest.Handle("echo", hosttest.Prints("two  words $HOME\n")),
		hosttest.Handle("cat", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			return host.Output{Stdout: cmd.Stdin}, nil
		}),
		hosttest.Handle("cp", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
			f.Change(hosttest.File(cmd.Argv[2], ""))
			return host.Output{}, nil
		}),
		hosttest.Handle("chmod", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
			f.Change(hosttest.FileWith(cmd.Argv[2], "", host.Attr{Mode: 0o604}))
			return host.Output{}, nil
		}),
	}
}
