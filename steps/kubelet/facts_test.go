package kubelet

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestResolvConf(t *testing.T) {
	t.Parallel()
	const stub = "nameserver 127.0.0.53\noptions edns0 trust-ad\n"
	cases := map[string]struct {
		host   []hosttest.Option
		want   string
		remark string
	}{
		"a real server":              {nil, "/etc/resolv.conf", ""},
		"resolved's stub, by link":   {[]hosttest.Option{hosttest.Absent("/etc/resolv.conf"), hosttest.Link("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")}, resolvedUpstreams, ""},
		"resolved's stub, as a file": {[]hosttest.Option{hosttest.File("/etc/resolv.conf", stub)}, resolvedUpstreams, ""},
		"resolved's servers, by link": {[]hosttest.Option{
			hosttest.File("/run/systemd/resolve/resolv.conf", "nameserver 10.0.0.2\n"), hosttest.Absent("/etc/resolv.conf"),
			hosttest.Link("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"),
		}, "/etc/resolv.conf", ""},
		"a local cache of another kind": {[]hosttest.Option{hosttest.File("/etc/resolv.conf", "nameserver 127.0.0.1\n")}, "/etc/resolv.conf", "names 127.0.0.1"},
		"a commented stub":              {[]hosttest.Option{hosttest.File("/etc/resolv.conf", "# nameserver 127.0.0.53\nnameserver 10.0.0.2\n")}, "/etc/resolv.conf", ""},
		"nothing":                       {[]hosttest.Option{hosttest.Absent("/etc/resolv.conf")}, "/etc/resolv.conf", "cannot be read"},
		"nothing, in an image":          {[]hosttest.Option{hosttest.Absent("/etc/resolv.conf"), hosttest.Image()}, "/etc/resolv.conf", ""},
	}
	for name, c := range cases {
		got, err := resolvConf(bare(t, c.host...))
		remarks, failure := steps.Split(err)
		if failure != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, failure, c.want)
		}
		if (len(remarks) > 0) != (c.remark != "") || c.remark != "" && !strings.Contains(remarks[0].Text, c.remark) {
			t.Errorf("%s: got remarks %v, want %q", name, remarks, c.remark)
		}
	}
}

func TestCgroupV1(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host []hosttest.Option
		want bool
	}{
		"unified":        {nil, false},
		"v1":             {[]hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers")}, true},
		"hybrid":         {[]hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers"), hosttest.File("/sys/fs/cgroup/unified/cgroup.controllers", "")}, true},
		"nothing at all": {[]hosttest.Option{hosttest.Absent("/sys/fs/cgroup")}, false},
	}
	for name, c := range cases {
		if got, err := cgroupV1(bare(t, c.host...)); err != nil || got != c.want {
			t.Errorf("%s: got %t, %v, want %t", name, got, err, c.want)
		}
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"node-7": "node-7", "Node-7.Example.COM": "node-7.example.com", "localhost": "", "(none)": ""} {
		got, err := hostName(bare(t, hosttest.Sysctl("kernel.hostname", name)))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestCountCPUs(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]int{"0": 1, "0-1": 2, "0-3,8": 5, "0-1,4-7,9": 7} {
		if got, err := countCPUs(list); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", list, got, err, want)
		}
	}
	for _, list := range []string{"", "x", "3-1", "0-", "0,,1"} {
		if got, err := countCPUs(list); err == nil {
			t.Errorf("%q: got %d, want an error", list, got)
		}
	}
}

func TestMemTotal(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:       16314416 kB\nMemFree:         1014416 kB\n"
	if got, err := memTotal([]byte(meminfo)); err != nil || got != 16314416*1024 {
		t.Errorf("got %d, %v, want %d", got, err, 16314416*1024)
	}
	for _, text := range []string{"", "MemFree: 1 kB\n", "MemTotal: x kB\n", "MemTotal: 0 kB\n", "MemTotal: 12\n"} {
		if got, err := memTotal([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}
