package hosttest_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const service = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

func TestFake(t *testing.T) {
	t.Parallel()

	t.Run("gives back the same snapshot when an edit is undone", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File("/etc/motd", "hello\n"), hosttest.UnitFile("a.service", service))
		before := f.Snapshot(f.StateDir())
		check(t, f.WriteFile("/etc/motd", []byte("bye\n"), host.Attr{Mode: 0o600, UID: 3}))
		check(t, f.SetUnitFileState(t.Context(), "a.service", "enabled"))
		check(t, f.UnitJob(t.Context(), "a.service", host.JobStart))
		if f.Snapshot(f.StateDir()) == before {
			t.Fatal("got the old snapshot after three edits, want a new one")
		}
		check(t, f.UnitJob(t.Context(), "a.service", host.JobStop))
		check(t, f.SetUnitFileState(t.Context(), "a.service", "disabled"))
		check(t, f.WriteFile("/etc/motd", []byte("hello\n"), host.Attr{Mode: 0o644}))
		if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
			t.Errorf("snapshot (-want +got):\n%s", diff)
		}
	})

	t.Run("fails the nth call only, before or after its effect", func(t *testing.T) {
		t.Parallel()
		for _, after := range []bool{false, true} {
			f := hosttest.New()
			f.Inject(hosttest.Fault{Method: "WriteFile", Nth: 2, After: after, Err: syscall.ENOSPC})
			check(t, f.WriteFile("/etc/a", nil, host.Attr{}))
			if err := f.WriteFile("/etc/b", nil, host.Attr{}); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("after=%v: got %v for the second call, want ENOSPC", after, err)
			}
			check(t, f.WriteFile("/etc/c", nil, host.Attr{}))
			if _, err := f.Lstat("/etc/b"); (err == nil) != after {
				t.Errorf("after=%v: looking for the file of the failed call: got %v", after, err)
			}
			if got := len(f.Calls()); got != 3 {
				t.Errorf("after=%v: got %d calls, want 3", after, got)
			}
		}
	})

	t.Run("fails by path until healed", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New()
		f.Inject(hosttest.Fault{Subject: "/etc/a", Err: syscall.EROFS})
		for range 2 {
			if err := f.WriteFile("/etc/a", nil, host.Attr{}); !errors.Is(err, syscall.EROFS) {
				t.Errorf("got %v, want EROFS", err)
			}
		}
		check(t, f.WriteFile("/etc/b", nil, host.Attr{}))
		f.Heal()
		check(t, f.WriteFile("/etc/a", nil, host.Attr{}))
	})

	t.Run("has a module's sysctls while it is loaded, afresh each time", func(t *testing.T) {
		t.Parallel()
		const key = "net.bridge.bridge-nf-call-iptables"
		f := hosttest.New(hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl(key, "1")))
		if _, err := f.Sysctl(key); !errors.Is(err, host.ErrNoSysctl) {
			t.Errorf("before loading: got %v, want ErrNoSysctl", err)
		}
		check(t, f.LoadModule(t.Context(), "br-netfilter"))
		check(t, f.SetSysctl(key, "0"))
		check(t, f.UnloadModule(t.Context(), "br_netfilter"))
		if _, err := f.Sysctl(key); !errors.Is(err, host.ErrNoSysctl) {
			t.Errorf("after unloading: got %v, want ErrNoSysctl", err)
		}
		check(t, f.LoadModule(t.Context(), "br_netfilter"))
		if got, err := f.Sysctl(key); got != "1" || err != nil {
			t.Errorf("after loading again: got %q, %v, want \"1\"", got, err)
		}
	})

	t.Run("clones into an independent host", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File("/etc/a", "a"), hosttest.Sysctl("vm.swappiness", "60"), hosttest.UnitFile("a.service", service))
		before := f.Snapshot()
		c := f.Clone()
		check(t, c.WriteFile("/etc/a", []byte("b"), host.Attr{}))
		check(t, c.SetSysctl("vm.swappiness", "0"))
		check(t, c.UnitJob(t.Context(), "a.service", host.JobStart))
		if diff := cmp.Diff(before, f.Snapshot()); diff != "" {
			t.Errorf("the original changed with its clone (-want +got):\n%s", diff)
		}
	})

	t.Run("runs handlers that change it", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.Handle("apt-get", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
			if cmd.Argv[1] != "install" {
				return host.Output{}, hosttest.Exit(cmd, 100, "E: Invalid operation")
			}
			f.Change(hosttest.UnitFile("b.service", service), hosttest.Running("b.service"))
			return host.Output{Stdout: []byte("done")}, nil
		}))
		if _, err := f.Run(t.Context(), host.Command{Argv: []string{"apt-get", "install", "b"}}); err != nil {
			t.Fatal(err)
		}
		unit, err := f.Unit(t.Context(), "b.service")
		if err != nil || !unit.Active() || unit.UnitFileState != "disabled" {
			t.Errorf("got %+v, %v, want an active unit that is disabled", unit, err)
		}
		var failed *host.CommandError
		if _, err := f.Run(t.Context(), host.Command{Argv: []string{"apt-get", "frob"}}); !errors.As(err, &failed) || failed.ExitCode != 100 {
			t.Errorf("got %v, want exit code 100", err)
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
