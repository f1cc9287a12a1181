package distros

// rosaReleases are the rows of ROSA: the platform 2021.1, which is sold as ROSA
// 12, and Enterprise Linux 7.9, server (rels) and desktop (reld).
//
// ROSA 12 has VERSION_ID 2021.1, so VERSION decides (os-release: Etersoft/eepm).
// dnf since 2020: eepm, bin/distr_info. Deckhouse treats ROSA 12.4 and later and
// RELS 7.9 alike, with dnf. The rest is the RHEL family's by the same source.
func rosaReleases() []Release {
	const (
		unknown  = "the versions of its kernel and systemd, and the iptables backend, are not recorded"
		security = "whether SELinux and a firewall are on after installation is not recorded"
		docker   = "whether Docker's packages for Enterprise Linux install on it is not recorded, so its containerd and Docker packages are refused"
	)
	twelve := elFamily("9")
	twelve.Platform, twelve.Kernel, twelve.Init, twelve.Sysctl = "", Kernel{}, Init{Name: "systemd"}, Sysctl{}
	twelve.Packages.Containerd, twelve.Security.SELinuxOffByKernel = "", false
	twelve.Docker = Docker{}

	seven := elFamily("7")
	seven.PackageManager, seven.Tested, seven.Platform = Dnf, testedDnf, ""
	seven.Packages.VersionLock = "python3-dnf-plugin-versionlock"
	seven.Updates = elFamily("8").Updates
	return []Release{
		like(twelve, Release{
			ID: "rosa", Version: "12", Name: "ROSA 12", Match: Match{
				IDs: []string{"rosa", "rels"}, Versions: []VersionRule{{Field: "VERSION", Is: []string{"12"}}},
			},
			Notes: []string{unknown, security, docker},
		}),
		like(seven, Release{
			ID: "rels", Version: "7.9", Name: "ROSA Enterprise Linux 7.9 (Cobalt)",
			Match: Match{IDs: []string{"rels", "reld"}, Versions: byVersionID("7.9")},
			Notes: elNotes("7", "its defaults for SELinux and the firewall are not recorded"),
		}),
	}
}
