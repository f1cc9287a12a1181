package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// UpdatePolicyKind is the kind of UpdatePolicy, and UpdatePolicyName the only name that one may have.
const (
	UpdatePolicyKind = "UpdatePolicy"
	UpdatePolicyName = "default"
)

// UpdatePolicy holds for all groups of the cluster, beside what each group says for itself. There is one, with the name
// default.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=up,categories=hostler
// +kubebuilder:printcolumn:name="Paused",type=boolean,JSONPath=`.spec.paused`
// +kubebuilder:printcolumn:name="Max Unavailable",type=string,JSONPath=`.spec.maxUnavailable`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'default'",message="there is one UpdatePolicy, and its name is default"
type UpdatePolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the policy. An empty one allows everything.
	// +optional
	Spec UpdatePolicySpec `json:"spec,omitempty"`
}

// UpdatePolicyList is a list of UpdatePolicies.
//
// +kubebuilder:object:root=true
type UpdatePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []UpdatePolicy `json:"items"`
}

// UpdatePolicySpec is what holds for all groups.
type UpdatePolicySpec struct {
	// Paused keeps every node of every group from starting. Runs under way end. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`
	// MaxUnavailable is how many managed nodes, as a number or a percentage of all, may be unavailable at once. Default:
	// what the groups allow.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == string || self >= 1",message="must be a number from 1, or a percentage"
	// +kubebuilder:validation:Pattern=`^(100|[1-9][0-9]?)%$`
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
	// Windows are the only times at which an update starts, beside those of the group. Default: any time.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Windows []Window `json:"windows,omitempty"`
	// Exclusions are times at which no update starts.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Exclusions []Exclusion `json:"exclusions,omitempty"`
}
