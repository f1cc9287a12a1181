package distros

// Table returns all rows. They are built anew on each call, so that a caller
// may change what it got.
//
// Sources. Package versions, dependencies, file lists and shipped
// configuration: the packages themselves, from the archives of bullseye,
// bookworm and trixie as of November 2026. Kubelet and CNI paths: the package
// templates of kubernetes/release (krel), which pkgs.k8s.io is built from.
// cgroup v2 by default since Debian 11: kubernetes/website, concepts/architecture/cgroups.
// The nft backend by default since Debian 10: iptables, README.Debian.
func Table() []Release {
	return []Release{
		{
			ID: "debian", Version: "11", Name: "Debian 11 (bullseye)", Codename: "bullseye",
			Family: FamilyDebian, PackageManager: Apt, Match: debianMatch("11"), Supported: true,
			Notes: []string{
				"its own containerd 1.4 serves CRI v1alpha2 only; kubelet 1.26 and later need CRI v1, so take containerd from another repository",
			},
			Kernel:       Kernel{Version: "5.10", CgroupV2: true, Iptables: "nft"},
			Init:         Init{Name: "systemd", Version: 247},
			Repositories: aptRepositories, Packages: debianPackages,
			Containerd: debianContainerd(VersionRange{Min: "1.4.13", Max: "1.4"}),
			CNI:        debianCNI, Kubelet: debianKubelet,
			Sysctl: Sysctl{ReadsEtcSysctlConf: true, Files: []SysctlFile{systemdPIDMax}},
		},
		{
			ID: "debian", Version: "12", Name: "Debian 12 (bookworm)", Codename: "bookworm",
			Family: FamilyDebian, PackageManager: Apt, Match: debianMatch("12"), Supported: true,
			Notes: []string{
				"its own containerd is 1.6, whose upstream support ended in August 2025; kubelet 1.35 is the last that promises to work with containerd 1.x",
			},
			Kernel:       Kernel{Version: "6.1", CgroupV2: true, Iptables: "nft"},
			Init:         Init{Name: "systemd", Version: 252},
			Repositories: aptRepositories, Packages: debianPackages,
			Containerd: debianContainerd(VersionRange{Min: "1.6.20", Max: "1.6"}),
			CNI:        debianCNI, Kubelet: debianKubelet,
			Sysctl: Sysctl{ReadsEtcSysctlConf: true, Files: []SysctlFile{systemdPIDMax}},
		},
		{
			ID: "debian", Version: "13", Name: "Debian 13 (trixie)", Codename: "trixie",
			Family: FamilyDebian, PackageManager: Apt, Match: debianMatch("13"), Supported: true,
			Notes: []string{
				"its own containerd is 1.7; kubelet 1.35 is the last that promises to work with containerd 1.x",
				"/etc/sysctl.conf is no longer read at boot",
				"systemd 257 refuses to boot on cgroup v1",
			},
			Kernel:       Kernel{Version: "6.12", CgroupV2: true, Iptables: "nft"},
			Init:         Init{Name: "systemd", Version: 257},
			Repositories: aptRepositories, Packages: debianPackages,
			Containerd: debianContainerd(VersionRange{Min: "1.7.24", Max: "1.7"}),
			CNI:        debianCNI, Kubelet: debianKubelet,
			Sysctl: Sysctl{Files: []SysctlFile{systemdPIDMax, linuxSysctlDefaults}},
		},
	}
}

// debianMatch answers for Debian itself. Puppy, Pengwin and Distroless say
// ID=debian too, and only PRETTY_NAME tells them apart.
func debianMatch(major string) Match {
	return Match{
		IDs: []string{"debian"}, PrettyName: "Debian GNU/Linux",
		Versions: []VersionRule{{Field: "VERSION_ID", Is: []string{major}}},
	}
}

// aptRepositories follows apt's own advice: keys for single repositories in
// /etc/apt/keyrings (sources.list(5)), which bullseye's apt does not create.
var aptRepositories = Repositories{SourcesDir: "/etc/apt/sources.list.d", KeysDir: "/etc/apt/keyrings"}

// debianPackages are Debian's containerd and runc, and the names at pkgs.k8s.io.
var debianPackages = Packages{
	Containerd: "containerd", Runc: "runc",
	Kubelet: "kubelet", Kubectl: "kubectl", KubernetesCNI: "kubernetes-cni",
	CNIPlugins: "containernetworking-plugins",
}

var debianCNI = CNI{ConfDir: "/etc/cni/net.d", BinDir: "/opt/cni/bin", PackagedBinDir: "/usr/lib/cni"}

var debianKubelet = Kubelet{EnvironmentFile: "/etc/default/kubelet", Unit: "kubelet.service"}

func debianContainerd(versions VersionRange) Containerd {
	return Containerd{
		Versions:   versions,
		ConfigFile: "/etc/containerd/config.toml", Unit: "containerd.service",
		PackagedBinDir: "/usr/lib/cni",
	}
}

var systemdPIDMax = SysctlFile{
	Path: "/usr/lib/sysctl.d/50-pid-max.conf", Package: "systemd",
	Sets: map[string]string{"kernel.pid_max": "4194304"},
}

// linuxSysctlDefaults is new in trixie. The globs leave out conf.all, so its
// rp_filter of 2 does not defeat what a network add-on sets on an interface.
var linuxSysctlDefaults = SysctlFile{
	Path: "/usr/lib/sysctl.d/50-default.conf", Package: "linux-sysctl-defaults",
	Sets: map[string]string{
		"net.ipv4.conf.default.rp_filter": "2",
		"net.ipv4.conf.*.rp_filter":       "2",
		"vm.max_map_count":                "1048576",
	},
}
