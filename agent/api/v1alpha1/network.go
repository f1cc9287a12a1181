package v1alpha1

// DefaultNodeLocalDNSAddress is the link-local address that node-local DNS listens on, the one that Kubernetes'
// documentation uses.
const DefaultNodeLocalDNSAddress = "169.254.20.10"

// NetworkSpec is the pod network as far as the host provides it.
type NetworkSpec struct {
	// CNI is the network plugin.
	// +kubebuilder:default={}
	// +optional
	CNI CNISpec `json:"cni,omitempty"`
	// CNILinks is whether NetworkManager and systemd-networkd, where the host has them, are told to leave the network
	// plugin's interfaces, routes and routing rules alone: Protected or Unmanaged.
	// +kubebuilder:default=Unmanaged
	// +optional
	CNILinks CNILinks `json:"cniLinks,omitempty"`
	// NodeLocalDNS is a DNS cache on each node.
	// +kubebuilder:default={}
	// +optional
	NodeLocalDNS NodeLocalDNSSpec `json:"nodeLocalDNS,omitempty"`
}

// CNILinks is what is done about the interfaces of the network plugin.
// +kubebuilder:validation:Enum=Protected;Unmanaged
type CNILinks string

// What can be done about them.
const (
	CNILinksProtected CNILinks = "Protected"
	CNILinksUnmanaged CNILinks = "Unmanaged"
)

// CNIType names a network plugin.
// +kubebuilder:validation:Enum=Bridge;Flannel;Cilium;NotManaged
type CNIType string

// The network plugins.
const (
	CNIBridge     CNIType = "Bridge"
	CNIFlannel    CNIType = "Flannel"
	CNICilium     CNIType = "Cilium"
	CNINotManaged CNIType = "NotManaged"
)

// CNISpec is the network plugin: what it needs of the host, its binaries and its configuration.
//
// +kubebuilder:validation:XValidation:rule="has(self.bridge) == (has(self.type) && self.type == 'Bridge')",message="bridge is required for type Bridge, and only for it"
type CNISpec struct {
	// Type is the plugin; NotManaged when something else, such as a DaemonSet, installs it.
	// +kubebuilder:default=NotManaged
	// +optional
	Type CNIType `json:"type,omitempty"`
	// Bridge is for type Bridge.
	// +optional
	Bridge *BridgeSpec `json:"bridge,omitempty"`
}

// BridgeSpec joins the pods of one node by a bridge. Pods of different nodes do not reach each other: it is for single
// machines and tests.
type BridgeSpec struct {
	// Subnet that the pods of each node get their addresses from, such as 10.88.0.0/16.
	// +kubebuilder:validation:MinLength=1
	Subnet string `json:"subnet"`
}

// NodeLocalDNSSpec is a DNS cache on each node.
type NodeLocalDNSSpec struct {
	// Enabled is whether the cache runs. Default: false.
	// +optional
	Enabled bool `json:"enabled,omitempty"`
	// Address that the cache listens on.
	// +kubebuilder:default="169.254.20.10"
	// +optional
	Address string `json:"address,omitempty"`
}
