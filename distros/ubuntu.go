package distros

// ubuntuReleases are the rows of Ubuntu's long-term releases.
//
// Kernels of 16.04 to 20.04: songdongsheng.github.io, "Linux Kernel and GNU C
// Library version"; of 22.04: kubespray, docs/operations/kernel-requirements.md;
// of 24.04: systemd/systemd, README (table of distributions). systemd: of 16.04
// the test data of intel/cve-bin-tool, of 18.04 index 45945168484, of 20.04
// index 26907623802, of 22.04 and 24.04 manpages.ubuntu.com. cgroup v2 since
// 21.10: kubernetes/website, concepts/architecture/cgroups. AppArmor and ufw are
// part of every release: Ubuntu Server documentation. Ends of support:
// ubuntu.com/about/release-cycle. Which backend iptables has is recorded for no
// release.
func ubuntuReleases() []Release {
	const (
		cgroupV1 = "it boots with cgroup v1, which kubelet 1.35 and later refuse unless failCgroupV1 is false"
		frozen   = "Docker's repository gets no new versions for it any more"
		versions = "which containerd and Docker its updates have carried, and the iptables backend, is not recorded here"
	)
	family := debianFamily()
	family.Security = Security{Firewalls: []string{"ufw.service", "firewalld.service"}, AppArmor: true}
	family.Packages.CNIPlugins = "" // not known for each
	family.Containerd, family.CNI = containerdFiles(), kubernetesCNI()
	family.Docker = debianDocker(VersionRange{})
	family.Supported, family.Tested = true, testedApt

	row := func(version, codename string, kernel Kernel, systemd int, notes ...string) Release {
		return like(family, Release{
			ID: "ubuntu", Version: version, Name: "Ubuntu " + version + " LTS (" + codename + ")", Codename: codename,
			// Bodhi and Vanilla OS say ID=ubuntu too.
			Match:  Match{IDs: []string{"ubuntu"}, PrettyName: "Ubuntu", Versions: byVersionID(version)},
			Kernel: kernel, Init: Init{Name: "systemd", Version: systemd}, Notes: append(notes, versions),
		})
	}
	rows := []Release{
		row("16.04", "xenial", Kernel{Version: "4.4"}, 229, cgroupV1, frozen,
			"kernel 4.4 is older than runc's least, 4.15: it wants the kernel of hardware enablement",
			"standard support ended in April 2021"),
		row("18.04", "bionic", Kernel{Version: "4.15"}, 237, cgroupV1, frozen, "standard support ended in May 2023"),
		row("20.04", "focal", Kernel{Version: "5.4"}, 245, cgroupV1, frozen, "standard support ended in May 2025"),
		row("22.04", "jammy", Kernel{Version: "5.15", CgroupV2: true}, 249),
		row("24.04", "noble", Kernel{Version: "6.8", CgroupV2: true}, 255),
	}
	rows[0].Repositories.BinaryKeys = true // its apt is 1.2
	return rows
}
