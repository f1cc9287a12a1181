package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NodeGroupRevisionKind is the kind of NodeGroupRevision.
const NodeGroupRevisionKind = "NodeGroupRevision"

// NodeGroupRevision is what the hosts of a group should be, complete and unchangeable, under a name made from its contents.
// The coordinator makes one for each edit of a NodeGroup that changes hosts.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=ngr,categories=hostler
// +kubebuilder:printcolumn:name="Group",type=string,JSONPath=`.spec.nodeGroup`
// +kubebuilder:printcolumn:name="Kubernetes",type=string,JSONPath=`.spec.host.kubernetesVersion`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.nodeGroup + '-' + self.spec.checksum.substring(0, 8)",message="the name is made from the group and the checksum"
type NodeGroupRevision struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the hosts should be. It cannot be changed.
	Spec NodeGroupRevisionSpec `json:"spec"`
}

// NodeGroupRevisionList is a list of NodeGroupRevisions.
//
// +kubebuilder:object:root=true
type NodeGroupRevisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeGroupRevision `json:"items"`
}

// NodeGroupRevisionSpec is what the hosts of a group should be.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a revision cannot be changed: edit the NodeGroup"
type NodeGroupRevisionSpec struct {
	// NodeGroup is the name of the group.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	NodeGroup string `json:"nodeGroup"`
	// Checksum is the SHA-256 of the rest in hexadecimal digits; agents check it before they use the revision.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +kubebuilder:validation:MaxLength=64
	Checksum string `json:"checksum"`
	// Host is the group's spec as far as it makes hosts, with all defaults.
	Host HostSpec `json:"host"`
	// Configurations are the NodeGroupConfigurations of the group, in the order in which they run.
	// +listType=atomic
	// +optional
	Configurations []Configuration `json:"configurations,omitempty"`
}

// Configuration is a NodeGroupConfiguration in a revision.
type Configuration struct {
	// Name of the NodeGroupConfiguration.
	Name string `json:"name"`

	Script `json:",inline"`
}
