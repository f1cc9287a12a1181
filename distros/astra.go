package distros

// astraReleases are the rows of Astra Linux: Special Edition, and Common
// Edition 2.12.
//
// VERSION_ID carries the architecture (1.7_x86-64), which plainVersion cuts off.
// Kernels to choose from: index 68362698397, 68284276134, 53966936099. systemd
// of 2.12: index 59724490860. Firewall: astra-ufw-control (index 17532359689).
// Docker: docker.io, as on Debian (kubespray, alterator-for-doc); Docker's
// repository has nothing built for Astra. Kubernetes' names: kubespray's and
// image-builder's for the Debian family.
func astraReleases() []Release {
	const (
		kernels    = "the kernel is one of several that the installer offers, so its version, its cgroup hierarchy and the iptables backend are read from the host"
		systemd    = "its version of systemd is not recorded"
		containerd = "no public source names its containerd package: packages of containerd are refused, an installed containerd is configured"
		closed     = "a closed software environment (digsig) and astra-nochmodx-lock keep hostler's and Kubernetes' binaries from running; switch them off or sign the binaries"
	)
	family := debianFamily()
	family.Packages = pkgsK8s(Packages{})
	family.Containerd, family.CNI, family.Docker = containerdFiles(), kubernetesCNI(), dockerOwn("docker.io")
	family.Init = Init{Name: "systemd"}
	family.Supported, family.Tested = true, testedApt

	// Special Edition has the PARSEC module (wiki.astralinux.ru); Common Edition
	// has the same controls in parts only, so they are looked for on the host.
	special := Security{Firewalls: []string{"ufw.service"}, Parsec: true}
	common := Security{Firewalls: []string{"ufw.service"}}
	match := func(version string) Match { return Match{IDs: []string{"astra"}, Versions: byVersionID(version)} }
	return []Release{
		like(family, Release{
			ID: "astra", Version: "1.7", Name: "Astra Linux Special Edition 1.7", Codename: "1.7_x86-64", Match: match("1.7"),
			Security: special, Notes: []string{kernels, systemd, containerd, closed},
		}),
		like(family, Release{
			ID: "astra", Version: "1.8", Name: "Astra Linux Special Edition 1.8", Codename: "1.8_x86-64", Match: match("1.8"),
			Security: special, Notes: []string{kernels, systemd, containerd, closed},
		}),
		like(family, Release{
			ID: "astra", Version: "2.12", Name: "Astra Linux Common Edition 2.12 (Orel)", Codename: "orel", Match: match("2.12"),
			Security: common, Init: Init{Name: "systemd", Version: 232},
			Notes: []string{
				kernels, containerd,
				"mozilla/DST_Root_CA_X3.crt in /etc/ca-certificates.conf has expired and spoils the verification of some certificates",
			},
		}),
	}
}
