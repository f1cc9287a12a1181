package distros

import "strconv"

// fedoraReleases are the rows of Fedora. Its images (CoreOS, IoT, Silverblue …)
// are refused before, see immutable.go.
//
// cgroup v2 since 31: opencontainers/runc, docs/cgroup-v2.md. SELinux: Fedora
// Quick Docs, "Getting started with SELinux". dnf 5 since 41, with version locks
// of its own: rpm-software-management/dnf5, doc/commands/versionlock.8.rst,
// dnf5-automatic(8), dnf5-needs-restarting(8). Swap on zram since 33:
// fedoraproject.org/wiki/Changes/SwapOnZRAM. New kernels come within a release:
// docs.fedoraproject.org, kernel overview. Docker builds for 43 and 44 now
// (docker-ce-packaging@2f12fe8861d6), for others as long as they lived.
func fedoraReleases() []Release {
	row := func(number int) Release {
		version := strconv.Itoa(number)
		family := elFamily("10")
		family.Platform = "platform:f" + version
		family.Kernel, family.Init = Kernel{CgroupV2: true}, Init{Name: "systemd"}
		if number >= 41 {
			family.Tested = testedDnf5
			family.Packages.VersionLock = ""
			family.Updates.Units = []string{"dnf5-automatic.timer", "dnf-automatic.timer", "packagekit.service"}
			family.Reboot.Query, family.Reboot.QueryPackage = []string{"dnf", "needs-restarting", "-r"}, ""
		}
		return like(family, Release{
			ID: "fedora", Version: version, Name: "Fedora Linux " + version,
			Match:    Match{IDs: []string{"fedora"}, PrettyName: "Fedora", Versions: byVersionID(version)},
			Security: enforcing("10"),
			Notes: []string{
				"the kernel and systemd change within a release, so their versions and the iptables backend are read from the host",
				"it swaps to compressed memory (zram) unless told otherwise",
				"a release lives for thirteen months",
			},
		})
	}
	return []Release{row(40), row(41), row(42), row(43)}
}
