// Package hosttest has a host in memory for tests, and the suite that holds it
// and the real host to the same behaviour.
//
// New builds a Fake from options; what tests and command handlers change later
// they change with the same options:
//
//	f := hosttest.New(
//		hosttest.File("/etc/fstab", "/dev/sda2 none swap sw 0 0\n"),
//		hosttest.Sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456"),
//		hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "1")),
//		hosttest.UnitFile("kubelet.service", "[Install]\nWantedBy=multi-user.target\n"),
//		hosttest.Running("kubelet.service"),
//		hosttest.Handle("apt-get", install),
//		hosttest.Answers("test -e /etc/motd\n", check), // a check of a user's own
//	)
//	f.Change(hosttest.Sysctl("vm.swappiness", "10")) // somebody else at work
//
// The fake does what the kernel and systemd do where steps depend on it: vectors
// in /proc/sys are answered with tabs and refuse words, keys come with the module
// that owns them, a unit whose files changed needs a daemon-reload. Conformance
// proves it against the real ones.
package hosttest
