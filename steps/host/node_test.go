//go:build node

// The same suite as everywhere, against a machine that runs: as root, under
// systemd, in a node of its own. It changes sysctls of the network namespace and
// units of its own, and gives all back. Build it with
// "go test -c -tags node ./steps/host" and run it in the node.
package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestNode(t *testing.T) {
	if _, err := os.Stat("/run/systemd/system"); err != nil || os.Geteuid() != 0 {
		t.Fatalf("this test runs as root in a node with systemd (looking for it: %v)", err)
	}
	folder := t.TempDir()
	t.Cleanup(func() { // units that failed stay known until then
		h := open(t, "/", host.Options{})
		if _, err := h.Run(context.Background(), host.Command{Argv: []string{"systemctl", "reset-failed", "hostler-*"}}); err != nil {
			t.Error(err)
		}
	})
	caps := hosttest.Caps{
		Folder: folder, StateDir: folder + "/state",
		Stranger: &host.Attr{UID: 1000, GID: 1001},
		Commands: true, UnitFiles: true,
		Kernel: &hosttest.KernelCaps{
			Flag: "net.ipv4.conf.lo.promote_secondaries", Vector: "net.ipv4.tcp_rmem", ReadOnly: "kernel.version",
			// Those of the loopback interface belong to the node's own network namespace.
			Attribute: "/sys/class/net/lo/tx_queue_len", ReadOnlyAttribute: "/sys/class/net/lo/ifindex",
		},
		FailingUnit: func(t *testing.T, h host.Host, name string) {
			const script = "[Service]\nExecStart=/bin/sh -c 'echo going down; sleep 0.2; exit 3'\nType=oneshot\n"
			if err := h.WriteFile("/usr/lib/systemd/system/"+name, []byte(script), host.Attr{Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
			if err := h.DaemonReload(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	}
	hosttest.Conformance(t, func(t *testing.T) host.Host {
		return open(t, "/", host.Options{StateDir: caps.StateDir})
	}, caps)

	t.Run("runs jobs side by side over one connection", func(t *testing.T) {
		h := open(t, "/", host.Options{StateDir: caps.StateDir})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := h.UnitJob(t.Context(), "systemd-journald.service", host.JobStart); err != nil {
					t.Errorf("got %v, want a start of an active unit to succeed", err)
				}
			})
		}
		all.Wait()
	})

	t.Run("connects again after the bus was restarted", func(t *testing.T) {
		h := open(t, "/", host.Options{StateDir: caps.StateDir})
		before, err := h.Unit(t.Context(), "dbus.service")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Run(t.Context(), host.Command{Argv: []string{"systemctl", "kill", "-s", "KILL", "dbus.service"}}); err != nil {
			t.Fatal(err)
		}
		for range 100 { // until socket activation has brought it back
			after, err := h.Unit(t.Context(), "dbus.service")
			if err == nil && after.Active() && after.MainPID != before.MainPID {
				return
			}
			<-time.After(100 * time.Millisecond) // then look again
		}
		t.Error("got no answer over a new connection")
	})

	t.Run("gives a job up at its deadline and cancels it", func(t *testing.T) {
		h := open(t, "/", host.Options{StateDir: caps.StateDir})
		const name = "hostler-slow.service"
		const file = "/run/systemd/system/" + name
		if err := os.MkdirAll("/run/systemd/system", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("[Service]\nType=oneshot\nExecStart=/bin/sleep 300\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := h.UnitJob(context.Background(), name, host.JobStop); err != nil {
				t.Error(err)
			}
			_ = os.Remove(file)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := h.UnitJob(ctx, name, host.JobStart)
		var job *host.JobError
		if !errors.Is(err, host.ErrTimeout) || !errors.As(err, &job) || job.Result != "timeout" {
			t.Errorf("got %v, want ErrTimeout and a JobError", err)
		}
		jobs, err := h.Run(t.Context(), host.Command{Argv: []string{"systemctl", "list-jobs", "--no-legend"}})
		if err != nil || strings.Contains(string(jobs.Stdout), name) {
			t.Errorf("got jobs %q, %v, want the job gone", jobs.Stdout, err)
		}
	})

	t.Run("finds systemd and programs below a root that is not /", func(t *testing.T) {
		// The node's own file system under another name, as a DaemonSet sees it.
		h := open(t, "/proc/self/root", host.Options{StateDir: caps.StateDir})
		if unit, err := h.Unit(t.Context(), "dbus.service"); err != nil || !unit.Active() {
			t.Errorf("got %+v, %v, want an active dbus.service", unit, err)
		}
		if out, err := h.Run(t.Context(), host.Command{Argv: []string{"echo", "hello"}}); err != nil || string(out.Stdout) != "hello\n" {
			t.Errorf("got %q, %v, want hello", out.Stdout, err)
		}
	})

	t.Run("shows a command its root only", func(t *testing.T) {
		self, err := os.ReadFile("/proc/self/exe") // static, so it needs nothing else
		if err != nil {
			t.Fatal(err)
		}
		root := scratch(t)
		h := open(t, root, host.Options{Image: true})
		for _, folder := range []string{"/usr", "/usr/bin"} {
			must(t, h.Mkdir(folder, own(0o755)))
		}
		must(t, h.WriteFile("/usr/bin/look", self, own(0o755)))
		must(t, h.WriteFile("/inside", nil, own(0o644)))
		out, err := h.Run(t.Context(), host.Command{Argv: []string{"look", "-test.run=^TestListRoot$"}, Env: []string{"HOSTLER_LIST_ROOT=1"}})
		if err != nil || !strings.HasPrefix(string(out.Stdout), "[etc inside usr var]\n") {
			t.Errorf("got %q, %v, want the names in the root", out.Stdout, err)
		}
	})

	t.Run("names the holder of an flock and of a POSIX lock", func(t *testing.T) {
		h := open(t, "/", host.Options{StateDir: caps.StateDir})
		wantLockHolders(t, h, t.TempDir())
	})
}

// TestListRoot is what a command in a root sees. Run by itself it does nothing.
func TestListRoot(t *testing.T) {
	if os.Getenv("HOSTLER_LIST_ROOT") == "" {
		return
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	fmt.Println(names)
}
