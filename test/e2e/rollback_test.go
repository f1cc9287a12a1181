//go:build cluster

package e2e

import "testing"

func (w *worker) goesBack(t *testing.T) {
	w.kubectl(t, w.cp, "delete", "pod/on-"+w.Name, "--grace-period=1", "--timeout=60s")
	w.wantHostler(t, 0, "rollback", "1")
	w.kubectl(t, w.cp, "delete", "node/"+w.Name)
	wantSame(t, "the machine, compared with what it was before hostler came,", w.bare, w.look(t), append(leftByPackages, leftByNode...)...)
	w.wantHostler(t, 3, "verify", "-f", groupFile)
}

// leftByPackages is what differs after packages were installed and purged again.
var leftByPackages = []exception{
	{"file /var/log/*", "what programs logged stays"},
	{"file /var/cache/*", "so do caches, of apt above all"},
	{"file /var/lib/apt/lists/*", "apt makes its working files when it first fetches lists"},
	{"* /var/lib/apt/extended_states", "apt makes it for the first package that it installs for another, and leaves it empty"},
	{"content /etc/ld.so.cache", "packages with libraries run ldconfig"},
	{"file /opt/containerd*", "containerd makes it when it starts"},
	{"file /var/lib/containerd", "containerd closes the folder of its data when it starts"},
	{"file /var/lib/cni*", "plugins keep the addresses of pods there"},
	{"failed systemd-ask-password-console.path", "failed in one of many runs; the cause is not known, and hostler does not touch the unit"},
}

// leftByPods is what differs after pods ran, until the next reboot.
var leftByPods = []exception{{"sysctl net.*.cni0.*", "the bridge of the network plugin stays"}}

// leftByNode is what differs after the machine was a node, and was rebooted.
var leftByNode = []exception{
	{"* /etc/kubernetes/kubelet.conf", "the kubelet's credential, which it got from the cluster by itself"},
	{"file /etc/kubernetes", "for the sake of the credential"},
	{"file /usr/libexec/kubernetes*", "the kubelet makes it when it starts"},
	{"unit-file kubepods*", "the kubelet's slices last until the next boot"},
	{"file /var/tmp/systemd-private-*", "named anew at each boot"},
}
