package distros

// debianReleases are the rows of Debian.
//
// Package versions, dependencies, file lists and shipped configuration of 11 to
// 13: the packages themselves, from the archives as of November 2026. The same
// of 9 and 10 from packages.debian.org where a row says no other. Kernels of 9
// and 10: songdongsheng.github.io, "Linux Kernel and GNU C Library version";
// systemd of 9: index 29007734996 (a security notice), of 10:
// packages.debian.org/buster, file list of systemd. cgroup v2 by default since
// 11: kubernetes/website, concepts/architecture/cgroups. nft behind iptables
// since 10, legacy before: iptables, README.Debian; kubernetes-sigs/iptables-wrappers.
// AppArmor on by default since 10: release notes of buster.
func debianReleases() []Release {
	family := debianFamily()
	return []Release{
		like(family, Release{
			ID: "debian", Version: "9", Name: "Debian 9 (stretch)", Codename: "stretch", Match: debianMatch("9"),
			Supported: true, Tested: testedApt,
			Notes: []string{
				"end of life; its archive has moved to archive.debian.org",
				"it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false",
				"it has no containerd of its own: containerd.io comes from Docker's repository",
			},
			Kernel: Kernel{Version: "4.9", Iptables: "legacy"}, Init: Init{Name: "systemd", Version: 232},
			Packages:   pkgsK8s(Packages{Containerd: "containerd.io"}),
			Containerd: containerdFiles(), CNI: kubernetesCNI(), Docker: dockerCE(),
		}),
		like(family, Release{
			ID: "debian", Version: "10", Name: "Debian 10 (buster)", Codename: "buster", Match: debianMatch("10"),
			Supported: true, Tested: testedApt,
			Notes: []string{
				"end of life; its archive has moved to archive.debian.org",
				"it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false",
				"which containerd and Docker it has carried is not recorded here",
			},
			Kernel: Kernel{Version: "4.19", Iptables: "nft"}, Init: Init{Name: "systemd", Version: 241},
			Packages:   pkgsK8s(Packages{Containerd: "containerd", Runc: "runc"}),
			Containerd: containerdFiles(), CNI: kubernetesCNI(), Docker: debianDocker(VersionRange{}), Security: debianSecurity(true),
		}),
		like(family, Release{
			ID: "debian", Version: "11", Name: "Debian 11 (bullseye)", Codename: "bullseye", Match: debianMatch("11"),
			Supported: true, Tested: testedOnMachines,
			Notes: []string{
				"its own containerd 1.4 serves CRI v1alpha2 only; kubelet 1.26 and later need CRI v1, so take containerd from another repository",
			},
			Kernel: Kernel{Version: "5.10", CgroupV2: true, Iptables: "nft"}, Init: Init{Name: "systemd", Version: 247},
			Containerd: debianContainerd(VersionRange{Min: "1.4.13", Max: "1.4"}),
			Docker:     debianDocker(VersionRange{Min: "20.10.5", Max: "20.10"}), Security: debianSecurity(true),
			Sysctl: Sysctl{ReadsEtcSysctlConf: true, Files: []SysctlFile{systemdPIDMax()}},
		}),
		like(family, Release{
			ID: "debian", Version: "12", Name: "Debian 12 (bookworm)", Codename: "bookworm", Match: debianMatch("12"),
			Supported: true, Tested: testedOnMachines,
			Notes: []string{
				"its own containerd is 1.6, whose upstream support ended in August 2025; kubelet 1.35 is the last that promises to work with containerd 1.x",
			},
			Kernel: Kernel{Version: "6.1", CgroupV2: true, Iptables: "nft"}, Init: Init{Name: "systemd", Version: 252},
			Containerd: debianContainerd(VersionRange{Min: "1.6.20", Max: "1.6"}),
			Docker:     debianDocker(VersionRange{Min: "20.10.24", Max: "20.10"}), Security: debianSecurity(true),
			Sysctl: Sysctl{ReadsEtcSysctlConf: true, Files: []SysctlFile{systemdPIDMax()}},
		}),
		like(family, Release{
			ID: "debian", Version: "13", Name: "Debian 13 (trixie)", Codename: "trixie", Match: debianMatch("13"),
			Supported: true, Tested: testedOnMachines,
			Notes: []string{
				"its own containerd is 1.7; kubelet 1.35 is the last that promises to work with containerd 1.x",
				"/etc/sysctl.conf is no longer read at boot",
				"systemd 257 refuses to boot on cgroup v1",
			},
			Kernel: Kernel{Version: "6.12", CgroupV2: true, Iptables: "nft"}, Init: Init{Name: "systemd", Version: 257},
			Containerd: debianContainerd(VersionRange{Min: "1.7.24", Max: "1.7"}),
			Docker:     debianDocker(VersionRange{Min: "26.1.5", Max: "26.1"}), Security: debianSecurity(true),
			Sysctl: Sysctl{Files: []SysctlFile{systemdPIDMax(), linuxSysctlDefaults()}},
		}),
	}
}

// debianFamily is what Debian, Ubuntu and Astra have in common.
//
// Certificates: update-ca-certificates(8), cloud-init cc_ca_certs.py; bundle:
// Go, crypto/x509/root_linux.go. Clocks: cloud-init cc_ntp.py; ntpsec.service:
// the package, which calls it ntp.service too. Units that update: Deckhouse and
// kubernetes-sigs/image-builder mask these five. The sign of a restart:
// mvo5/unattended-upgrades (on Debian only where that package is installed).
func debianFamily() Release {
	return Release{
		Family: FamilyDebian, PackageManager: Apt,
		// apt's own advice is one key a repository in /etc/apt/keyrings
		// (sources.list(5)), which apt before bookworm does not create.
		Repositories: Repositories{SourcesDir: "/etc/apt/sources.list.d", KeysDir: "/etc/apt/keyrings"},
		Packages:     pkgsK8s(Packages{Containerd: "containerd", Runc: "runc", CNIPlugins: "containernetworking-plugins"}),
		CNI:          CNI{ConfDir: "/etc/cni/net.d", BinDir: "/opt/cni/bin", PackagedBinDir: "/usr/lib/cni"},
		Kubelet:      Kubelet{EnvironmentFile: "/etc/default/kubelet", Unit: "kubelet.service"},
		Sysctl:       Sysctl{ReadsEtcSysctlConf: true},
		Trust: Trust{
			Dir: "/usr/local/share/ca-certificates", Suffix: ".crt", Update: []string{"update-ca-certificates", "--fresh"},
			Bundle: "/etc/ssl/certs/ca-certificates.crt", Package: "ca-certificates",
		},
		TimeSync: TimeSync{
			Package: "chrony", Unit: "chrony.service",
			Units: []string{"systemd-timesyncd.service", "chrony.service", "ntp.service", "ntpsec.service"},
		},
		Updates: Updates{
			Units: []string{
				"unattended-upgrades.service", "apt-daily.timer", "apt-daily-upgrade.timer", "apt-daily.service", "apt-daily-upgrade.service",
			},
			AptPeriodic: true,
		},
		Security: debianSecurity(false),
		Reboot:   Reboot{Sign: "/run/reboot-required", Packages: "/run/reboot-required.pkgs", KernelDir: kernelModules},
	}
}

// debianMatch answers for Debian itself. Puppy, Pengwin and Distroless say
// ID=debian too, and only PRETTY_NAME tells them apart.
func debianMatch(major string) Match {
	return Match{IDs: []string{"debian"}, PrettyName: "Debian GNU/Linux", Versions: byVersionID(major)}
}

// pkgsK8s adds the names at pkgs.k8s.io, which deb and rpm share.
func pkgsK8s(packages Packages) Packages {
	packages.Kubelet, packages.Kubectl, packages.KubernetesCNI = "kubelet", "kubectl", "kubernetes-cni"
	return packages
}

// debianSecurity: neither firewall is there from the start on Debian.
func debianSecurity(appArmor bool) Security {
	return Security{Firewalls: []string{"ufw.service", "firewalld.service"}, AppArmor: appArmor}
}

func debianContainerd(versions VersionRange) Containerd {
	containerd := containerdFiles()
	containerd.Versions, containerd.PackagedBinDir = versions, "/usr/lib/cni"
	return containerd
}

// debianDocker: Docker's repository serves bullseye, bookworm and trixie
// (docker-ce-packaging@2f12fe8861d6), older releases with what it built before.
func debianDocker(versions VersionRange) Docker {
	docker := dockerCE()
	docker.Package, docker.Versions = "docker.io", versions
	return docker
}

func systemdPIDMax() SysctlFile {
	return SysctlFile{
		Path: "/usr/lib/sysctl.d/50-pid-max.conf", Package: "systemd",
		Sets: map[string]string{"kernel.pid_max": "4194304"},
	}
}

// linuxSysctlDefaults is new in trixie. The globs leave out conf.all, so its
// rp_filter of 2 does not defeat what a network add-on sets on an interface.
func linuxSysctlDefaults() SysctlFile {
	return SysctlFile{
		Path: "/usr/lib/sysctl.d/50-default.conf", Package: "linux-sysctl-defaults",
		Sets: map[string]string{
			"net.ipv4.conf.default.rp_filter": "2",
			"net.ipv4.conf.*.rp_filter":       "2",
			"vm.max_map_count":                "1048576",
		},
	}
}
