package sysctl_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/sysctl"
)

var spec = sysctl.Spec{Values: map[string]string{
	"vm.swappiness":                      "10",
	"net.ipv4.ip_forward":                "1",
	"net/ipv4/tcp_rmem":                  "4096 131072 16777216",
	"net.ipv4.conf.all.accept_redirects": "0",
	"net.ipv4.ip_local_reserved_ports":   "9808,9809",
	"net.ipv4.conf.eth0/100.rp_filter":   "0",
	"net.bridge.bridge-nf-call-iptables": "1",
}}

// bare is a machine after its installation.
func bare(more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(
		hosttest.Sysctl("vm.swappiness", "60"),
		hosttest.Sysctl("net.ipv4.ip_forward", "0"),
		hosttest.Sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456"),
		hosttest.Sysctl("net.ipv4.conf.all.accept_redirects", "0"),
		hosttest.Sysctl("net.ipv4.ip_local_reserved_ports", "9808-9809"),
		hosttest.Sysctl("net.ipv4.conf.eth0/100.rp_filter", "2"),
		hosttest.Module("br_netfilter", hosttest.Loaded, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "1")),
	)
	f.Change(more...)
	return f
}

const converged = "# Kept by hostler: it takes changes made here back.\n# Change operatingSystem.sysctl of the NodeGroup instead.\n" +
	"net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.accept_redirects = 0\nnet.bridge.bridge-nf-call-iptables = 1\n" +
	"net.ipv4.conf.eth0/100.rp_filter = 0\nnet.ipv4.ip_local_reserved_ports = 9808,9809\n" +
	"net.ipv4.tcp_rmem = 4096 131072 16777216\nvm.swappiness = 10\n"

func TestStep(t *testing.T) {
	t.Parallel()
	step := func(s sysctl.Spec) func() steps.Step { return func() steps.Step { return sysctl.New(s) } }
	live := []hosttest.Option{
		hosttest.Sysctl("vm.swappiness", "10"), hosttest.Sysctl("net.ipv4.ip_forward", "1"),
		hosttest.Sysctl("net.ipv4.tcp_rmem", "4096 131072 16777216"), hosttest.Sysctl("net.ipv4.conf.eth0/100.rp_filter", "0"),
		hosttest.File(sysctl.File, converged),
	}
	for _, c := range []steptest.Case{
		{Name: "sets everything on a bare host", Step: step(spec), Golden: "testdata/bare.golden",
			Host: func() *hosttest.Fake { return bare() }},
		{Name: "wants nothing of a converged host", Step: step(spec), Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake { return bare(live...) }},
		{Name: "repairs a live value and the file's mode", Step: step(spec), Golden: "testdata/drifted.golden",
			Host: func() *hosttest.Fake {
				return bare(append(live, hosttest.Sysctl("vm.swappiness", "0"), hosttest.FileWith(sysctl.File, converged, host.Attr{Mode: 0o600}))...)
			}},
		{Name: "warns of a later file", Step: step(spec), Golden: "testdata/overridden.golden",
			Host: func() *hosttest.Fake {
				return bare(append(live, hosttest.File("/etc/sysctl.conf", "# local\nvm.swappiness = 60\n"), hosttest.Link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf"))...)
			}},
		{Name: "keeps only the file of an image", Step: step(spec), Golden: "testdata/image.golden",
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
		{Name: "removes its file when no values are left", Step: step(sysctl.Spec{}), Golden: "testdata/removed.golden",
			Host: func() *hosttest.Fake { return bare(live...) }},
		{Name: "leaves somebody else's file alone", Step: step(sysctl.Spec{}), Golden: "testdata/foreign.golden",
			Host: func() *hosttest.Fake { return bare(hosttest.File(sysctl.File, "vm.swappiness=1\n")) }},
		{Name: "wants nothing without values", Step: step(sysctl.Spec{}), Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake { return bare() }},
		{Name: "sets what a forwarding switch resets, though it is right now", Golden: "testdata/forwarding.golden",
			Step: step(sysctl.Spec{Values: map[string]string{
				"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.accept_redirects": "1", "net.ipv4.conf.eth0.forwarding": "0", "net.ipv4.conf.eth0.rp_filter": "0",
			}}),
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.Sysctl("net.ipv4.ip_forward", "0"), hosttest.Sysctl("net.ipv4.conf.all.accept_redirects", "1"),
					hosttest.Sysctl("net.ipv4.conf.eth0.forwarding", "0"), hosttest.Sysctl("net.ipv4.conf.eth0.rp_filter", "0"))
			}},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanRemarks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key  string
		host []hosttest.Option
		kind steps.RemarkKind
		want string
	}{
		"waits for the module that brings a key": {
			key: "net.bridge.bridge-nf-call-iptables", kind: steps.RemarkLater,
			want: `sysctl "net.bridge.bridge-nf-call-iptables" comes with kernel module br_netfilter, which is not loaded: add br_netfilter to operatingSystem.kernelModules`,
		},
		"waits for conntrack": {
			key: "net.nf_conntrack_max", kind: steps.RemarkLater,
			want: `sysctl "net.nf_conntrack_max" comes with kernel module nf_conntrack, which is not loaded: add nf_conntrack to operatingSystem.kernelModules`,
		},
		"warns of an interface that is not there": {
			key: "net.ipv4.conf.eth7/5.rp_filter", kind: steps.RemarkWarning, host: []hosttest.Option{hosttest.Interface("eth0")},
			want: `sysctl "net.ipv4.conf.eth7/5.rp_filter": there is no network interface eth7.5 now; udev sets the value when it appears`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops, err := sysctl.New(sysctl.Spec{Values: map[string]string{c.key: "1"}}).Plan(t.Context(), hosttest.New(c.host...))
			remarks, failure := steps.Split(err)
			if failure != nil || len(remarks) != 1 {
				t.Fatalf("got %d remarks and failure %v, want one remark", len(remarks), failure)
			}
			if diff := cmp.Diff(&steps.Remark{Kind: c.kind, Text: c.want}, remarks[0]); diff != "" {
				t.Errorf("remark (-want +got):\n%s", diff)
			}
			if len(ops) != 1 || ops[0].Key() != "file:"+sysctl.File {
				t.Errorf("got ops %v, want the file all the same", ops)
			}
		})
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	type m = map[string]string
	for name, c := range map[string]struct {
		values m
		host   []hosttest.Option
		want   []string
	}{
		"names the keys near one that does not exist": {
			values: m{"net.ipv4.ip_foward": "1"},
			host:   []hosttest.Option{hosttest.File("/proc/sys/net/ipv4/ip_forward", ""), hosttest.File("/proc/sys/net/ipv4/tcp_rmem", "")},
			want:   []string{`sysctl "net.ipv4.ip_foward": this kernel has no such key; it has net.ipv4.ip_forward: correct the name`},
		},
		"finds a misspelled directory": {
			values: m{"net.ipv44.conf.all.rp_filter": "1"},
			host:   []hosttest.Option{hosttest.File("/proc/sys/net/ipv4/ip_forward", ""), hosttest.Dir("/proc/sys/net/unix", 0o555)},
			want:   []string{`sysctl "net.ipv44.conf.all.rp_filter": this kernel has no such key; it has net.ipv4: correct the name`},
		},
		"says so when nothing is near": {
			values: m{"foo.bar": "1"}, want: []string{`sysctl "foo.bar": this kernel has no such key: correct the name`},
		},
		"blames the key when its module is there": {
			values: m{"net.bridge.nonsense": "1"}, host: []hosttest.Option{hosttest.Module("br_netfilter", hosttest.Builtin)},
			want: []string{`sysctl "net.bridge.nonsense": this kernel has no such key`},
		},
		"blames the key when its interface is there": {
			values: m{"net.ipv4.conf.eth0.nonsense": "1"}, host: []hosttest.Option{hosttest.Interface("eth0")},
			want: []string{`sysctl "net.ipv4.conf.eth0.nonsense": this kernel has no such key`},
		},
		"refuses a key that nobody can change": {
			values: m{"kernel.ostype": "BSD"},
			host:   []hosttest.Option{hosttest.ReadOnlySysctl("kernel.ostype", "Linux"), hosttest.FileWith("/proc/sys/kernel/ostype", "", host.Attr{Mode: 0o444})},
			want:   []string{`sysctl "kernel.ostype" is "Linux" and cannot be changed in the running kernel: remove it`},
		},
		"reports every mistake at once": {
			values: m{"swappiness": "1", "vm.*": "1", "vm.panic_on_oom": "1\nkernel.panic=1", "kernel.panic": "1", "kernel/panic": "2"},
			want: []string{
				`"swappiness" has one part only`, `"vm.*": patterns are not allowed`,
				`sysctl "vm.panic_on_oom": the value holds the character U+000A`, `sysctl "kernel.panic" and "kernel/panic" are the same key`,
			},
		},
		"refuses a link in the place of its file": {
			values: m{"vm.swappiness": "1"}, host: []hosttest.Option{hosttest.Sysctl("vm.swappiness", "1"), hosttest.Link(sysctl.File, "/etc/sysctl.conf")},
			want: []string{sysctl.File + " is a symbolic link to /etc/sysctl.conf"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sysctl.New(sysctl.Spec{Values: c.values}).Plan(t.Context(), hosttest.New(c.host...))
			if _, failure := steps.Split(err); failure == nil {
				t.Fatalf("got %v, want a failure", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error\n%v\nwant it to say\n%s", err, want)
				}
			}
		})
	}

	t.Run("says that a key which only starts something has no value", func(t *testing.T) {
		t.Parallel()
		v := writeOnly{hosttest.New(hosttest.FileWith("/proc/sys/vm/compact_memory", "", host.Attr{Mode: 0o200}))}
		_, err := sysctl.New(sysctl.Spec{Values: m{"vm.compact_memory": "1"}}).Plan(context.Background(), v)
		if err == nil || !strings.Contains(err.Error(), "holds no value") {
			t.Errorf("got %v, want an explanation that the key holds no value", err)
		}
	})

	t.Run("keeps the cause of what it cannot read", func(t *testing.T) {
		t.Parallel()
		_, err := sysctl.New(sysctl.Spec{Values: m{"kernel.panic": "1"}}).Plan(context.Background(), writeOnly{hosttest.New()})
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v, want it to wrap the cause", err)
		}
	})
}

// writeOnly lets nobody read a key.
type writeOnly struct{ *hosttest.Fake }

func (writeOnly) Sysctl(string) (string, error) { return "", fs.ErrPermission }
