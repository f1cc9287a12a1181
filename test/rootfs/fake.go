package rootfs

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// New makes a running host in memory from a tree, with a kernel on which every
// step can be planned. Package managers are there and have nothing to say:
// options replace them, and add what a test wants.
func New(name string, options ...hosttest.Option) (*hosttest.Fake, error) {
	t, err := load(name)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(t.disk(), t.alive(), kernel(t.kernel), quietPrograms())
	return hosttest.New(append(all, options...)...), nil
}

// NewImage makes the same tree as an image folder in which nothing runs.
func NewImage(name string, options ...hosttest.Option) (*hosttest.Fake, error) {
	t, err := load(name)
	if err != nil {
		return nil, err
	}
	all := append(t.disk(), hosttest.Image())
	return hosttest.New(append(all, options...)...), nil
}

// disk is what is there without a kernel.
func (t *tree) disk() []hosttest.Option {
	options := []hosttest.Option{hosttest.Dir("/usr/lib", 0o755)}
	for _, name := range slices.Sorted(maps.Keys(t.links)) {
		options = append(options, hosttest.Link(name, t.links[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		options = append(options, hosttest.FileWith(name, t.files[name], host.Attr{Mode: mode(name)}))
	}
	options = append(options, hosttest.File(t.modules()+"/modules.builtin", ""), hosttest.File("/boot/vmlinuz-"+t.kernel, ""))
	for _, unit := range t.enabled {
		options = append(options, hosttest.Enabled(unit))
	}
	return options
}

// alive is what only a running host has.
func (t *tree) alive() []hosttest.Option {
	var options []hosttest.Option
	for _, name := range slices.Sorted(maps.Keys(t.live)) {
		options = append(options, hosttest.File(name, t.live[name]))
	}
	for _, unit := range t.running {
		options = append(options, hosttest.Running(unit))
	}
	return options
}

// kernel is a kernel as any distribution's: what a node needs can be loaded,
// nothing of it is, and values are the kernel's own.
func kernel(release string) []hosttest.Option {
	options := []hosttest.Option{
		hosttest.Sysctl("kernel.osrelease", release), hosttest.Sysctl("kernel.hostname", "sample"),
		hosttest.Swap("/dev/sda2"),
		hosttest.Interface("eth0", "10.0.0.7/24"),
		hosttest.DefaultRoute(host.Route{Interface: "eth0", Gateway: netip.MustParseAddr("10.0.0.1")}),
		hosttest.Module("br_netfilter", hosttest.Loadable,
			hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "1"), hosttest.Sysctl("net.bridge.bridge-nf-call-ip6tables", "1"),
			hosttest.Sysctl("net.bridge.bridge-nf-call-arptables", "1")),
		hosttest.Module("nf_conntrack", hosttest.Loadable,
			hosttest.Sysctl("net.netfilter.nf_conntrack_max", "262144"), hosttest.Sysctl("net.nf_conntrack_max", "262144")),
	}
	for _, module := range []string{"overlay", "zram", "dummy", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "vxlan", "wireguard", "erofs"} {
		options = append(options, hosttest.Module(module, hosttest.Loadable))
	}
	for key, value := range kernelDefaults {
		options = append(options, hosttest.Sysctl(key, value))
	}
	return options
}

// quietPrograms are the programs that plans ask, with nothing to report: no
// package is there, and nothing wants a restart.
func quietPrograms() []hosttest.Option {
	var options []hosttest.Option
	for _, program := range []string{"apt-get", "apt-cache", "apt-config", "rpm", "dnf", "yum", "zypper", "needs-restarting", "systemd-inhibit"} {
		options = append(options, hosttest.Handle(program, hosttest.Prints("")))
	}
	return append(options, hosttest.Handle("dpkg", hosttest.Prints("amd64\n")))
}

// kernelDefaults are keys that a node sets, with values as kernels start with.
var kernelDefaults = map[string]string{
	"fs.file-max": "9223372036854775807", "fs.inotify.max_user_instances": "128", "fs.inotify.max_user_watches": "65536", "fs.nr_open": "1048576",
	"fs.aio-max-nr": "65536", "kernel.panic": "0", "kernel.panic_on_oops": "0", "kernel.pid_max": "4194304", "kernel.threads-max": "127000",
	"kernel.keys.root_maxkeys": "1000000", "kernel.keys.root_maxbytes": "25000000", "kernel.numa_balancing": "0", "kernel.softlockup_panic": "0",
	"kernel.dmesg_restrict": "0", "kernel.kptr_restrict": "0", "kernel.unprivileged_bpf_disabled": "2", "kernel.yama.ptrace_scope": "0",
	"vm.overcommit_memory": "0", "vm.panic_on_oom": "0", "vm.max_map_count": "65530", "vm.swappiness": "60", "vm.dirty_ratio": "20",
	"vm.dirty_background_ratio": "10", "vm.dirty_expire_centisecs": "3000", "vm.min_free_kbytes": "67584", "user.max_user_namespaces": "63000",
	"net.ipv4.ip_forward": "0", "net.ipv4.conf.all.forwarding": "0", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
	"net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.default.forwarding": "0", "net.ipv6.conf.all.disable_ipv6": "0",
	"net.ipv4.ip_local_port_range": "32768 60999", "net.ipv4.ip_local_reserved_ports": "", "net.ipv4.tcp_max_syn_backlog": "1024",
	"net.ipv4.neigh.default.gc_thresh1": "128", "net.ipv4.neigh.default.gc_thresh2": "512", "net.ipv4.neigh.default.gc_thresh3": "1024",
	"net.ipv6.neigh.default.gc_thresh1": "128", "net.ipv6.neigh.default.gc_thresh2": "512", "net.ipv6.neigh.default.gc_thresh3": "1024",
	"net.core.somaxconn": "4096", "net.core.netdev_max_backlog": "1000", "net.core.rmem_max": "212992", "net.core.wmem_max": "212992",
	"net.core.bpf_jit_harden": "0", "net.ipv4.tcp_tw_reuse": "2", "net.ipv4.tcp_slow_start_after_idle": "1",
	"net.ipv4.tcp_keepalive_time": "7200", "net.ipv4.tcp_rmem": "4096 131072 6291456", "net.ipv4.tcp_wmem": "4096 16384 4194304",
}
