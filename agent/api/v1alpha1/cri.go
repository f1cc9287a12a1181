package v1alpha1

// CRIType names a container runtime.
// +kubebuilder:validation:Enum=Containerd;Docker;NotManaged
type CRIType string

// The container runtimes.
const (
	CRIContainerd CRIType = "Containerd"
	CRIDocker     CRIType = "Docker"
	CRINotManaged CRIType = "NotManaged"
)

// CRISpec is the container runtime; of the three sections only the one that type names may be there.
//
// +kubebuilder:validation:XValidation:rule="!has(self.containerd) || self.type == 'Containerd'",message="containerd is only for type Containerd"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || self.type == 'Docker'",message="docker is only for type Docker"
// +kubebuilder:validation:XValidation:rule="!has(self.notManaged) || self.type == 'NotManaged'",message="notManaged is only for type NotManaged"
type CRISpec struct {
	// Type is the runtime: Containerd, Docker, or NotManaged when something else installs it.
	// +kubebuilder:default=Containerd
	// +optional
	Type CRIType `json:"type,omitempty"`
	// Containerd is for type Containerd. Default: all of its defaults.
	// +optional
	Containerd *ContainerdSpec `json:"containerd,omitempty"`
	// Docker is for type Docker. Default: all of its defaults.
	// +optional
	Docker *DockerSpec `json:"docker,omitempty"`
	// NotManaged is for type NotManaged. Default: the socket of the runtime that is there.
	// +optional
	NotManaged *NotManagedCRISpec `json:"notManaged,omitempty"`
}

// CgroupDriver is who makes the cgroups of containers.
// +kubebuilder:validation:Enum=Auto;Systemd;Cgroupfs
type CgroupDriver string

// The cgroup drivers.
const (
	CgroupDriverAuto     CgroupDriver = "Auto"
	CgroupDriverSystemd  CgroupDriver = "Systemd"
	CgroupDriverCgroupfs CgroupDriver = "Cgroupfs"
)

// ContainerdSpec is containerd's package and configuration.
type ContainerdSpec struct {
	// Package is the name of the package that brings containerd. Default: the distribution's own, or containerd.io, from
	// Docker's repository, where it has none.
	// +optional
	Package string `json:"package,omitempty"`
	// Version of the package, as the package manager prints it; it is held at that. Default: the version that is there,
	// or the newest when none is.
	// +optional
	Version string `json:"version,omitempty"`
	// MaxConcurrentDownloads is the number of layers of one image that are pulled at the same time.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +optional
	MaxConcurrentDownloads int32 `json:"maxConcurrentDownloads,omitempty"`
	// SandboxImage is the image of the pause container. Default: the one built into containerd.
	// +optional
	SandboxImage string `json:"sandboxImage,omitempty"`
	// CgroupDriver of containerd and kubelet, which must agree. Auto: systemd where systemd is the first process, because
	// two managers of one cgroup tree fight.
	// +kubebuilder:default=Auto
	// +optional
	CgroupDriver CgroupDriver `json:"cgroupDriver,omitempty"`
	// Registries and their mirrors.
	// +listType=map
	// +listMapKey=host
	// +optional
	Registries []Registry `json:"registries,omitempty"`
	// Runtimes beside runc, for RuntimeClasses.
	// +listType=map
	// +listMapKey=name
	// +optional
	Runtimes []Runtime `json:"runtimes,omitempty"`
	// BaseRuntimeSpec changes the OCI specification that every container starts from.
	// +optional
	BaseRuntimeSpec *BaseRuntimeSpec `json:"baseRuntimeSpec,omitempty"`
	// Config is merged over containerd's configuration file as it is, in the layout of the installed version. Keys that
	// hostler writes itself are refused.
	// +optional
	Config Overlay `json:"config,omitempty"`
}

// Registry says where the images of a registry come from.
type Registry struct {
	// Host of the registry as images name it, such as docker.io, with the port if images name one.
	// +kubebuilder:validation:MinLength=1
	Host string `json:"host"`
	// Mirrors in the order in which they are tried, before the registry itself.
	// +optional
	Mirrors []RegistryMirror `json:"mirrors,omitempty"`
}

// RegistryMirror is one other place for a registry's images.
type RegistryMirror struct {
	// URL of the mirror: http or https, without user and password.
	// +kubebuilder:validation:MinLength=1
	URL string `json:"url"`
	// CA is the absolute path of a PEM file on the host that signs the mirror's certificate. Default: the host's own
	// certificate authorities.
	// +optional
	CA string `json:"ca,omitempty"`
	// SkipVerify turns the check of the mirror's certificate off. Default: false.
	// +optional
	SkipVerify bool `json:"skipVerify,omitempty"`
}

// Runtime is a runtime handler that a RuntimeClass may name.
type Runtime struct {
	// Name is the handler's name, such as gvisor.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	Name string `json:"name"`
	// Type is the name of the shim, such as io.containerd.runsc.v1.
	// +kubebuilder:validation:MinLength=1
	Type string `json:"type"`
	// ConfigPath is the absolute path of the runtime's own configuration file, such as /etc/containerd/runsc.toml. Default: none.
	// +optional
	ConfigPath string `json:"configPath,omitempty"`
	// BinaryName is the absolute path of the program that a runc-like shim runs. Default: the shim's own.
	// +optional
	BinaryName string `json:"binaryName,omitempty"`
}

// BaseRuntimeSpec is the part of the OCI runtime specification that a group may set for all of its containers.
type BaseRuntimeSpec struct {
	// Rlimits are the resource limits of every process.
	// +listType=map
	// +listMapKey=type
	// +optional
	Rlimits []Rlimit `json:"rlimits,omitempty"`
}

// Rlimit is one resource limit; see getrlimit(2) for the units.
type Rlimit struct {
	// Type is the name in getrlimit(2), such as RLIMIT_NOFILE.
	// +kubebuilder:validation:Pattern=`^RLIMIT_[A-Z]+$`
	Type string `json:"type"`
	// Soft limit, at most the hard one.
	// +kubebuilder:validation:Minimum=0
	Soft int64 `json:"soft"`
	// Hard limit.
	// +kubebuilder:validation:Minimum=0
	Hard int64 `json:"hard"`
}

// DockerSpec is Docker's package and configuration; the kubelet reaches it through cri-dockerd.
type DockerSpec struct {
	// Source is whose packages are installed: Distribution, or Docker for docker-ce from a repository of Docker's, which
	// packages.repositories must name.
	// +kubebuilder:default=Distribution
	// +optional
	Source DockerSource `json:"source,omitempty"`
	// Version of the package, as the package manager prints it; it is held at that. Default: the version that is there,
	// or the newest when none is.
	// +optional
	Version string `json:"version,omitempty"`
	// MaxConcurrentDownloads is the number of layers of one image that are pulled at the same time.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +optional
	MaxConcurrentDownloads int32 `json:"maxConcurrentDownloads,omitempty"`
	// LogMaxSize is the size at which a container's log file is rotated, in Docker's units: 10m is ten mebibytes.
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]*[bkmg]?$`
	// +optional
	LogMaxSize string `json:"logMaxSize,omitempty"`
	// LogMaxFile is the number of log files kept for each container.
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +optional
	LogMaxFile int32 `json:"logMaxFile,omitempty"`
	// LiveRestore keeps containers running while the daemon restarts.
	// +kubebuilder:default=true
	// +optional
	LiveRestore *bool `json:"liveRestore,omitempty"`
	// RegistryMirrors are URLs of mirrors of docker.io.
	// +optional
	RegistryMirrors []string `json:"registryMirrors,omitempty"`
	// CRIDockerdVersion is the version of the package cri-dockerd, which must be in a repository of packages.repositories; it is held at
	// that. Default: the version that is there, or the newest when none is.
	// +optional
	CRIDockerdVersion string `json:"criDockerdVersion,omitempty"`
	// SandboxImage is the image of the pause container. Default: the one built into cri-dockerd.
	// +optional
	SandboxImage string `json:"sandboxImage,omitempty"`
}

// DockerSource is whose Docker packages are installed.
// +kubebuilder:validation:Enum=Distribution;Docker
type DockerSource string

// The sources.
const (
	DockerFromDistribution DockerSource = "Distribution"
	DockerFromDocker       DockerSource = "Docker"
)

// NotManagedCRISpec points at a runtime that something else installs.
type NotManagedCRISpec struct {
	// CRISocketPath is the absolute path of the socket that the runtime listens on.
	// +kubebuilder:validation:MinLength=1
	CRISocketPath string `json:"criSocketPath"`
}
