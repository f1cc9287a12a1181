package hosttest_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestFakeConformance(t *testing.T) {
	t.Parallel()
	kernel := &hosttest.KernelCaps{
		Flag: "net.ipv4.conf.lo.promote_secondaries", Vector: "net.ipv4.tcp_rmem", ReadOnly: "kernel.version",
		Attribute: "/sys/class/net/lo/tx_queue_len", ReadOnlyAttribute: "/sys/class/net/lo/ifindex",
	}
	live := []hosttest.Option{
		hosttest.Sysctl(kernel.Flag, "0"),
		hosttest.Sysctl(kernel.Vector, "4096 131072 6291456"),
		hosttest.ReadOnlySysctl(kernel.ReadOnly, "#1 SMP"),
		hosttest.Sysctl("vm.swappiness", "60"),
		hosttest.Dir("/sys/kernel", 0o755),
		hosttest.Attribute(kernel.Attribute, "1000"),
		hosttest.FileWith(kernel.ReadOnlyAttribute, "1\n", host.Attr{Mode: 0o444}),
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
		caps.Kernel, caps.Scripts = kernel, true
		caps.FailingUnit = func(_ *testing.T, h host.Host, name string) {
			h.(*hosttest.Fake).Change(hosttest.OnJob(name, hosttest.JobFails("going down")))
		}
		hosttest.Conformance(t, func(*testing.T) host.Host {
			return hosttest.New(append(append(live[:len(live):len(live)], programs()...), hosttest.Answers("", shell))...)
		}, caps)
	})
	t.Run("image", func(t *testing.T) {
		t.Parallel()
		hosttest.Conformance(t, func(*testing.T) host.Host {
			return hosttest.New(append(programs(), hosttest.Image())...)
		}, caps)
	})
}

// shell answers the suite's checks as a shell that cannot write would.
func shell(_ host.View, script host.Script) (int, error) {
	var code int
	last := script.Content[strings.LastIndex(strings.TrimSuffix(script.Content, "\n"), "\n")+1:]
	switch {
	case strings.Contains(script.Content, "no/such"):
		return 0, fs.ErrNotExist
	case strings.Contains(script.Content, "wait"):
		return 0, host.ErrTimeout
	case strings.Contains(script.Content, "kill -9"):
		return 137, nil
	case strings.HasPrefix(script.Content, "cd "), strings.Contains(script.Content, "-e\nfalse"):
		return 1, nil
	case strings.Contains(script.Content, "before"), strings.Contains(script.Content, "here"):
		return 0, nil
	case strings.Contains(script.Content, "env | sort"):
		return map[bool]int{true: 0, false: 1}[script.NodeName == "node-7"], nil
	}
	_, err := fmt.Sscanf(last, "exit %d", &code)
	return code, err
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
