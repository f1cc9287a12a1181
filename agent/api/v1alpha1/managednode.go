package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ManagedNodeKind is the kind of ManagedNode.
const ManagedNodeKind = "ManagedNode"

// ManagedNode is what hostler wants of one node, and what the node says of itself. It has the name of its Node. People read
// it, and ask by annotation; the coordinator writes the spec, the node's agent the status.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=mn,categories=hostler
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Group",type=string,JSONPath=`.spec.nodeGroup`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.appliedRevision`
// +kubebuilder:printcolumn:name="Wanted",type=string,JSONPath=`.spec.revision`,priority=1
// +kubebuilder:printcolumn:name="Impact",type=string,JSONPath=`.status.plan.impact`
// +kubebuilder:printcolumn:name="Waiting",type=string,JSONPath=`.status.conditions[?(@.type=="Waiting")].reason`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ManagedNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the coordinator has decided. No node can write it.
	Spec ManagedNodeSpec `json:"spec,omitempty"`
	// Status is what the node's agent reports; the part rollout is the coordinator's.
	// +optional
	Status ManagedNodeStatus `json:"status,omitempty"`
}

// ManagedNodeList is a list of ManagedNodes.
//
// +kubebuilder:object:root=true
type ManagedNodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ManagedNode `json:"items"`
}

// ManagedNodeSpec is what the coordinator has decided about a node.
type ManagedNodeSpec struct {
	// NodeGroup is the name of the group that the node belongs to.
	// +kubebuilder:validation:MinLength=1
	NodeGroup string `json:"nodeGroup"`
	// Revision is the name of the NodeGroupRevision that the host should have. Not set: the group has none yet, and the
	// agent leaves the host alone.
	// +optional
	Revision string `json:"revision,omitempty"`
	// Approval is the leave to start the change to the revision. Not set: the agent plans, reports and waits.
	// +optional
	Approval *Approval `json:"approval,omitempty"`
	// Disruption is the leave to end workloads, which a plan of impact Drain or Reboot needs beside the approval.
	// +optional
	Disruption *DisruptionApproval `json:"disruption,omitempty"`
	// Drain is there while hostler empties the node or keeps it empty. It ends with the uncordon.
	// +optional
	Drain *DrainOrder `json:"drain,omitempty"`
	// Paused tells the agent to leave the host alone: no update, no repair. A run under way is finished. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`
	// Drift is the group's word on what happens when the host changes although the revision did not.
	// +optional
	Drift *DriftSpec `json:"drift,omitempty"`
}

// Approval is the leave to start, bound to what was shown when it was given.
type Approval struct {
	// Revision that may be applied.
	Revision string `json:"revision"`
	// Plan is the hash of the plan that may be applied. A plan with another hash is shown again first.
	Plan string `json:"plan"`
	// By is who gave it: coordinator, or who asked by annotation.
	By string `json:"by"`
	// At is when it was given, by the coordinator's clock. A failed revision is tried again when this changes.
	At metav1.MicroTime `json:"at"`
}

// DisruptionApproval is the leave to end workloads, bound to the plan that does.
type DisruptionApproval struct {
	// Plan is the hash of the plan that may be applied.
	Plan string `json:"plan"`
	// Impact that was approved, Drain or Reboot: a run never goes above it.
	// +kubebuilder:validation:XValidation:rule="self in ['Drain', 'Reboot']",message="a plan of another impact disrupts nothing and needs no approval of it"
	Impact Impact `json:"impact"`
	// By is who gave it: coordinator, or who asked by annotation.
	By string `json:"by"`
	// At is when it was given, by the coordinator's clock.
	At metav1.MicroTime `json:"at"`
}

// DrainOrder is the decision to empty the node.
type DrainOrder struct {
	// Plan is the hash of the plan that the node is emptied for; empty where a person asked for the drain itself.
	// +optional
	Plan string `json:"plan,omitempty"`
	// By is who decided: coordinator, or who asked by annotation.
	By string `json:"by"`
	// At is when it was decided, by the coordinator's clock; the timeout counts from here.
	At metav1.MicroTime `json:"at"`
	// GivenUp is when the drain timed out with policy Abort: the cordon is taken back and the node waits.
	// +optional
	GivenUp *metav1.MicroTime `json:"givenUp,omitempty"`
}

// Disrupts tells whether the impact ends workloads.
func (i Impact) Disrupts() bool { return i == ImpactDrain || i == ImpactReboot }
