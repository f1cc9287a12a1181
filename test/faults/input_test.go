//go:build cluster

package faults

import (
	"strings"
	"testing"
)

func TestInputThatIsNotValidTouchesNothing(t *testing.T) {
	t.Parallel()
	m := bare(t, "input")
	before := m.look(t)
	for name, c := range map[string]struct {
		spec string
		want []string
	}{
		"an unknown field": {
			"operatingSystem:\n  sysctls: {vm.max_map_count: \"1\"}",
			[]string{groupFile + ":7:5: spec.operatingSystem.sysctls: ", "did you mean sysctl?"},
		},
		"a value of the wrong type": {
			"operatingSystem:\n  kernelModules: overlay",
			[]string{groupFile + ":7:20: spec.operatingSystem.kernelModules: "},
		},
		"a bad value": {
			"kubernetesVersion: latest",
			[]string{groupFile + ":6:22: spec.kubernetesVersion: "},
		},
		"a field that nothing serves yet": {
			"network:\n  cni: {type: Cilium}",
			[]string{groupFile + ":7:", "spec.network.cni.type: ", "not supported yet"},
		},
		"two mistakes at once": {
			"kubernetesVersion: latest\nkublet: {}",
			[]string{groupFile + ":6:22: spec.kubernetesVersion: ", groupFile + ":7:3: spec.kublet: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m.wish(t, c.spec)
			m.command(t, "hostler", "validate", "-f", groupFile).want(t, 2, c.want...)
			m.apply(t).want(t, 2, c.want...)
		})
	}
	m.wantAsBefore(t, before)
	if out := m.sh(t, "ls -d /var/lib/hostler 2>&1 || true"); !strings.Contains(out, "No such file") {
		t.Errorf("hostler's state after refusing input: got %q want none", out)
	}
}

func TestADistributionThatIsNotKnown(t *testing.T) {
	t.Parallel()
	m := bare(t, "unknown")
	m.sh(t, `cp --remove-destination "$(realpath /etc/os-release)" /etc/os-release
sed -i 's/^ID=.*/ID=stableian\nID_LIKE=debian/; s/^PRETTY_NAME=.*/PRETTY_NAME="Stableian 12"/' /etc/os-release`)
	m.wish(t, "operatingSystem:\n  files: [{path: /etc/wished, content: x}]")
	before := m.look(t)
	m.apply(t).want(t, 4, `ID="stableian"`, "treated as Debian 12 (bookworm)", "--allow-unsupported-distro")
	m.wantAsBefore(t, before)
	m.command(t, "hostler", "plan", "-f", groupFile, "--allow-unsupported-distro").want(t, 3,
		"Stableian 12 is not supported and is treated as Debian 12 (bookworm)", "create file:/etc/wished", "install package:containerd")
}

// nobody runs a command without any rights.
func nobody(argv ...string) []string {
	return append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"}, argv...)
}

func TestWithoutRootRights(t *testing.T) {
	t.Parallel()
	m := bare(t, "rights")
	m.wish(t, "operatingSystem:\n  files: [{path: /etc/wished, content: x}]")
	m.sh(t, "chmod 755 /root; chmod 644 "+groupFile)
	before := m.look(t)
	t.Run("plan works", func(t *testing.T) {
		m.command(t, nobody("hostler", "plan", "-f", groupFile)...).want(t, 3, "create file:/etc/wished")
	})
	t.Run("plan says what it cannot read", func(t *testing.T) {
		m.sh(t, "mkdir -m 700 /etc/private && echo secret > /etc/private/file")
		m.afterwards(t, "rm -r /etc/private")
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/private/file, content: x}]")
		m.command(t, nobody("hostler", "plan", "-f", groupFile)...).want(t, 1, "/etc/private/file", "permission denied", "root rights")
	})
	m.wish(t, "operatingSystem:\n  files: [{path: /etc/wished, content: x}]")
	t.Run("apply says that it needs them", func(t *testing.T) {
		m.command(t, nobody("hostler", "apply", "-f", groupFile)...).want(t, 1, "/var/lib/hostler", "root rights", "sudo")
		m.wantAsBefore(t, before)
	})
	t.Run("rollback says that it needs them", func(t *testing.T) {
		m.command(t, nobody("hostler", "rollback")...).want(t, 1, "/var/lib/hostler", "root rights")
		m.wantAsBefore(t, before)
	})
}

func TestASysctlKeyThatTheKernelLacks(t *testing.T) {
	t.Parallel()
	m := bare(t, "sysctl")
	before := m.look(t)
	m.wish(t, "operatingSystem:\n  sysctl: {net.ipv4.ip_forwad: \"1\", net.ipv4.ip_forward: \"1\"}")
	m.apply(t).want(t, 1, `sysctl "net.ipv4.ip_forwad"`, "this kernel has no such key", "net.ipv4.ip_forward", "correct the name")
	m.wantAsBefore(t, before)
}
