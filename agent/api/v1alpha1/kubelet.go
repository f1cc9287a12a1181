package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// DefaultKubeletRootDir is where the kubelet keeps its state unless told otherwise.
const DefaultKubeletRootDir = "/var/lib/kubelet"

// KubeletSpec is the kubelet's configuration.
type KubeletSpec struct {
	// MaxPods is the most pods that run on the node. Default: the kubelet's own, 110.
	// +kubebuilder:validation:Minimum=1
	// +optional
	MaxPods *int32 `json:"maxPods,omitempty"`
	// RootDir is the absolute path of the kubelet's state.
	// +kubebuilder:default="/var/lib/kubelet"
	// +optional
	RootDir string `json:"rootDir,omitempty"`
	// NodeIP is the address that the node announces. Default: the address of the interface that has the default route.
	// +optional
	NodeIP string `json:"nodeIP,omitempty"`
	// ContainerLogMaxSize is the size in bytes at which a container's log file is rotated.
	// +kubebuilder:default="50Mi"
	// +optional
	ContainerLogMaxSize *resource.Quantity `json:"containerLogMaxSize,omitempty"`
	// ContainerLogMaxFiles is the number of log files kept for each container.
	// +kubebuilder:default=4
	// +kubebuilder:validation:Minimum=2
	// +optional
	ContainerLogMaxFiles int32 `json:"containerLogMaxFiles,omitempty"`
	// SeccompDefault makes RuntimeDefault the seccomp profile of pods that name none. Default: the kubelet's own, false.
	// +optional
	SeccompDefault *bool `json:"seccompDefault,omitempty"`
	// ResourceReservation keeps a share of the machine for the system and the kubelet.
	// +kubebuilder:default={}
	// +optional
	ResourceReservation ResourceReservation `json:"resourceReservation,omitempty"`
	// TopologyManager aligns CPUs, devices and memory of a pod.
	// +kubebuilder:default={}
	// +optional
	TopologyManager TopologyManagerSpec `json:"topologyManager,omitempty"`
	// MemorySwap is how pods use swap, on machines that have some.
	// +kubebuilder:default={}
	// +optional
	MemorySwap MemorySwapSpec `json:"memorySwap,omitempty"`
	// Config is laid over the KubeletConfiguration (kubelet.config.k8s.io/v1beta1). Fields that hostler writes itself
	// are refused; see OwnedFields of steps/kubelet/config.
	// +optional
	Config Overlay `json:"config,omitempty"`
}

// ReservationMode is where the size of the reservation comes from.
// +kubebuilder:validation:Enum=Auto;Static;Off
type ReservationMode string

// The modes of ResourceReservation.
const (
	ReservationAuto   ReservationMode = "Auto"
	ReservationStatic ReservationMode = "Static"
	ReservationOff    ReservationMode = "Off"
)

// ResourceReservation keeps resources away from pods (kubeReserved).
//
// +kubebuilder:validation:XValidation:rule="has(self.static) == (has(self.mode) && self.mode == 'Static')",message="static is required for mode Static, and only for it"
type ResourceReservation struct {
	// Mode is Auto (computed from the size of the machine), Static (as written below) or Off.
	// +kubebuilder:default=Auto
	// +optional
	Mode ReservationMode `json:"mode,omitempty"`
	// Static are the amounts for mode Static.
	// +optional
	Static *StaticReservation `json:"static,omitempty"`
}

// StaticReservation are amounts to reserve. What is not set is not reserved.
type StaticReservation struct {
	// CPU in cores, such as 200m.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// Memory in bytes, such as 1Gi.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
	// EphemeralStorage in bytes, such as 5Gi.
	// +optional
	EphemeralStorage *resource.Quantity `json:"ephemeralStorage,omitempty"`
}

// TopologyPolicy is how strictly the kubelet aligns resources.
// +kubebuilder:validation:Enum=None;BestEffort;Restricted;SingleNumaNode
type TopologyPolicy string

// The policies of the topology manager; KubeletConfiguration spells them none, best-effort, restricted and
// single-numa-node.
const (
	TopologyNone           TopologyPolicy = "None"
	TopologyBestEffort     TopologyPolicy = "BestEffort"
	TopologyRestricted     TopologyPolicy = "Restricted"
	TopologySingleNumaNode TopologyPolicy = "SingleNumaNode"
)

// TopologyScope is the unit that the kubelet aligns.
// +kubebuilder:validation:Enum=Container;Pod
type TopologyScope string

// The scopes of the topology manager; KubeletConfiguration spells them container and pod.
const (
	TopologyScopeContainer TopologyScope = "Container"
	TopologyScopePod       TopologyScope = "Pod"
)

// TopologyManagerSpec configures the kubelet's topology manager.
type TopologyManagerSpec struct {
	// Policy is how strictly resources are aligned.
	// +kubebuilder:default=None
	// +optional
	Policy TopologyPolicy `json:"policy,omitempty"`
	// Scope is what is aligned: each container, or the pod as a whole.
	// +kubebuilder:default=Container
	// +optional
	Scope TopologyScope `json:"scope,omitempty"`
}

// SwapBehavior is what the kubelet lets pods do with swap.
// +kubebuilder:validation:Enum=NoSwap;LimitedSwap
type SwapBehavior string

// The behaviours, spelt as in KubeletConfiguration.
const (
	NoSwap      SwapBehavior = "NoSwap"
	LimitedSwap SwapBehavior = "LimitedSwap"
)

// MemorySwapSpec is how pods use swap.
type MemorySwapSpec struct {
	// SwapBehavior is NoSwap, or LimitedSwap: burstable pods may swap in proportion to their memory request.
	// +kubebuilder:default=NoSwap
	// +optional
	SwapBehavior SwapBehavior `json:"swapBehavior,omitempty"`
}
