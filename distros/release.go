package distros

// Release is one row: the facts of one release of a distribution.
type Release struct {
	// ID is the distribution's identifier in os-release, Version the release as
	// people write it ("12", "1.7", "p10"), Name both for people.
	ID, Version, Name string
	// Codename is the release's name in repositories, empty where it has none.
	Codename string
	// Platform is PLATFORM_ID of the release, which its rebuilds repeat; empty
	// where it has none.
	Platform string
	// Family is the distribution that this one is built like.
	Family Family
	// PackageManager installs its packages.
	PackageManager PackageManager
	// Match tells which os-release files the row answers for.
	Match Match
	// Supported means that there are facts, a sample tree and golden plans of the
	// release; Tested says what has run beyond that. A row that is not supported
	// says why in Notes.
	Supported bool
	// Tested is what hostler's tests run of this release, for people who decide
	// whether to trust it.
	Tested string
	// Notes are what an operator should know about the release.
	Notes []string

	// A part that is empty is not known, or the distribution has no such thing:
	// the catalog refuses what would need it, and names the distribution. Notes
	// say so of the packages, the kernel and systemd.
	Kernel       Kernel
	Init         Init
	Repositories Repositories
	Packages     Packages
	Containerd   Containerd
	Docker       Docker
	CNI          CNI
	Kubelet      Kubelet
	Sysctl       Sysctl
	Trust        Trust
	TimeSync     TimeSync
	Updates      Updates
	Security     Security
	Reboot       Reboot
}

// Key names the row: it is the name of its sample tree in test/rootfs.
func (r Release) Key() string { return r.ID + "-" + r.Version }

// Family is a distribution after which others are built.
type Family string

// The families that detection can name.
const (
	FamilyDebian Family = "debian"
	FamilyRHEL   Family = "rhel"
	FamilySUSE   Family = "suse"
	FamilyALT    Family = "alt"
)

// PackageManager is a way of installing packages, named as in the plan's JSON.
type PackageManager string

// The package managers that detection can name. Dnf is dnf 4 and dnf 5; AptRPM
// is apt over rpm, ALT's.
const (
	Apt    PackageManager = "apt"
	AptRPM PackageManager = "apt-rpm"
	Dnf    PackageManager = "dnf"
	Yum    PackageManager = "yum"
	Zypper PackageManager = "zypper"
)

// Kernel is the release's own kernel; a host may run another one.
type Kernel struct {
	// Version is the first two numbers of the kernel that the release ships,
	// empty where it has changed within the release.
	Version string
	// CgroupV2 is whether the release is known to boot with the unified hierarchy.
	CgroupV2 bool
	// Iptables is the backend behind the iptables command: "nft" or "legacy";
	// empty where it is not known. The two must never be mixed on a host.
	Iptables string
}

// Init is the first process and its habits.
type Init struct {
	// Name is "systemd"; hostler serves no other.
	Name string
	// Version is systemd's major version, 0 where it is not known or has changed
	// within the release.
	Version int
}

// Repositories is where descriptions of package repositories are kept.
type Repositories struct {
	// SourcesDir holds one file a repository.
	SourcesDir string
	// KeysDir holds one public key a repository; empty where repositories do not
	// name files of keys.
	KeysDir string
	// BinaryKeys is for an apt before 1.4, which reads no keys in ASCII armour (apt-key(8), "Supported keyring files").
	BinaryKeys bool
}

// Packages are the names of the packages that make a Kubernetes node, in the
// distribution's own repositories, Docker's (containerd.io) and pkgs.k8s.io.
type Packages struct {
	Containerd string
	// Runc is empty where the containerd package brings its own.
	Runc          string
	Kubelet       string
	Kubectl       string
	KubernetesCNI string
	// CNIPlugins is the distribution's own package of CNI plugins.
	CNIPlugins string
	// VersionLock gives the package manager a list of versions to hold, where
	// it has none of its own.
	VersionLock string
}

// Containerd is the distribution's own containerd.
type Containerd struct {
	// Versions are those that the release's own repositories have carried.
	Versions VersionRange
	// ConfigFile is the main configuration; the package ships it as a conffile.
	ConfigFile string
	// Unit is its systemd unit.
	Unit string
	// PackagedBinDir is where the shipped ConfigFile makes it look for CNI
	// plugins, which differs from CNI.BinDir.
	PackagedBinDir string
}

// VersionRange is a range of upstream versions, both ends included. An end
// names as many components as matter: "1.6" as Max includes every 1.6.x.
type VersionRange struct {
	Min, Max string
}

// CNI is where the plugins of the container network are.
type CNI struct {
	// ConfDir holds the network configurations; the first by name is used.
	ConfDir string
	// BinDir is where the kubernetes-cni package and most network add-ons put
	// the plugins.
	BinDir string
	// PackagedBinDir is where the distribution's own package puts them.
	PackagedBinDir string
}

// Kubelet is where the kubelet's package keeps its files.
type Kubelet struct {
	// EnvironmentFile is read by the packaged unit; KUBELET_EXTRA_ARGS in it wins
	// over all other arguments.
	EnvironmentFile string
	// Unit is its systemd unit.
	Unit string
}

// Sysctl is what the distribution itself sets at boot.
type Sysctl struct {
	// ReadsEtcSysctlConf is whether /etc/sysctl.conf is applied at boot, by the
	// link /etc/sysctl.d/99-sysctl.conf. Such a file sorts after most of ours.
	// False where it is not known: the files of the host decide.
	ReadsEtcSysctlConf bool
	// Files are the shipped files that set keys which matter to a node.
	Files []SysctlFile
}

// SysctlFile is a sysctl.d file that the distribution ships.
type SysctlFile struct {
	Path string
	// Package owns the file; it may not be installed everywhere.
	Package string
	// Sets holds the keys that matter to a node, with their values.
	Sets map[string]string
}

// Docker is where Docker comes from, and its habits.
type Docker struct {
	// Package is the distribution's own (docker.io, docker-engine), empty where
	// it has none.
	Package string
	// CE, CECLI and CEContainerd are the packages of Docker's own repository,
	// empty where Docker builds none for the release.
	CE, CECLI, CEContainerd string
	// Versions are those that the release's own repositories have carried.
	Versions VersionRange
	// Unit is its systemd unit, and ConfigFile its daemon.json.
	Unit, ConfigFile string
}

// Trust is where the certificate authorities are that a host trusts.
type Trust struct {
	// Dir takes the administrator's certificates, as files with the suffix.
	Dir, Suffix string
	// Update is the command that makes the bundles anew from them.
	Update []string
	// Bundle is the file that Go programs read.
	Bundle string
	// Package brings the command.
	Package string
}

// TimeSync is what keeps the clock.
type TimeSync struct {
	// Package and Unit are what is installed where there is no daemon.
	Package, Unit string
	// Units are all daemons that may be there, the likeliest first: one is
	// enough, and two fight.
	Units []string
}

// Updates is what updates packages without being asked.
type Updates struct {
	// Units are stopped and masked: timers, and the services that they start.
	Units []string
	// AptPeriodic is whether apt's own schedule is switched off by a file in
	// /etc/apt/apt.conf.d.
	AptPeriodic bool
}

// Security is what may forbid a root process something.
type Security struct {
	// Firewalls are the units of firewalls with rules of their own.
	Firewalls []string
	// SELinux is the mode after installation: "enforcing", "permissive",
	// "disabled"; empty where the release has no SELinux or it is not known.
	SELinux string
	// SELinuxOffByKernel: SELINUX=disabled leaves the kernel's part on, and only
	// selinux=0 on its command line switches it off.
	SELinuxOffByKernel bool
	// AppArmor is whether the kernel has it on by default.
	AppArmor bool
	// Parsec is whether it is Astra's kernel module with integrity levels and a
	// closed software environment.
	Parsec bool
}

// Reboot is how the release says that it must be restarted.
type Reboot struct {
	// Sign is a file that is there when a restart is needed, and Packages lists who asked for it.
	Sign, Packages string
	// Query is a command that exits with 1 when a restart is needed, and
	// QueryPackage brings it where it is not there from the start.
	Query        []string
	QueryPackage string
	// KernelDir holds the installed kernels, one folder or file a release.
	KernelDir string
}
