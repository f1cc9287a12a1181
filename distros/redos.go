package distros

// redosReleases are the rows of RED OS.
//
// 7.3 calls its platform el7 and yet uses dnf and packages of Enterprise Linux
// 8; 8 calls it red80 (os-release: Etersoft/eepm, chef/os_release; index
// 42148711327). VERSION is the exact release where VERSION_ID is not: 7.3.6 has
// VERSION_ID 7.3. Kernels of 7.3: index 69692138338. dnf without yum: Deckhouse
// pull requests 12027 and 14023. /etc/sysctl.conf: Deckhouse. Repositories' key
// folder: index 9774184421. Certificates and clock are the RHEL family's
// (cloud-init, kubespray); containerd.io and docker-ce come from Docker's
// repository for Enterprise Linux, of which people exclude RED OS's own
// packages of the same things (index 9774184421).
func redosReleases() []Release {
	const (
		kernels  = "the version of the kernel depends on the branch that is installed (5.15, or 6.1 with redos-kernels6-release), so it, the cgroup hierarchy and the iptables backend are read from the host"
		systemd  = "its version of systemd is not recorded"
		security = "whether SELinux and firewalld are on after installation is not recorded"
		docker   = "its own packages of containerd, runc and Docker get in the way of Docker's: exclude docker* containerd* runc* in RED OS's repositories"
		unseen   = "no public source shows its os-release; the facts are those of 7.3"
	)
	family := func(el string) Release {
		family := elFamily(el)
		family.Platform, family.Kernel, family.Init = "", Kernel{}, Init{Name: "systemd"}
		family.Security.SELinuxOffByKernel = false // not known
		// What it hardens in /etc/sysctl.conf is in force at boot.
		family.Sysctl = Sysctl{ReadsEtcSysctlConf: true, Files: []SysctlFile{{
			Path: "/etc/sysctl.conf", Sets: map[string]string{"net.core.bpf_jit_harden": "2"},
		}}}
		return family
	}
	seven, eight := family("8"), family("9")
	match := func(version string) Match {
		return Match{IDs: []string{"redos"}, Versions: []VersionRule{{Field: "VERSION", Is: []string{version}}, {Field: "VERSION_ID", Is: []string{version}}}}
	}
	old := func(version string) Release {
		row := like(seven, Release{
			ID: "redos", Version: version, Name: "RED OS " + version, Match: match(version),
			Notes: []string{unseen, kernels, systemd, security, docker},
		})
		row.Supported = false
		return row
	}
	return []Release{
		old("7.1"), old("7.2"),
		like(seven, Release{
			ID: "redos", Version: "7.3", Name: "RED OS 7.3 (MUROM)", Match: match("7.3"), Notes: []string{kernels, systemd, security, docker},
		}),
		like(eight, Release{
			ID: "redos", Version: "8", Name: "RED OS 8", Match: match("8"),
			Notes: []string{"the version of its kernel, the cgroup hierarchy and the iptables backend are not recorded", systemd, security, docker},
		}),
	}
}
