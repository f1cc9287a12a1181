package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeGroupKind is the kind of NodeGroup, as it is written in a file.
const NodeGroupKind = "NodeGroup"

// NodeGroup says what a group of machines should be, and how they are changed when that is edited.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=ng,categories=hostler
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Kubernetes",type=string,JSONPath=`.spec.kubernetesVersion`
// +kubebuilder:printcolumn:name="CRI",type=string,JSONPath=`.spec.cri.type`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Nodes",type=integer,JSONPath=`.status.nodes.total`
// +kubebuilder:printcolumn:name="Up to date",type=integer,JSONPath=`.status.nodes.upToDate`
// +kubebuilder:printcolumn:name="Updating",type=integer,JSONPath=`.status.nodes.updating`
// +kubebuilder:printcolumn:name="Failed",type=integer,JSONPath=`.status.nodes.failed`
// +kubebuilder:printcolumn:name="Paused",type=string,JSONPath=`.status.conditions[?(@.type=="Paused")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name becomes the value of a label: at most 63 characters"
type NodeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the wanted state. An empty spec is valid.
	// +kubebuilder:default={}
	// +optional
	Spec NodeGroupSpec `json:"spec,omitempty"`
	// Status is written by the coordinator alone.
	// +optional
	Status NodeGroupStatus `json:"status,omitempty"`
}

// NodeGroupList is a list of NodeGroups.
//
// +kubebuilder:object:root=true
type NodeGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeGroup `json:"items"`
}

// NodeGroupSpec is the wanted state of a group: what each host should be (HostSpec), which nodes belong to it, and how
// a change reaches them.
type NodeGroupSpec struct {
	// NodeSelector chooses the nodes of the group by label. Default: the label hostler.dev/node-group with the group's
	// name. Only the coordinator reads it: a machine that applies a file takes the file as its own.
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	HostSpec `json:",inline"`

	// Update is how a new revision reaches the nodes of the group.
	// +kubebuilder:default={}
	// +optional
	Update UpdateSpec `json:"update,omitempty"`
	// Disruptions is who may interrupt workloads, and when.
	// +kubebuilder:default={}
	// +optional
	Disruptions DisruptionsSpec `json:"disruptions,omitempty"`
	// Drift is what happens when a host changes although the group did not.
	// +kubebuilder:default={}
	// +optional
	Drift DriftSpec `json:"drift,omitempty"`
}

// HostSpec is the part of a NodeGroup that a host is made from, and all that a revision holds. Nothing outside of it
// may change a machine.
type HostSpec struct {
	// KubernetesVersion is the exact version, such as 1.36.3, of kubelet, kubectl and what they need. Not set: kubelet
	// is neither installed nor configured.
	// +kubebuilder:validation:Pattern=`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`
	// +optional
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// Packages are the package repositories, and the packages beside those that other sections bring along.
	// +kubebuilder:default={}
	// +optional
	Packages PackagesSpec `json:"packages,omitempty"`
	// CRI is the container runtime.
	// +kubebuilder:default={}
	// +optional
	CRI CRISpec `json:"cri,omitempty"`
	// Kubelet is the kubelet's configuration. It has no effect while kubernetesVersion is not set.
	// +kubebuilder:default={}
	// +optional
	Kubelet KubeletSpec `json:"kubelet,omitempty"`
	// OperatingSystem is everything on the host that is not Kubernetes.
	// +kubebuilder:default={}
	// +optional
	OperatingSystem OperatingSystemSpec `json:"operatingSystem,omitempty"`
	// Network is the pod network as far as the host provides it.
	// +kubebuilder:default={}
	// +optional
	Network NetworkSpec `json:"network,omitempty"`
	// NodeTemplate is what the Node objects of the group have: a machine brings it along when it joins, and the coordinator
	// keeps it up to date from then on.
	// +optional
	NodeTemplate NodeTemplateSpec `json:"nodeTemplate,omitempty"`
}
