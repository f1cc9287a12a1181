package sysctl

// Where values come from.
const (
	fromKubelet = "kubelet refuses to start with protectKernelDefaults and another value (kubernetes, component-helpers/node/util/sysctl)"
	fromPeers   = "Deckhouse, kubespray, EKS AL2023, image-builder"
)

// The size of the table of connections: Deckhouse's formula.
const (
	conntrackPerCPU = 131072
	conntrackLeast  = "524288"
)

// KubernetesEntries is the profile Kubernetes, read top to bottom. What other tools set and this
// one does not is in NotInProfile.
func KubernetesEntries() []Entry {
	var all []Entry
	for _, part := range [][]Entry{kubeletDefaults, routing(), limits} {
		all = append(all, part...)
	}
	return all
}

// kubeletDefaults are the keys that the kubelet checks at its start, and sets itself without protectKernelDefaults.
// It wants these very values, no higher ones.
var kubeletDefaults = []Entry{
	{Key: "vm.overcommit_memory", Value: "1", Source: fromKubelet,
		Why: "memory is limited per pod; the kernel must not refuse what a pod may have because all together asked for more"},
	{Key: "vm.panic_on_oom", Value: "0", Source: fromKubelet,
		Why: "out of memory ends one container, not the node"},
	{Key: "kernel.panic", Value: "10", Source: fromKubelet,
		Why: "a node that panicked comes back by itself after 10 seconds; a fencing agent that wants 0 has to set it in sysctl, and then the kubelet's protectKernelDefaults must be off"},
	{Key: "kernel.panic_on_oops", Value: "1", Source: fromKubelet,
		Why: "a kernel that went wrong must not go on answering health checks"},
	{Key: "kernel.keys.root_maxkeys", Value: "1000000", Source: fromKubelet,
		Why: "each container that root starts takes a key of the kernel's keyring, and root has 200 at first on old kernels"},
	{Key: "kernel.keys.root_maxbytes", Value: "25000000", Source: fromKubelet,
		Why: "25 bytes for each of those keys"},
}

// routing makes a host a router for its pods.
func routing() []Entry {
	return []Entry{
		{Key: "net.ipv4.ip_forward", Value: "1", Source: fromPeers, Also: []Key{"net.ipv4.conf.all.forwarding"},
			Why: "traffic of pods leaves and enters through the host"},
		{Key: "net.ipv6.conf.all.forwarding", Value: "1", Source: "kubespray, Bottlerocket", IPv6: true,
			Why: "the same for IPv6; a router believes no router advertisements unless its interfaces have accept_ra 2, so it is set only where pods have IPv6 addresses"},
		{Key: "net.ipv6.conf.default.accept_ra", Value: "2", Source: "Talos; kernel documentation, ip-sysctl", IPv6: true,
			Why: "an interface that comes later keeps its IPv6 default route although the host is a router"},
		{Key: "net.bridge.bridge-nf-call-iptables", Value: "1", Module: "br_netfilter", Source: fromPeers + ", Talos",
			Why: "traffic between pods on one bridge goes through the rules of kube-proxy and network policies"},
		{Key: "net.bridge.bridge-nf-call-ip6tables", Value: "1", Module: "br_netfilter", Source: fromPeers + ", Talos",
			Why: "the same for IPv6"},
		{Key: "net.ipv4.conf.all.rp_filter", Value: "0", Source: "Deckhouse; image-builder has 1 on Ubuntu; kernel documentation, ip-sysctl",
			Why: "the kernel takes the higher of all and the interface's own, so that any other value here defeats the 0 that network add-ons (Cilium, Calico) need on their interfaces; the host's own interfaces keep theirs"},
		{Key: "net.netfilter.nf_conntrack_max", Also: []Key{"net.nf_conntrack_max"}, AtLeast: true, Module: "nf_conntrack",
			Value: conntrackLeast, Scale: func(s Size) int64 { return conntrackPerCPU * int64(s.CPUs) }, Formula: "max(524288, 131072 × CPUs)",
			Source: "Deckhouse; Bottlerocket has 1048576 for all sizes",
			Why:    "a full table drops new connections; the work that makes connections grows with the CPUs, and an entry takes some 300 bytes only when it is used. kube-proxy may change it by its own configuration when it starts"},
		{Key: "net.ipv4.neigh.default.gc_thresh1", Value: "16384", AtLeast: true, Source: "Deckhouse; Bottlerocket has 0",
			Why: "below that nothing is collected: pods that talk seldom stay resolved; 0 would collect from a table that has room"},
		{Key: "net.ipv4.neigh.default.gc_thresh2", Value: "28672", AtLeast: true, Source: "Deckhouse; Bottlerocket has 15360",
			Why: "the soft limit, an eighth below the hard one"},
		{Key: "net.ipv4.neigh.default.gc_thresh3", Value: "32768", AtLeast: true, Source: "Deckhouse; Bottlerocket has 16384",
			Why: "the kernel's 1024 neighbours are fewer than the pods and nodes of a flat network, and a full table makes addresses unreachable; the higher of the two values, because a limit costs nothing until it is used"},
	}
}

// limits are raised, and never lowered.
var limits = []Entry{
	{Key: "fs.inotify.max_user_instances", Value: "8192", AtLeast: true, Source: "kubespray, EKS AL2023, Bottlerocket, Talos, image-builder; Deckhouse has 5120",
		Why: "all containers of one user share it, and the kernel's 128 ends with \"too many open files\"; what most use"},
	{Key: "fs.inotify.max_user_watches", Value: "524288", AtLeast: true, Source: "Deckhouse, EKS AL2023, Bottlerocket, image-builder",
		Why: "shared like the instances; the kernel from 5.11 on may choose more by its memory, and that stays"},
	{Key: "kernel.pid_max", Value: "4194304", AtLeast: true, Source: "EKS AL2023; Deckhouse has 2000000, Talos 262144",
		Why: "what systemd sets since 243 on 64-bit machines; pods are held down by podPidsLimit, not by the number of all processes"},
	{Key: "vm.max_map_count", Value: "524288", AtLeast: true, Source: "EKS AL2023, Bottlerocket",
		Why: "databases and search engines in pods map many files and cannot raise it themselves; distributions that have more keep it"},
	{Key: "fs.may_detach_mounts", Value: "1", Rare: true, Source: "kubespray",
		Why: "kernels of EL 7 only: a mount point in another mount namespace can be removed, or pods hang in Terminating"},
}

// Omitted is a key that others set, and why the profile does not.
type Omitted struct {
	Key Key
	Why string
}

// NotInProfile are the keys of which an operator might ask why they are missing.
func NotInProfile() []Omitted {
	return []Omitted{
		{"net.bridge.bridge-nf-call-arptables", "nothing in Kubernetes uses arptables, and 1 is the kernel's default"},
		{"net.ipv4.ip_local_reserved_ports", "the default local ports, 32768-60999, meet neither node ports nor the ports of Kubernetes; who changes net.ipv4.ip_local_port_range knows what to reserve"},
		{"net.ipv4.ip_local_port_range", "Deckhouse's 10500-65535 would put local ports among the node ports"},
		{"net.core.somaxconn", "it belongs to each network namespace, so a value of the host's does not reach pods; the kernel from 5.4 on has 4096"},
		{"user.max_user_namespaces", "0 (Talos, Bottlerocket) forbids pods with user namespaces; distributions choose"},
		{"fs.file-max", "the kernel chooses by the machine's memory"},
		{"vm.swappiness", "it is a matter of swap, not of Kubernetes"},
		{"vm.dirty_ratio", "and the other vm.dirty keys: a matter of the disks"},
		{"net.ipv4.tcp_rmem", "and the other buffers: a matter of the network, and of each network namespace"},
	}
}
