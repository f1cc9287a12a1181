// Package cluster builds a real Kubernetes cluster on one machine for tests and for people: machines that boot Debian
// under systemd-nspawn, a control plane of real binaries, and signed apt repositories to install from.
//
// It has three layers. [Assets] are what takes long to make: binaries, root file systems, packages, images. Each is
// built once, kept in the cache under a hash of what it is made from, and shared by all runs. A [Run] is one use of
// them: a bridge with its own /24, a repository server, nodes and at most one control plane; all that it makes carries
// its id and goes away with Close, and what a killed run left is removed by [Sweep]. A [Node] is a machine that can be
// rebooted, unplugged and cut off.
//
// The nodes are bare: no containerd, runc, kubelet or package source, since installing those is what hostler is tested
// for. They differ from a machine that debootstrap made in this only:
//
//   - the units of the rootfs folder make cgroup v1 controllers writable and give host0 its address;
//   - /lib/modules describes the running kernel, so that modprobe of what is built in succeeds (modules.go);
//   - the distribution's sysctl files that set keys outside net.* are masked (rootfs.go), since the kernel is the machine's;
//   - /var/lib/containerd and /var/lib/kubelet are binds, and trixie's init is told to accept cgroup v1 (node.go).
//
// A node has its own file system, processes, network and boot id, but the kernel is the machine's: sysctls outside net.*
// are shared with everybody, nothing may lower oom_score_adj (see [ContainerdQuirks]), and a power cut loses no page cache.
//
// It needs root, and on Debian the packages that [InstallHostPackages] names.
package cluster
