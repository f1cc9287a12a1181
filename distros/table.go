package distros

import (
	"reflect"
	"slices"
)

// Table returns all rows. They are built anew on each call, so that a caller
// may change what it got.
//
// Each file of rows names the sources of its facts. Sources are written as
// owner/repository:path, a manual page, a page of the vendor, or "index N": a
// file of a public repository, by its number in a search index. "Deckhouse"
// is deckhouse/deckhouse, candi/bashible; "kubespray" kubernetes-sigs/kubespray.
func Table() []Release {
	return slices.Concat(
		debianReleases(),
		ubuntuReleases(),
		astraReleases(),
		rhelReleases(),
		rebuildReleases(),
		fedoraReleases(),
		amazonReleases(),
		redosReleases(),
		rosaReleases(),
		altReleases(),
		suseReleases(),
	)
}

// What has run of a row, beyond the plans on its sample tree.
const (
	testedOnMachines = "machines of this release: its own apt and systemd"
	testedApt        = "sample tree and golden plans; apt and systemd on machines of Debian 11, 12 and 13"
	testedDnf        = "sample tree and golden plans; dnf 4 and the whole profile on a machine of another distribution"
	testedDnf5       = "sample tree and golden plans; dnf 5 has not run"
	testedYum        = "sample tree and golden plans; yum by its manual and published output"
	testedZypper     = "sample tree and golden plans; zypper on a machine of another distribution"
	testedAptRPM     = "sample tree and golden plans; apt for rpm has not run"
)

// like completes a row: each part that it leaves empty is its family's. What
// only some of a family have is therefore no part of the family.
func like(family, row Release) Release {
	own, theirs := reflect.ValueOf(&row).Elem(), reflect.ValueOf(family)
	for i := range own.NumField() {
		if own.Field(i).IsZero() {
			own.Field(i).Set(theirs.Field(i))
		}
	}
	return row
}

// byVersionID matches a version by VERSION_ID, as most systems give it.
func byVersionID(versions ...string) []VersionRule {
	return []VersionRule{{Field: "VERSION_ID", Is: versions}}
}

// dockerCE is Docker from Docker's own repository, under the same names
// everywhere (docker-ce-packaging).
func dockerCE() Docker {
	return Docker{
		CE: "docker-ce", CECLI: "docker-ce-cli", CEContainerd: "containerd.io",
		Unit: dockerUnit, ConfigFile: dockerConfig,
	}
}

// dockerOwn is Docker from the distribution's repositories alone.
func dockerOwn(name string) Docker {
	return Docker{Package: name, Unit: dockerUnit, ConfigFile: dockerConfig}
}

const (
	dockerUnit   = "docker.service"
	dockerConfig = "/etc/docker/daemon.json"
)

// containerdFiles is where every containerd package keeps its configuration.
func containerdFiles() Containerd {
	return Containerd{ConfigFile: "/etc/containerd/config.toml", Unit: "containerd.service"}
}

// kubernetesCNI is where the packages of pkgs.k8s.io put the plugins (the
// package templates of kubernetes/release, krel).
func kubernetesCNI() CNI { return CNI{ConfDir: "/etc/cni/net.d", BinDir: "/opt/cni/bin"} }

// kernelModules is where kernels keep their modules, one folder a kernel; the
// same on every distribution, unlike the names in /boot.
const kernelModules = "/lib/modules"
