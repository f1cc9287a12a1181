package preflight

// Checks are all checks, in the order in which a person would look.
func Checks() []Check {
	return []Check{
		// The machine.
		{Name: "kernel", Run: checkKernel},
		{Name: "systemd", Run: checkSystemd},
		{Name: "cgroups", Run: checkCgroups}, // the kubelet's step refuses what does not fit
		{Name: "memory", Run: checkMemory},
		{Name: "modules", Run: checkModules}, // the modules' step loads them
		{Name: "sysctl", Run: checkSysctls},
		{Name: "swap", Run: checkSwap},
		// Its disks.
		{Name: "read-only", Run: checkReadOnly}, // an op that cannot write says so, with the way out
		{Name: "filesystem", Run: checkFilesystems, InPlan: true},
		{Name: "noexec", Run: checkNoExec, InPlan: true},
		{Name: "disk-space", Run: checkSpace},
		// Who it is.
		{Name: "hostname", Run: checkHostname, InPlan: true},
		{Name: "machine-id", Run: checkMachineID, InPlan: true, Images: true},
		{Name: "product-uuid", Run: checkProductUUID},
		{Name: "clock", Run: checkClock, InPlan: true},
		{Name: "clock-sync", Run: checkClockSync},
		{Name: "certificate", Run: checkCertificate},
		{Name: "dns", Run: checkDNS},
		// Who else is there.
		{Name: "ports", Run: checkPorts, InPlan: true},
		{Name: "kubernetes", Run: checkOtherKubernetes, InPlan: true},
		{Name: "runtimes", Run: checkRuntimes},
		{Name: "fapolicyd", Run: checkFapolicyd},
		{Name: "selinux", Run: checkSELinux},
		{Name: "apparmor", Run: checkAppArmor},
		{Name: "iptables", Run: checkIptables},
		{Name: "shutdown", Run: checkShutdown},
	}
}
