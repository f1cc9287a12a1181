package preflight_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/preflight"
	"github.com/hostler-dev/hostler/steps/steptest"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// spec is of a node with everything that checks go by.
func spec() preflight.Spec {
	return preflight.Spec{
		NodeName: "worker-1", KubernetesVersion: "1.36.3", RuntimeUnits: []string{"containerd.service"}, Modules: []string{"overlay", "br_netfilter"},
		ShutdownGracePeriod: 2 * time.Minute, Iptables: "nft", Now: now, Built: now.AddDate(0, -1, 0),
	}
}

// well is a host on which there is nothing to find.
func well(more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(
		hosttest.ReadOnlySysctl("kernel.osrelease", "6.1.0-38-amd64"), hosttest.Sysctl("kernel.hostname", "Worker-1"),
		hosttest.Handle("systemctl", hosttest.Prints("systemd 252 (252.39-1~deb12u2)\n+PAM +AUDIT\n")),
		hosttest.File("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n"),
		hosttest.File("/proc/meminfo", "MemTotal:        4030408 kB\nMemFree:          200000 kB\n"),
		hosttest.Module("overlay", hosttest.Builtin), hosttest.Module("br_netfilter", hosttest.Loadable),
		hosttest.File("/lib/modules/6.1.0-38-amd64/modules.dep", "kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\n"),
		hosttest.File("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
		hosttest.File("/sys/class/dmi/id/product_uuid", "8a5b1c9e-0c57-4f4e-9d5e-3b1f0a7c2d11\n"),
		hosttest.File("/etc/resolv.conf", "# made by DHCP\nsearch example.org\nnameserver 192.0.2.53\n"),
		hosttest.File("/proc/1/net/tcp", table("0A", 22, 100)), hosttest.File("/proc/1/net/tcp6", table("01", 10250, 101)),
		hosttest.Running("containerd.service"),
	)
	for _, key := range []string{
		"vm.overcommit_memory", "vm.panic_on_oom", "kernel.panic", "kernel.panic_on_oops", "kernel.keys.root_maxkeys", "kernel.keys.root_maxbytes",
		"net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.neigh.default.gc_thresh1", "net.ipv4.neigh.default.gc_thresh2",
		"net.ipv4.neigh.default.gc_thresh3", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches", "kernel.pid_max", "vm.max_map_count",
	} {
		f.Change(hosttest.Sysctl(key, "1"))
	}
	f.Change(more...)
	return f
}

// table is what the kernel prints of a socket.
func table(state string, port, inode int) string {
	return fmt.Sprintf("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		"   0: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %d 2 00000000e3047aac 100 0 0 10 0\n", port, state, inode)
}

func listener(port, inode int, program string) []hosttest.Option {
	return []hosttest.Option{
		hosttest.File("/proc/1/net/tcp6", table("0A", port, inode)),
		hosttest.File("/proc/77/comm", program+"\n"), hosttest.Link("/proc/77/fd/3", "/dev/null"), hosttest.Link("/proc/77/fd/4", fmt.Sprintf("socket:[%d]", inode)),
	}
}

func disk(change func(*host.Filesystem)) host.Filesystem {
	d := host.Filesystem{Type: "ext4", Bytes: 20 << 30, FreeBytes: 10 << 30, Inodes: 1 << 20, FreeInodes: 1 << 19}
	change(&d)
	return d
}

func mount(dir string, change func(*host.Filesystem)) hosttest.Option {
	return hosttest.Mount(dir, disk(change))
}

func TestRun(t *testing.T) {
	t.Parallel()
	on := hosttest.File
	for name, c := range map[string]struct {
		host []hosttest.Option
		spec func(*preflight.Spec)
		// want are findings as "severity check: beginning or part of the reason".
		want []string
	}{
		"finds nothing on a host that is well": {},
		"knows the zero Spec":                  {spec: func(s *preflight.Spec) { *s = preflight.Spec{} }},

		"warns of a kernel older than runc needs": {host: []hosttest.Option{hosttest.ReadOnlySysctl("kernel.osrelease", "3.10.0-1160.el7.x86_64"), on("/lib/modules/3.10.0-1160.el7.x86_64/modules.dep", "/br_netfilter.ko:")},
			want: []string{"Warning kernel: the kernel is 3.10.0-1160.el7.x86_64, and runc needs 4.15"}},
		"warns of an early kernel for cgroup v2": {host: []hosttest.Option{hosttest.ReadOnlySysctl("kernel.osrelease", "4.18.0-553"), on("/lib/modules/4.18.0-553/modules.dep", "/br_netfilter.ko:")},
			want: []string{"Warning kernel: the kernel is 4.18.0-553, and 5.2 is recommended for cgroup version 2"}},
		"compares the parts of versions as numbers": {host: []hosttest.Option{hosttest.ReadOnlySysctl("kernel.osrelease", "5.15.0-1"), on("/lib/modules/5.15.0-1/modules.dep", "/br_netfilter.ko:")}},
		"warns of a systemd too old for its driver": {host: []hosttest.Option{hosttest.Handle("systemctl", hosttest.Prints("systemd 219\n"))},
			want: []string{"Warning systemd: systemd is 219, and the systemd cgroup driver needs 228"}},
		"warns of a systemd that keeps cpuset": {host: []hosttest.Option{hosttest.Handle("systemctl", hosttest.Prints("systemd 239 (239-82.el8)\n"))},
			want: []string{"Warning systemd: systemd is 239, and before 244"}},
		"does not care for cpuset where the driver of cgroup v1 has it": {
			host: []hosttest.Option{hosttest.Handle("systemctl", hosttest.Prints("systemd 239 (239-82.el8)\n")), hosttest.Absent("/sys/fs/cgroup/cgroup.controllers")},
			spec: func(s *preflight.Spec) { s.FailCgroupV1 = new(bool) }, want: []string{"Info cgroups:"},
		},
		"says what it could not look at": {host: []hosttest.Option{hosttest.Handle("systemctl", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			return host.Output{}, hosttest.Exit(cmd, 127, "not found")
		})}, want: []string{"Info systemd: this could not be looked at"}},
		"refuses cgroup v1 where the kubelet does": {host: []hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers")},
			want: []string{"Error cgroups: the host has cgroup version 1, and the kubelet of Kubernetes 1.36.3 does not start on it"}},
		"accepts cgroup v1 where the user does": {host: []hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers")},
			spec: func(s *preflight.Spec) { s.FailCgroupV1 = new(bool) }, want: []string{"Info cgroups: the host has cgroup version 1, which Kubernetes is giving up"}},
		"warns of cgroup v1 for an older kubelet": {host: []hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers")},
			spec: func(s *preflight.Spec) { s.KubernetesVersion = "1.34.4" }, want: []string{"Warning cgroups: the host has cgroup version 1: the kubelet of Kubernetes 1.35 and later"}},
		"finds controllers that are switched off": {host: []hosttest.Option{on("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")},
			want: []string{"Error cgroups: the kernel lacks the cgroup controllers memory"}},
		"warns of little memory": {host: []hosttest.Option{on("/proc/meminfo", "MemTotal:        1000000 kB\n")}, want: []string{"Warning memory: the host has 976 MiB"}},
		"finds a module that is not on disk": {spec: func(s *preflight.Spec) { s.Modules = append(s.Modules, "nf_conntrack") },
			want: []string{"Error modules: the running kernel 6.1.0-38-amd64 has no module nf_conntrack"}},
		"finds a kernel whose modules are gone": {host: []hosttest.Option{hosttest.Absent("/lib/modules/6.1.0-38-amd64/modules.dep")},
			want: []string{"Error modules: the modules br_netfilter are not loaded, and the running kernel 6.1.0-38-amd64 has no modules on disk"}},
		"tells of sysctls that a container lacks": {host: []hosttest.Option{hosttest.NoSysctl("kernel.panic")}, want: []string{"Info sysctl: the kernel lacks kernel.panic"}},
		"warns of swap":                     {host: []hosttest.Option{hosttest.Swap("/dev/sda2")}, want: []string{"Warning swap: swap is on (/dev/sda2)"}},
		"lets swap be that hostler sees to": {host: []hosttest.Option{hosttest.Swap("/dev/sda2")}, spec: func(s *preflight.Spec) { s.SwapHandled = true }},

		"finds a read-only root": {host: []hosttest.Option{mount("/", func(d *host.Filesystem) { d.ReadOnly = true })}, want: []string{"Error read-only: /etc cannot be written", "Error read-only: /var cannot be written"}},
		"finds an XFS without file types": {host: []hosttest.Option{mount("/var/lib", func(d *host.Filesystem) { d.Type, d.NoFileTypes = "xfs", true })},
			want: []string{"Error filesystem: /var/lib/containerd is on an XFS without file types (ftype=0)"}},
		"accepts an XFS with file types": {host: []hosttest.Option{mount("/var/lib", func(d *host.Filesystem) { d.Type = "xfs" })}},
		"finds NFS": {host: []hosttest.Option{mount("/var/lib", func(d *host.Filesystem) { d.Type = "nfs" })},
			want: []string{"Error filesystem: /var/lib/containerd is on nfs", "Error filesystem: /var/lib/kubelet is on nfs"}},
		"warns of an overlay under overlays": {host: []hosttest.Option{mount("/", func(d *host.Filesystem) { d.Type = "overlay" })},
			want: []string{"Warning filesystem: /var/lib/containerd is on an overlay"}},
		"looks where the runtime is": {host: []hosttest.Option{mount("/data", func(d *host.Filesystem) { d.Type = "nfs" })},
			spec: func(s *preflight.Spec) { s.RuntimeDir = "/data/docker" }, want: []string{"Error filesystem: /data/docker is on nfs"}},
		"finds noexec under the plugins of the network": {host: []hosttest.Option{mount("/opt", func(d *host.Filesystem) { d.NoExec = true })}, want: []string{"Error noexec: /opt/cni/bin"}},
		"warns of noexec under containers": {host: []hosttest.Option{mount("/var", func(d *host.Filesystem) { d.NoExec = true })},
			want: []string{"Warning noexec: /var/lib/containerd", "Warning noexec: /var/lib/kubelet"}},
		"finds a full disk": {host: []hosttest.Option{mount("/var", func(d *host.Filesystem) { d.FreeBytes = 400 << 20 })},
			want: []string{"Error disk-space: /var has 400 MiB free, and 500 MiB are the least", "Warning disk-space: /var/lib/kubelet has 1% free; below 10%", "Warning disk-space: /var/lib/containerd has 1% free; below 15%"}},
		"warns where images are removed": {host: []hosttest.Option{mount("/var", func(d *host.Filesystem) { d.FreeBytes = d.Bytes * 13 / 100 })}, want: []string{"Warning disk-space: /var/lib/containerd has 12% free; below 15%"}},
		"warns of few inodes": {host: []hosttest.Option{mount("/var/lib/kubelet", func(d *host.Filesystem) { d.FreeInodes = d.Inodes * 4 / 100 })},
			want: []string{"Warning disk-space: /var/lib/kubelet has 3% of its inodes free; below 5%"}},
		"does not count inodes where there is no limit": {host: []hosttest.Option{mount("/var", func(d *host.Filesystem) { d.Type, d.Inodes, d.FreeInodes = "btrfs", 0, 0 })}},

		"finds a host without a name":        {host: []hosttest.Option{hosttest.Sysctl("kernel.hostname", "localhost.localdomain")}, spec: func(s *preflight.Spec) { s.NodeName = "" }, want: []string{"Error hostname: the node's name would be \"localhost.localdomain\""}},
		"finds a name that no Node can have": {host: []hosttest.Option{hosttest.Sysctl("kernel.hostname", "my_node")}, spec: func(s *preflight.Spec) { s.NodeName = "my_node" }, want: []string{"Error hostname: the node's name would be \"my_node\""}},
		"tells of a name of its own":         {spec: func(s *preflight.Spec) { s.NodeName = "other" }, want: []string{"Info hostname: the node is called \"other\" and its host \"Worker-1\""}},
		"finds no machine-id":                {host: []hosttest.Option{hosttest.Absent("/etc/machine-id")}, want: []string{"Error machine-id: /etc/machine-id is empty"}},
		"finds an empty machine-id":          {host: []hosttest.Option{on("/etc/machine-id", "")}, want: []string{"Error machine-id: /etc/machine-id is empty"}},
		"finds an uninitialized machine-id":  {host: []hosttest.Option{on("/etc/machine-id", "uninitialized\n")}, want: []string{"Error machine-id: /etc/machine-id is empty"}},
		"finds a machine-id of another form": {host: []hosttest.Option{on("/etc/machine-id", "8A5B1C9E-0C57\n")}, want: []string{"Error machine-id: /etc/machine-id holds"}},
		"finds a machine-id of zeroes":       {host: []hosttest.Option{on("/etc/machine-id", strings.Repeat("0", 32))}, want: []string{"Error machine-id: /etc/machine-id is 0000"}},
		"warns of a product_uuid of Fs":      {host: []hosttest.Option{on("/sys/class/dmi/id/product_uuid", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n")}, want: []string{"Warning product-uuid: the machine's product_uuid is"}},
		"accepts a machine without DMI":      {host: []hosttest.Option{hosttest.Absent("/sys/class/dmi/id/product_uuid")}},
		"finds a clock before hostler":       {spec: func(s *preflight.Spec) { s.Now = time.Date(1970, 1, 1, 0, 0, 9, 0, time.UTC) }, want: []string{"Error clock: the clock says 1970-01-01 00:00:09, and this hostler was built on 2026-10-22"}},
		"warns of a clock that runs free":    {host: []hosttest.Option{hosttest.ClockUnsynchronised()}, want: []string{"Warning clock-sync: nothing keeps the clock in time"}},
		"finds a certificate that ended":     {host: []hosttest.Option{certificate(t, now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1))}, want: []string{"Error certificate: the kubelet's certificate ended on 2026-11-21"}},
		"finds a certificate of tomorrow":    {host: []hosttest.Option{certificate(t, now.AddDate(0, 0, 1), now.AddDate(1, 0, 0))}, want: []string{"Error certificate: the clock says 2026-11-22 12:00:00, and the kubelet's certificate begins on 2026-11-23"}},
		"accepts a certificate of today":     {host: []hosttest.Option{certificate(t, now.AddDate(0, 0, -1), now.AddDate(1, 0, 0))}},
		"says that a certificate is none":    {host: []hosttest.Option{on("/var/lib/kubelet/pki/kubelet-client-current.pem", "x")}, want: []string{"Info certificate: this could not be looked at"}},

		"warns without a resolv.conf":  {host: []hosttest.Option{hosttest.Absent("/etc/resolv.conf")}, want: []string{"Warning dns: there is no /etc/resolv.conf"}},
		"warns without a server":       {host: []hosttest.Option{on("/etc/resolv.conf", "search a\n#nameserver 192.0.2.1\n")}, want: []string{"Warning dns: /etc/resolv.conf names no server"}},
		"warns of a fourth server":     {host: []hosttest.Option{on("/etc/resolv.conf", strings.Repeat("nameserver 192.0.2.1\n", 4))}, want: []string{"Warning dns: /etc/resolv.conf names 4 servers, and 3 are used"}},
		"warns of many search domains": {host: []hosttest.Option{on("/etc/resolv.conf", "nameserver 192.0.2.1\nsearch"+strings.Repeat(" a", 33))}, want: []string{"Warning dns: /etc/resolv.conf has 33 search domains"}},
		"warns of a loop":              {host: []hosttest.Option{on("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver ::1\n")}, want: []string{"Warning dns: /etc/resolv.conf names 127.0.0.1", "Warning dns: /etc/resolv.conf names ::1"}},
		"accepts resolved's stub":      {host: []hosttest.Option{on("/etc/resolv.conf", "nameserver 127.0.0.53\n"), hosttest.Running("systemd-resolved.service")}},
		"warns of a stub of nobody":    {host: []hosttest.Option{on("/etc/resolv.conf", "nameserver 127.0.0.53\n")}, want: []string{"Warning dns: /etc/resolv.conf names 127.0.0.53, and systemd-resolved.service does not run"}},

		"finds a port taken, and by whom":        {host: listener(10250, 4711, "python3"), want: []string{"Error ports: port 10250 is taken by python3 (process 77)"}},
		"warns of kube-proxy's port":             {host: listener(10256, 4711, "python3"), want: []string{"Warning ports: port 10256 is taken by python3 (process 77)"}},
		"finds a port taken by nobody it knows":  {host: []hosttest.Option{on("/proc/1/net/tcp", table("0A", 10248, 9))}, want: []string{"Error ports: port 10248 is taken by a program that does not show itself"}},
		"lets the kubelet have its port":         {host: listener(10250, 4711, "kubelet")},
		"asks no further while the kubelet runs": {host: append(listener(10250, 4711, "python3"), hosttest.Running("kubelet.service"))},
		"finds another Kubernetes":               {host: []hosttest.Option{hosttest.Running("k3s.service")}, want: []string{"Error kubernetes: k3s.service runs"}},
		"warns of another runtime":               {host: []hosttest.Option{hosttest.Running("docker.service")}, want: []string{"Warning runtimes: docker.service runs beside containerd.service"}},
		"lets containerd serve docker":           {host: []hosttest.Option{hosttest.Running("docker.service")}, spec: func(s *preflight.Spec) { s.RuntimeUnits = []string{"docker.service", "containerd.service"} }},
		"lets a runtime be that is stopped":      {host: []hosttest.Option{hosttest.UnitFile("crio.service", "")}},
		"warns of fapolicyd":                     {host: []hosttest.Option{hosttest.Running("fapolicyd.service")}, want: []string{"Warning fapolicyd: fapolicyd runs"}},
		"tells of SELinux and AppArmor": {host: []hosttest.Option{on("/sys/fs/selinux/enforce", "1"), on("/sys/module/apparmor/parameters/enabled", "Y\n")},
			want: []string{"Info selinux: SELinux is enforcing", "Info apparmor: AppArmor is on"}},
		"says nothing of them when they are off": {host: []hosttest.Option{on("/sys/fs/selinux/enforce", "0"), on("/sys/module/apparmor/parameters/enabled", "N\n")}},
		"warns of two kinds of iptables":         {host: []hosttest.Option{on("/proc/1/net/ip_tables_names", "filter\nnat\n")}, want: []string{"Warning iptables: iptables is the nft one, and the kernel also has tables of the legacy one (filter, nat)"}},
		"believes the alternative that is set":   {host: []hosttest.Option{on("/proc/1/net/ip_tables_names", "filter\n"), hosttest.Link("/etc/alternatives/iptables", "/usr/sbin/iptables-legacy")}},
		"accepts an nft without legacy tables":   {host: []hosttest.Option{on("/proc/1/net/ip_tables_names", ""), hosttest.Link("/etc/alternatives/iptables", "/usr/sbin/iptables-nft")}},

		"warns of a file that cuts the shutdown short": {host: []hosttest.Option{on("/usr/lib/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf", "[Login]\n#x\nInhibitDelayMaxSec=30\n")},
			want: []string{"Warning shutdown: /usr/lib/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf has InhibitDelayMaxSec=30s"}},
		"accepts that file when it is switched off": {host: []hosttest.Option{on("/usr/lib/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf", "InhibitDelayMaxSec=30\n"), hosttest.Link("/etc/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf", "/dev/null")}},
		"accepts one that waits long enough":        {host: []hosttest.Option{on("/etc/systemd/logind.conf.d/zz.conf", "[Login]\nInhibitDelayMaxSec = 2min 30s\n")}},
		"accepts one that is read before":           {host: []hosttest.Option{on("/etc/systemd/logind.conf.d/10-a.conf", "[Login]\nInhibitDelayMaxSec=1\n")}},
		"does not look without a grace period":      {host: []hosttest.Option{on("/etc/systemd/logind.conf.d/zz.conf", "InhibitDelayMaxSec=1\n")}, spec: func(s *preflight.Spec) { s.ShutdownGracePeriod = 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec()
			if c.spec != nil {
				c.spec(&s)
			}
			wantFindings(t, preflight.Run(t.Context(), well(c.host...), s), c.want)
		})
	}
}

// wantFindings compares findings with lines of the form "severity check: part of the reason", in order.
func wantFindings(t *testing.T, found []preflight.Finding, want []string) {
	t.Helper()
	var got []string
	for i, f := range found {
		line := fmt.Sprintf("%s %s: %s", f.Severity, f.Check, f.Reason)
		if i < len(want) && strings.HasPrefix(line, want[i]) {
			line = want[i]
		}
		if f.Severity != preflight.Info && f.Remedy == "" {
			t.Errorf("%q has no remedy", line)
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// certificate is the kubelet's, with its key before it as in the real file.
func certificate(t *testing.T, from, to time.Time) hosttest.Option {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("secret")})
	return hosttest.File("/var/lib/kubelet/pki/kubelet-client-current.pem", string(append(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)))
}

func TestRunOnImage(t *testing.T) {
	t.Parallel()
	wantFindings(t, preflight.Run(t.Context(), hosttest.New(hosttest.Image()), spec()), nil)
	clone := hosttest.New(hosttest.Image(), hosttest.File("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"))
	wantFindings(t, preflight.Run(t.Context(), clone, spec()), []string{"Warning machine-id: the image has a machine-id"})
}

func TestRunOrder(t *testing.T) {
	t.Parallel()
	extra := preflight.Check{Name: "extra", Run: func(context.Context, host.View, preflight.Spec) ([]preflight.Finding, error) {
		return []preflight.Finding{{Severity: preflight.Error, Reason: "first", Remedy: "do it"}}, errors.New("and blind")
	}}
	v := well(hosttest.Swap("/dev/sda2"), hosttest.File("/etc/machine-id", ""))
	found := preflight.Run(t.Context(), v, spec(), extra)
	wantFindings(t, found, []string{"Error machine-id:", "Error extra: first", "Warning swap:", "Info extra: this could not be looked at: and blind"})
	for n, want := range map[int]preflight.Severity{0: "", 1: preflight.Info, 2: preflight.Warning, 3: preflight.Error} {
		if got := preflight.Worst(found[len(found)-n:]); got != want {
			t.Errorf("got worst %q of the last %d, want %q", got, n, want)
		}
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	const own = "0123456789abcdef0123456789abcdef"
	for other, want := range map[string]int{own: 0, "": 0, "ffffffffffffffffffffffffffffffff": 1} {
		found := preflight.Duplicate(own, preflight.Registered{Name: "worker-1", MachineID: other})
		if len(found) != want || want == 1 && (found[0].Severity != preflight.Error || !strings.Contains(found[0].Remedy, "kubectl delete node worker-1")) {
			t.Errorf("got %v for a node with machine-id %q, want %d errors with the way out", found, other, want)
		}
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	steptest.Run(t, steptest.Case{
		Name: "wants nothing of a host that is well", Golden: "testdata/well.golden",
		Step: func() steps.Step { return preflight.New(spec()) }, Host: func() *hosttest.Fake { return well() },
	})

	t.Run("refuses with all errors at once, each with its way out", func(t *testing.T) {
		t.Parallel()
		v := well(hosttest.File("/etc/machine-id", ""), mount("/opt", func(d *host.Filesystem) { d.NoExec = true }))
		_, err := preflight.New(spec()).Plan(t.Context(), v)
		remarks, failure := steps.Split(err)
		if len(remarks) > 0 || failure == nil || strings.Count(failure.Error(), "\n") != 1 {
			t.Fatalf("got remarks %v and failure %v, want two errors", remarks, failure)
		}
		for _, want := range []string{"machine-id: /etc/machine-id is empty", "systemd-machine-id-setup", "noexec: /opt/cni/bin", "Take noexec out"} {
			if !strings.Contains(failure.Error(), want) {
				t.Errorf("got %v, want it to say %q", failure, want)
			}
		}
		var refused *preflight.Refused
		if !errors.As(failure, &refused) {
			t.Errorf("got %T, want a *Refused", failure)
		}
	})

	t.Run("warns, and runs the extra checks that are for plans", func(t *testing.T) {
		t.Parallel()
		check := func(name string, inPlan bool) preflight.Check {
			return preflight.Check{Name: name, InPlan: inPlan, Run: func(context.Context, host.View, preflight.Spec) ([]preflight.Finding, error) {
				return []preflight.Finding{{Severity: preflight.Warning, Reason: "x"}, {Severity: preflight.Info, Reason: "y"}}, nil
			}}
		}
		_, err := preflight.New(spec(), check("in", true), check("out", false)).Plan(t.Context(), well())
		remarks, failure := steps.Split(err)
		if failure != nil || len(remarks) != 1 || remarks[0].Kind != steps.RemarkWarning || remarks[0].Text != "in: x" {
			t.Errorf("got remarks %v and failure %v, want the warning of the check for plans alone", remarks, failure)
		}
	})

	t.Run("runs no command", func(t *testing.T) {
		t.Parallel()
		v := well(hosttest.Handle("systemctl", func(*hosttest.Fake, host.Command) (host.Output, error) {
			t.Error("a plan asked systemctl")
			return host.Output{}, nil
		}))
		if _, err := preflight.New(spec()).Plan(t.Context(), v); err != nil {
			t.Error(err)
		}
	})
}

func TestChecks(t *testing.T) {
	t.Parallel()
	var names []string
	for _, check := range preflight.Checks() {
		if slices.Contains(names, check.Name) {
			t.Errorf("two checks are called %s", check.Name)
		}
		names = append(names, check.Name)
	}
}
