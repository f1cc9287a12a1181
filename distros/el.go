package distros

import "slices"

// elFamily is what Red Hat Enterprise Linux of a major version and all that is
// built like it have in common.
//
// Kernels: songdongsheng.github.io, "Linux Kernel and GNU C Library version"
// (7), kubespray, docs/operations/kernel-requirements.md (8, 9), systemd/systemd,
// README (10). systemd: the test data of intel/cve-bin-tool (7), index
// 56741727608 (10), systemd/python-systemd#132 (8 and 9: 9.0 and 9.1 had 250).
// cgroup v2 since 9: Red Hat, "Considerations in adopting RHEL 9". iptables:
// kubernetes-sigs/iptables-wrappers (7 has legacy only, 8 and later nft only).
// Certificates: update-ca-trust(8); bundle: Go, crypto/x509/root_linux.go.
// Clocks: cloud-init cc_ntp.py. yum-cron in 7, dnf-automatic since: Deckhouse,
// dnf-automatic(8). Version locks: yum-versionlock(1), dnf-plugins-core
// doc/versionlock.rst. needs-restarting: access.redhat.com/solutions/27943,
// dnf4-needs-restarting(8). Docker and containerd come from Docker's repository
// only, and containerd.io brings runc (docker/containerd-packaging).
func elFamily(major string) Release {
	family := Release{
		Family: FamilyRHEL, PackageManager: Dnf, Platform: "platform:el" + major,
		Repositories: Repositories{SourcesDir: "/etc/yum.repos.d", KeysDir: "/etc/pki/rpm-gpg"},
		Packages:     pkgsK8s(Packages{Containerd: "containerd.io", VersionLock: "python3-dnf-plugin-versionlock"}),
		Containerd:   containerdFiles(), Docker: dockerCE(), CNI: kubernetesCNI(),
		Kubelet:   Kubelet{EnvironmentFile: "/etc/sysconfig/kubelet", Unit: "kubelet.service"},
		Trust:     elTrust(),
		TimeSync:  elTimeSync(),
		Updates:   Updates{Units: slices.Concat(dnfAutomatic(), []string{"packagekit.service"})},
		Security:  elSecurity(major),
		Reboot:    Reboot{Query: []string{"needs-restarting", "-r"}, QueryPackage: "yum-utils", KernelDir: kernelModules},
		Supported: true, Tested: testedDnf,
	}
	switch major {
	case "7":
		family.Platform = "" // PLATFORM_ID is younger
		family.PackageManager, family.Tested = Yum, testedYum
		family.Packages.VersionLock = "yum-plugin-versionlock"
		family.Updates.Units = []string{"yum-cron.service", "packagekit.service"}
		family.Kernel, family.Init = Kernel{Version: "3.10", Iptables: "legacy"}, Init{Name: "systemd", Version: 219}
		family.Sysctl.ReadsEtcSysctlConf = true
	case "8":
		family.Kernel, family.Init = Kernel{Version: "4.18", Iptables: "nft"}, Init{Name: "systemd", Version: 239}
		family.Sysctl.ReadsEtcSysctlConf = true
	case "9":
		family.Kernel, family.Init = Kernel{Version: "5.14", CgroupV2: true, Iptables: "nft"}, Init{Name: "systemd", Version: 252}
		family.Sysctl.ReadsEtcSysctlConf = true
	case "10":
		family.Kernel, family.Init = Kernel{Version: "6.12", CgroupV2: true, Iptables: "nft"}, Init{Name: "systemd", Version: 257}
	}
	return family
}

// elNotes are what to know of a major version, whoever builds it.
func elNotes(major string, own ...string) []string {
	notes := []string{"it has no containerd and no Docker of its own: both come from Docker's repository"}
	switch major {
	case "7":
		notes = append(notes, "it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false",
			"kernel 3.10 is older than runc's least, 4.15; systemd 219 is older than the systemd cgroup driver wants, 228",
			"an XFS made with ftype=0 cannot hold overlay layers")
	case "8":
		notes = append(notes, "it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false")
	case "9":
		notes = append(notes, "9.0 and 9.1 had systemd 250")
	}
	return append(notes, own...)
}

func elTrust() Trust {
	return Trust{
		Dir: "/etc/pki/ca-trust/source/anchors", Suffix: ".crt", Update: []string{"update-ca-trust", "extract"},
		Bundle: "/etc/pki/tls/certs/ca-bundle.crt", Package: "ca-certificates",
	}
}

func elTimeSync() TimeSync {
	return TimeSync{Package: "chrony", Unit: "chronyd.service", Units: []string{"chronyd.service", "ntpd.service"}}
}

// dnfAutomatic are the timers of dnf 4's package; each starts a service of its
// own that ends by itself.
func dnfAutomatic() []string {
	return []string{
		"dnf-automatic.timer", "dnf-automatic-download.timer", "dnf-automatic-install.timer", "dnf-automatic-notifyonly.timer",
	}
}

// enforcing is RHEL's own choice of SELinux, which its rebuilds keep: Red Hat,
// "Using SELinux", states and modes.
func enforcing(major string) Security {
	security := elSecurity(major)
	security.SELinux = "enforcing"
	return security
}

// elSecurity: since RHEL 9 and Fedora 34 SELINUX=disabled is no longer enough
// (fedoraproject.org/wiki/Changes/Remove_Support_For_SELinux_Runtime_Disable;
// Red Hat, "Considerations in adopting RHEL 9").
func elSecurity(major string) Security {
	return Security{Firewalls: []string{"firewalld.service"}, SELinuxOffByKernel: major == "9" || major == "10"}
}

// rhelReleases are the rows of Red Hat Enterprise Linux.
func rhelReleases() []Release {
	row := func(major, codename string, notes ...string) Release {
		return like(elFamily(major), Release{
			ID: "rhel", Version: major, Name: "Red Hat Enterprise Linux " + major + " (" + codename + ")",
			// Scientific Linux 7 says ID=rhel too.
			Match:    Match{IDs: []string{"rhel"}, PrettyName: "Red Hat Enterprise Linux", Versions: byVersionID(major)},
			Security: enforcing(major), Notes: elNotes(major, notes...),
		})
	}
	return []Release{
		row("7", "Maipo", "end of life but for extended support"),
		row("8", "Ootpa"), row("9", "Plow"), row("10", "Coughlan"),
	}
}

// rebuildReleases are the rows of the distributions that are built from RHEL's
// sources, or that RHEL is built from (CentOS Stream).
//
// That os-release differs in names and versions only: the files of each in
// chef/os_release and which-distro/os-release; MSVSphere: Etersoft/eepm,
// tests/etc; AlterOS: chef/os_release. What AlterOS needs is in Deckhouse's
// former bundle for it (removed in v1.53).
func rebuildReleases() []Release {
	var rows []Release
	for _, system := range []struct {
		id, name string
		majors   []string
	}{
		{"almalinux", "AlmaLinux", []string{"8", "9", "10"}},
		{"rocky", "Rocky Linux", []string{"8", "9", "10"}},
		{"ol", "Oracle Linux", []string{"7", "8", "9", "10"}},
	} {
		for _, major := range system.majors {
			row := like(elFamily(major), Release{
				ID: system.id, Version: major, Name: system.name + " " + major,
				Match:    Match{IDs: []string{system.id}, Versions: byVersionID(major)},
				Security: enforcing(major), Notes: elNotes(major),
			})
			if system.id == "ol" {
				// Oracle boots its own kernel (UEK) unless told otherwise: index 68980712549.
				row.Kernel.Version = ""
				row.Notes = append(row.Notes, "it boots Oracle's own kernel (UEK) or Red Hat's, so the version of the kernel is read from the host")
			}
			rows = append(rows, row)
		}
	}
	rows = append(rows, centosReleases()...)
	return append(rows,
		like(elFamily("9"), Release{
			ID: "msvsphere", Version: "9", Name: "MSVSphere 9", Match: Match{IDs: []string{"msvsphere"}, Versions: byVersionID("9")},
			Notes: elNotes("9", "whether SELinux enforces after installation is not recorded"),
		}),
		like(elFamily("8"), Release{
			ID: "miraclelinux", Version: "8", Name: "MIRACLE LINUX 8", Match: Match{IDs: []string{"miraclelinux"}, Versions: byVersionID("8")},
			Notes: elNotes("8", "whether SELinux enforces and firewalld runs after installation is not recorded"),
		}),
		like(elFamily("7"), Release{
			ID: "alteros", Version: "7", Name: "AlterOS 7", Match: Match{IDs: []string{"alteros"}, Versions: byVersionID("7")},
			Notes: elNotes("7", "its defaults for SELinux and the firewall are not recorded"),
		}),
		sberLinux(),
	)
}

// centosReleases: CentOS Linux and CentOS Stream share ID and VERSION_ID, and
// only their names tell them apart. A Stream is written as 8-stream here.
func centosReleases() []Release {
	linux := func(major, note string) Release {
		return like(elFamily(major), Release{
			ID: "centos", Version: major, Name: "CentOS Linux " + major,
			Match:    Match{IDs: []string{"centos"}, PrettyName: "CentOS Linux", Versions: byVersionID(major)},
			Security: enforcing(major), Notes: elNotes(major, note),
		})
	}
	stream := func(major string, notes ...string) Release {
		return like(elFamily(major), Release{
			ID: "centos", Version: major + "-stream", Name: "CentOS Stream " + major,
			Match:    Match{IDs: []string{"centos"}, PrettyName: "CentOS Stream", Versions: byVersionID(major)},
			Security: enforcing(major), Notes: elNotes(major, notes...),
		})
	}
	const gone = "end of life; its repositories have moved to vault.centos.org"
	return []Release{linux("7", gone), linux("8", gone), stream("8", gone), stream("9"), stream("10")}
}

// sberLinux: no public source has its os-release whole. Index 10876074746 looks
// for "sberlinux" in it, index 10995044445 for NAME="SberLinux" and installs by
// yum; its repository file is sberlinux-9.repo (index 10874840943). SELinux and
// the clock: platformv.sbertech.ru, SLC 9.5.0 and SLO 9.6.0.
func sberLinux() Release {
	row := like(elFamily("9"), Release{
		ID: "sberlinux", Version: "9", Name: "SberLinux 9",
		Match:    Match{IDs: []string{"sberlinux"}, Versions: byVersionID("9")},
		Security: enforcing("9"),
		Notes: elNotes("9",
			"no public source shows its os-release or its packages: the facts are those of Enterprise Linux 9, which it is taken for"),
	})
	row.Supported = false
	row.Platform = "" // not known to repeat Red Hat's
	return row
}
