package v1alpha1

import (
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
)

// OperatingSystemSpec is everything on the host that is not Kubernetes.
type OperatingSystemSpec struct {
	// Sysctl are kernel parameters, by key as in sysctl.d(5), such as vm.max_map_count. Values are strings: put numbers
	// in quotes.
	// +optional
	Sysctl map[string]string `json:"sysctl,omitempty"`
	// SysctlProfile is a set of kernel parameters under those of sysctl, which win: Kubernetes (what a node of a cluster
	// needs; the documentation has each value with its reason) or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +optional
	SysctlProfile SysctlProfile `json:"sysctlProfile,omitempty"`
	// KernelModules are loaded now and at every boot.
	// +listType=set
	// +optional
	KernelModules []string `json:"kernelModules,omitempty"`
	// Files with their contents.
	// +listType=map
	// +listMapKey=path
	// +optional
	Files []File `json:"files,omitempty"`
	// Units of systemd, in the order in which they are started.
	// +listType=map
	// +listMapKey=name
	// +optional
	Units []Unit `json:"units,omitempty"`
	// Users with their SSH keys. One that leaves the list keeps its account.
	// +listType=map
	// +listMapKey=name
	// +optional
	Users []User `json:"users,omitempty"`
	// Swap is whether the machine swaps: Disabled (now and at every boot), Limited (a swap file of swapSize), Zram
	// (compressed memory of swapSize) or Unmanaged.
	// +kubebuilder:default=Disabled
	// +optional
	Swap SwapMode `json:"swap,omitempty"`
	// SwapSize is the size in bytes of the swap file or of the zram device. Required for swap Limited and Zram, and only
	// for them.
	// +optional
	SwapSize *resource.Quantity `json:"swapSize,omitempty"`
	// UnattendedUpgrades says whether the distribution may update packages on its own: Disabled or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +kubebuilder:validation:Enum=Disabled;Unmanaged
	// +optional
	UnattendedUpgrades Management `json:"unattendedUpgrades,omitempty"`
	// Firewall of the distribution (firewalld, ufw): Disabled or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +kubebuilder:validation:Enum=Disabled;Unmanaged
	// +optional
	Firewall Management `json:"firewall,omitempty"`
	// UnneededServices are those that a node has no use for and that listen on the network, such as rpcbind, avahi and
	// cups: Disabled (stopped and masked) or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +kubebuilder:validation:Enum=Disabled;Unmanaged
	// +optional
	UnneededServices Management `json:"unneededServices,omitempty"`
	// TimeSync is whether the clock follows a time server: Enabled (one daemon is installed where there is none, runs at
	// every boot, and no second one beside it) or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +kubebuilder:validation:Enum=Enabled;Unmanaged
	// +optional
	TimeSync Presence `json:"timeSync,omitempty"`
	// AppArmor is whether its profiles are loaded: Enabled (refused where the kernel has it off) or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +kubebuilder:validation:Enum=Enabled;Unmanaged
	// +optional
	AppArmor Presence `json:"appArmor,omitempty"`
	// SELinux is the mode of SELinux, where the machine has it: Enforcing, Permissive, Disabled or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +optional
	SELinux SELinuxMode `json:"selinux,omitempty"`
	// TransparentHugepages is the kernel's mode: Always, Madvise, Never or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +optional
	TransparentHugepages HugepagesMode `json:"transparentHugepages,omitempty"`
	// BlockDevices are settings of disks' queues, now and at every boot. The first entry that matches a disk counts.
	// +optional
	BlockDevices []BlockDevice `json:"blockDevices,omitempty"`
	// Journald limits what journald keeps. Default: its own limits.
	// +optional
	Journald *JournaldSpec `json:"journald,omitempty"`
	// Limits of resources, for services of systemd and for sessions of people.
	// +listType=map
	// +listMapKey=item
	// +optional
	Limits []Limit `json:"limits,omitempty"`
	// Reboot is whether the machine restarts when its distribution says that it must (a new kernel, a new libc):
	// WhenRequired (it needs approval, as every disruption does) or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +optional
	Reboot RebootPolicy `json:"reboot,omitempty"`
	// CACertificates that the host trusts, beside those of the distribution.
	// +listType=map
	// +listMapKey=name
	// +optional
	CACertificates []CACertificate `json:"caCertificates,omitempty"`
	// Proxy that the package manager, the container runtime and the kubelet use.
	// +optional
	Proxy *ProxySpec `json:"proxy,omitempty"`
}

// SysctlProfile names a set of kernel parameters.
// +kubebuilder:validation:Enum=Kubernetes;Unmanaged
type SysctlProfile string

// The profiles.
const (
	SysctlProfileKubernetes SysctlProfile = "Kubernetes"
	SysctlProfileUnmanaged  SysctlProfile = "Unmanaged"
)

// SwapMode is what is done about swap.
// +kubebuilder:validation:Enum=Disabled;Limited;Zram;Unmanaged
type SwapMode string

// The modes of swap.
const (
	SwapDisabled  SwapMode = "Disabled"
	SwapLimited   SwapMode = "Limited"
	SwapZram      SwapMode = "Zram"
	SwapUnmanaged SwapMode = "Unmanaged"
)

// Management is whether hostler switches something off or leaves it alone.
type Management string

// What can be done with a service of the distribution.
const (
	Disabled  Management = "Disabled"
	Unmanaged Management = "Unmanaged"
)

// Presence is whether hostler sees to it that something is there and works, or leaves it alone.
type Presence string

// What can be done about something that a machine should have.
const (
	PresenceEnabled   Presence = "Enabled"
	PresenceUnmanaged Presence = "Unmanaged"
)

// RebootPolicy is when the machine is restarted.
// +kubebuilder:validation:Enum=WhenRequired;Unmanaged
type RebootPolicy string

// The policies.
const (
	RebootWhenRequired RebootPolicy = "WhenRequired"
	RebootUnmanaged    RebootPolicy = "Unmanaged"
)

// SELinuxMode is the mode of SELinux.
// +kubebuilder:validation:Enum=Enforcing;Permissive;Disabled;Unmanaged
type SELinuxMode string

// The modes of SELinux.
const (
	SELinuxEnforcing  SELinuxMode = "Enforcing"
	SELinuxPermissive SELinuxMode = "Permissive"
	SELinuxDisabled   SELinuxMode = "Disabled"
	SELinuxUnmanaged  SELinuxMode = "Unmanaged"
)

// HugepagesMode is the mode of transparent huge pages.
// +kubebuilder:validation:Enum=Always;Madvise;Never;Unmanaged
type HugepagesMode string

// The modes of transparent huge pages.
const (
	HugepagesAlways    HugepagesMode = "Always"
	HugepagesMadvise   HugepagesMode = "Madvise"
	HugepagesNever     HugepagesMode = "Never"
	HugepagesUnmanaged HugepagesMode = "Unmanaged"
)

// Impact is what a change costs the workloads of the node, from None to Reboot.
// +kubebuilder:validation:Enum=None;Reload;Restart;Drain;Reboot
type Impact string

// The impacts, from the least to the most.
const (
	ImpactNone    Impact = "None"
	ImpactReload  Impact = "Reload"
	ImpactRestart Impact = "Restart"
	ImpactDrain   Impact = "Drain"
	ImpactReboot  Impact = "Reboot"
)

// File is a file with its contents. Secrets do not belong here: everybody who may read the NodeGroup reads them.
type File struct {
	// Path is absolute and clean: no "..", no double slash.
	// +kubebuilder:validation:Pattern=`^/.*[^/]$`
	Path string `json:"path"`
	// Mode in octal digits, in quotes.
	// +kubebuilder:default="0644"
	// +kubebuilder:validation:Pattern=`^0?[0-7]{3,4}$`
	// +optional
	Mode string `json:"mode,omitempty"`
	// Owner as user:group, by name or number.
	// +kubebuilder:default="root:root"
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9_.-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$`
	// +optional
	Owner string `json:"owner,omitempty"`
	// Content of the file, byte for byte. Default: empty.
	// +optional
	Content string `json:"content,omitempty"`
	// Impact is what a change of this file costs the workloads, beside the restarts below.
	// +kubebuilder:default=None
	// +optional
	Impact Impact `json:"impact,omitempty"`
	// Restart are the units that are restarted when the file changes, in this order.
	// +optional
	Restart []string `json:"restart,omitempty"`
}

// ModeBits is Mode as a number. Zero if Mode is no octal number, which Validate refuses.
func (f *File) ModeBits() uint32 {
	bits, err := strconv.ParseUint(f.Mode, 8, 12)
	if err != nil {
		return 0
	}
	return uint32(bits)
}

// UnitState is whether a unit runs.
// +kubebuilder:validation:Enum=Running;Stopped
type UnitState string

// The states of a unit.
const (
	UnitRunning UnitState = "Running"
	UnitStopped UnitState = "Stopped"
)

// Unit is a systemd unit that is on the machine already, or comes with a package or file. What is not set is left as
// it is.
type Unit struct {
	// Name with its suffix, such as chrony.service.
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// Enabled is whether the unit starts at boot. Default: left as it is.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
	// State is Running or Stopped. Default: left as it is.
	// +optional
	State UnitState `json:"state,omitempty"`
	// Masked is whether nothing at all may start the unit; true stops it too. Default: left as it is.
	// +optional
	Masked *bool `json:"masked,omitempty"`
	// DropIns change the unit; it is restarted when one changes and the unit runs.
	// +listType=map
	// +listMapKey=name
	// +optional
	DropIns []DropIn `json:"dropIns,omitempty"`
}

// DropIn is a file in the unit's drop-in folder under /etc/systemd/system.
type DropIn struct {
	// Name of the file, ending in .conf.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.@:-]+\.conf$`
	Name string `json:"name"`
	// Content of the file, byte for byte.
	// +kubebuilder:validation:MinLength=1
	Content string `json:"content"`
}

// CACertificate is a certificate authority that the host trusts.
type CACertificate struct {
	// Name of the file that holds it on the host, without its suffix.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`
	Name string `json:"name"`
	// PEM holds one or more certificates.
	// +kubebuilder:validation:MinLength=1
	PEM string `json:"pem"`
}

// ProxySpec is the HTTP proxy of the host's own programs.
type ProxySpec struct {
	// HTTP is the URL of the proxy for http, without user and password.
	// +optional
	HTTP string `json:"http,omitempty"`
	// HTTPS is the URL of the proxy for https, without user and password.
	// +optional
	HTTPS string `json:"https,omitempty"`
	// NoProxy are hosts, domains and networks that are reached directly.
	// +listType=set
	// +optional
	NoProxy []string `json:"noProxy,omitempty"`
}
