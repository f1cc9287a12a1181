package agent

import (
	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Idle names the steps to which a NodeGroup says nothing: all that they do is take away what hostler had made before.
func Idle(spec *v1alpha1.HostSpec) []string {
	os := &spec.OperatingSystem
	var names []string
	for _, step := range []struct {
		name string
		idle bool
	}{
		{"unattended-upgrades", os.UnattendedUpgrades != v1alpha1.Disabled},
		{"ca-certificates", len(os.CACertificates) == 0},
		{"proxy", os.Proxy == nil},
		{"time-sync", os.TimeSync != v1alpha1.PresenceEnabled},
		{"swap", os.Swap == v1alpha1.SwapUnmanaged},
		{"modules", len(os.KernelModules) == 0 && os.SysctlProfile != v1alpha1.SysctlProfileKubernetes},
		{"sysctl", len(os.Sysctl) == 0 && os.SysctlProfile != v1alpha1.SysctlProfileKubernetes},
		{"hugepages", os.TransparentHugepages == v1alpha1.HugepagesUnmanaged},
		{"blockdevices", len(os.BlockDevices) == 0},
		{"journald", os.Journald == nil},
		{"limits", len(os.Limits) == 0},
		{"users", len(os.Users) == 0},
		{"selinux", os.SELinux == v1alpha1.SELinuxUnmanaged},
		{"apparmor", os.AppArmor != v1alpha1.PresenceEnabled},
		{"firewall", os.Firewall != v1alpha1.Disabled},
		{"unneeded-services", os.UnneededServices != v1alpha1.Disabled},
		{"network/link-managers", spec.Network.CNILinks != v1alpha1.CNILinksProtected},
		{"files", len(os.Files) == 0},
		{"units", len(os.Units) == 0},
		{"network/cni", spec.Network.CNI.Type == v1alpha1.CNINotManaged},
		{"reboot", os.Reboot != v1alpha1.RebootWhenRequired},
		// These only look, or remember.
		{"preflight", true}, {"astra", true}, {"configurations", true}, {"configurations/optional", true},
	} {
		if step.idle {
			names = append(names, step.name)
		}
	}
	return names
}
