package distros

// suseReleases are the rows of SUSE Linux Enterprise Server 15 and openSUSE Leap
// 15, which share their packages. A service pack is a minor version.
//
// Certificates: cloud-init cc_ca_certs.py, update-ca-certificates(8) of SUSE.
// Clock: cloud-init cc_ntp.py. Firewall: release notes of SLES 15 (firewalld
// replaces SuSEfirewall2). AppArmor: SLES 15 Security Guide. containerd and
// docker: kubespray, roles/container-engine. needs-restarting -r ends with 1 and
// comes with zypper: its manual page. Kernels: kubespray,
// docs/operations/kernel-requirements.md has 5.14 for Leap 15.5 only.
func suseReleases() []Release {
	const (
		packs   = "each service pack has its own kernel and systemd (5.14 in 15.5), so their versions and the iptables backend are read from the host"
		cgroups = "whether it boots with cgroup v2 is not recorded; kubelet 1.35 and later want it"
		own     = "which containerd and Docker its updates have carried is not recorded here"
	)
	family := Release{
		Family: FamilySUSE, PackageManager: Zypper,
		// zypper has no folder of its own for keys; this is rpm's usual one.
		Repositories: Repositories{SourcesDir: "/etc/zypp/repos.d", KeysDir: "/etc/pki/rpm-gpg"},
		Init:         Init{Name: "systemd"},
		Packages:     pkgsK8s(Packages{Containerd: "containerd"}),
		Containerd:   containerdFiles(), Docker: dockerOwn("docker"), CNI: kubernetesCNI(),
		Kubelet: Kubelet{EnvironmentFile: "/etc/sysconfig/kubelet", Unit: "kubelet.service"},
		Trust: Trust{
			Dir: "/etc/pki/trust/anchors", Suffix: ".crt", Update: []string{"update-ca-certificates"},
			Bundle: "/etc/ssl/ca-bundle.pem", Package: "ca-certificates",
		},
		TimeSync:  elTimeSync(),
		Updates:   Updates{Units: []string{"packagekit.service"}},
		Security:  Security{Firewalls: []string{"firewalld.service"}, AppArmor: true},
		Reboot:    Reboot{Query: []string{"needs-restarting", "-r"}, QueryPackage: "zypper", KernelDir: kernelModules},
		Supported: true, Tested: testedZypper,
		Notes: []string{packs, cgroups, own},
	}
	return []Release{
		like(family, Release{
			ID: "opensuse-leap", Version: "15", Name: "openSUSE Leap 15",
			Match: Match{IDs: []string{"opensuse-leap"}, Like: []string{"opensuse", "suse"}, Versions: byVersionID("15")},
		}),
		like(family, Release{
			ID: "sles", Version: "15", Name: "SUSE Linux Enterprise Server 15",
			Match: Match{IDs: []string{"sles"}, Versions: byVersionID("15")},
		}),
	}
}
