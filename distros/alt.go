package distros

// altReleases are the rows of ALT: the branch p10, and the certified branches
// c10f1 and c10f2 (ALT SP).
//
// ALT_BRANCH_ID tells the branches apart where there is one; VERSION_ID is 10 on
// p10 and c10f1 alike, and p10 on the starter kit (os-release: Etersoft/eepm,
// tests/etc and bin/distr_info). Kernel: index 53076048282 (ALT Server 10.4).
// apt for rpm, its holds and repositories: eepm, bin/epm-mark and
// bin/epm-addrepo. Certificates: fruworg/fruworg.github.io,
// selfsigned-to-trusted.md. Clocks, firewalls, docker-engine, Kubernetes'
// packages and /etc/kubernetes/kubelet: dvoropaev/alterator-for-doc,
// alt-components-base.
func altReleases() []Release {
	const (
		kubernetes = "Kubernetes is its own (kubernetes-kubelet, with KUBELET_ARGS in /etc/kubernetes/kubelet, and CRI-O): the packages and files of pkgs.k8s.io are not for it, so hostler's kubelet and containerd packages are refused"
		unknown    = "the version of systemd, the cgroup hierarchy and the iptables backend are not recorded"
		flavours   = "the version of the kernel depends on the flavour that is installed (std-def, un-def)"
		certified  = "a certified system: what is installed beside its own packages may end the certificate"
	)
	family := Release{
		Family: FamilyALT, PackageManager: AptRPM,
		// Keys are in a keyring of ALT's, not named by repositories.
		Repositories: Repositories{SourcesDir: "/etc/apt/sources.list.d"},
		Init:         Init{Name: "systemd"},
		Docker:       dockerOwn("docker-engine"), Containerd: containerdFiles(),
		CNI:   CNI{ConfDir: "/etc/cni/net.d"},
		Trust: elTrust(),
		TimeSync: TimeSync{
			Package: "chrony", Unit: "chronyd.service",
			Units: []string{"chronyd.service", "ntpd.service", "systemd-timesyncd.service"},
		},
		Updates:   Updates{Units: []string{"packagekit.service"}},
		Security:  Security{Firewalls: []string{"firewalld.service", "ufw.service"}},
		Reboot:    Reboot{KernelDir: kernelModules},
		Supported: true, Tested: testedAptRPM,
	}
	branch := func(name string) VersionRule { return VersionRule{Field: "ALT_BRANCH_ID", Is: []string{name}} }
	return []Release{
		like(family, Release{
			ID: "altlinux", Version: "p10", Name: "ALT 10 (p10)", Codename: "p10", Kernel: Kernel{Version: "5.10"},
			Match: Match{IDs: []string{"altlinux"}, Versions: []VersionRule{
				branch("p10"), {Field: "VERSION_ID", Is: []string{"p10", "10"}},
			}},
			Notes: []string{kubernetes, unknown, "with the flavour std-def; un-def has a newer kernel"},
		}),
		like(family, Release{
			ID: "altlinux", Version: "c10f1", Name: "ALT SP 10 (c10f1)", Codename: "c10f1",
			Match: Match{IDs: []string{"altlinux"}, Versions: []VersionRule{branch("c10f1")}},
			Notes: []string{kubernetes, unknown, flavours, certified},
		}),
		like(family, Release{
			ID: "altlinux", Version: "c10f2", Name: "ALT SP 10 (c10f2)", Codename: "c10f2",
			Match: Match{IDs: []string{"altlinux"}, Versions: []VersionRule{branch("c10f2")}},
			Notes: []string{kubernetes, unknown, flavours, certified},
		}),
	}
}
