package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DisruptionsSpec is who may interrupt workloads, and when.
type DisruptionsSpec struct {
	// ApprovalMode is Automatic, or Manual: a person approves each disruption.
	// +kubebuilder:default=Automatic
	// +optional
	ApprovalMode ApprovalMode `json:"approvalMode,omitempty"`
	// Automatic is for approvalMode Automatic.
	// +kubebuilder:default={}
	// +optional
	Automatic AutomaticDisruptions `json:"automatic,omitempty"`
	// Drain is how pods leave the node.
	// +kubebuilder:default={}
	// +optional
	Drain DrainSpec `json:"drain,omitempty"`
}

// ApprovalMode is who approves a disruption.
// +kubebuilder:validation:Enum=Automatic;Manual
type ApprovalMode string

// The approval modes.
const (
	ApprovalAutomatic ApprovalMode = "Automatic"
	ApprovalManual    ApprovalMode = "Manual"
)

// AutomaticDisruptions limits disruptions that nobody approves by hand.
type AutomaticDisruptions struct {
	// DrainBeforeApproval is whether the node is drained before the disruption is approved.
	// +kubebuilder:default=true
	// +optional
	DrainBeforeApproval *bool `json:"drainBeforeApproval,omitempty"`
	// Windows are the only times at which a disruption starts. Default: any time.
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Windows []Window `json:"windows,omitempty"`
}

// DrainSpec is how pods leave a node.
type DrainSpec struct {
	// Timeout is how long pods have to leave.
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$`
	// +kubebuilder:validation:MaxLength=20
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// OnTimeout is what happens then: Abort the update of the node, Force the pods out, or Wait on.
	// +kubebuilder:default=Abort
	// +optional
	OnTimeout DrainTimeoutPolicy `json:"onTimeout,omitempty"`
	// SkipWaitForDeleteTimeout leaves pods behind that have been terminating for longer than this. Default: wait for
	// all.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$`
	// +kubebuilder:validation:MaxLength=20
	// +optional
	SkipWaitForDeleteTimeout *metav1.Duration `json:"skipWaitForDeleteTimeout,omitempty"`
}

// DrainTimeoutPolicy is what happens when pods do not leave in time.
// +kubebuilder:validation:Enum=Abort;Force;Wait
type DrainTimeoutPolicy string

// What happens when pods do not leave in time.
const (
	DrainAbort DrainTimeoutPolicy = "Abort"
	DrainForce DrainTimeoutPolicy = "Force"
	DrainWait  DrainTimeoutPolicy = "Wait"
)
