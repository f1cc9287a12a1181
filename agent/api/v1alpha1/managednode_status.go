package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Phase is what a node's agent is at.
// +kubebuilder:validation:Enum=Unassigned;UpToDate;PlanFailed;WaitingForApproval;Staging;WaitingForDisruption;Applying;RolledBack;Failed;Paused
type Phase string

// The phases, and who moves a node on from each.
//
//	phase                 the host                                          goes on when
//	Unassigned            is left alone: no revision is wanted of it        the coordinator names one
//	UpToDate              has the wanted revision                           the revision changes, or the host drifts
//	PlanFailed            cannot be planned for; the message says why       the revision changes, or the next look succeeds
//	WaitingForApproval    is planned; status.plan shows it                  spec.approval names that plan
//	Staging               downloads what the plan needs                     it is done
//	WaitingForDisruption  has all it needs to be changed                    spec.disruption names the plan
//	Applying              is being changed, or changed back                 the run ends
//	RolledBack            is as it was before a run that failed             the revision changes, or spec.approval is given anew
//	Failed                is half changed, and could not be changed back    a person has looked, and spec.approval is given anew
//	Paused                is left alone because a person said so            spec.paused is taken back
const (
	PhaseUnassigned           Phase = "Unassigned"
	PhaseUpToDate             Phase = "UpToDate"
	PhasePlanFailed           Phase = "PlanFailed"
	PhaseWaitingForApproval   Phase = "WaitingForApproval"
	PhaseStaging              Phase = "Staging"
	PhaseWaitingForDisruption Phase = "WaitingForDisruption"
	PhaseApplying             Phase = "Applying"
	PhaseRolledBack           Phase = "RolledBack"
	PhaseFailed               Phase = "Failed"
	PhasePaused               Phase = "Paused"
)

// ManagedNodeStatus is what a node's agent reports. Times in it are by the node's clock and for people only; what the
// coordinator counts by is in rollout, by its own clock.
type ManagedNodeStatus struct {
	// ObservedGeneration is the metadata.generation that the agent had seen when it wrote this.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Phase is what the agent is at.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// Message says more of the phase, for people, on one line.
	// +optional
	Message string `json:"message,omitempty"`
	// Plan is what is missing on the host for the wanted revision; not set where nothing is.
	// +optional
	Plan *PlanSummary `json:"plan,omitempty"`
	// AppliedRevision is the last revision that the host fully had.
	// +optional
	AppliedRevision string `json:"appliedRevision,omitempty"`
	// Failure is the last run that failed; not set after one that did not.
	// +optional
	Failure *Failure `json:"failure,omitempty"`
	// Drift is what has changed on the host although the revision did not.
	// +optional
	Drift *DriftStatus `json:"drift,omitempty"`
	// Configurations are the results of the NodeGroupConfigurations, one of each name.
	// +listType=map
	// +listMapKey=name
	// +optional
	Configurations []ConfigurationResult `json:"configurations,omitempty"`
	// Runs are the last runs, newest first, five at most; `hostler history` on the node has all.
	// +listType=atomic
	// +optional
	Runs []RunSummary `json:"runs,omitempty"`
	// Facts are what the host is.
	// +optional
	Facts *NodeFacts `json:"facts,omitempty"`
	// Conditions are the node's conditions, one of each type.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Rollout is the coordinator's part of the status: no node can write it.
	// +optional
	Rollout *RolloutStatus `json:"rollout,omitempty"`
}

// PlanSummary is a plan as far as it fits into a status; `hostler plan` on the node shows it whole.
type PlanSummary struct {
	// Revision that the plan leads to.
	Revision string `json:"revision"`
	// Hash of the whole plan. Approvals are bound to it.
	Hash string `json:"hash"`
	// Impact is the highest impact of the ops.
	Impact Impact `json:"impact"`
	// Ops is the number of ops in the whole plan.
	Ops int32 `json:"ops"`
	// Steps are the ops by step, without diffs.
	// +listType=atomic
	// +optional
	Steps []StepPlan `json:"steps,omitempty"`
	// Omitted is how many ops are not shown, because there are too many.
	// +optional
	Omitted int32 `json:"omitted,omitempty"`
	// Waits are the parts that can be planned only after earlier ones have run.
	// +listType=atomic
	// +optional
	Waits []string `json:"waits,omitempty"`
	// Staged is whether all that the plan needs has been downloaded.
	// +optional
	Staged bool `json:"staged,omitempty"`
}

// StepPlan is what one step would do.
type StepPlan struct {
	// Step is the name of the step, such as kubelet.
	Step string `json:"step"`
	// Ops are its ops, a line each: the action, the key, and from and to where they are short.
	// +listType=atomic
	Ops []string `json:"ops"`
}

// Failure is a run that failed.
type Failure struct {
	// Revision that was being applied.
	Revision string `json:"revision"`
	// Approved is the time of the approval that it ran under: another approval lets it be tried again.
	// +optional
	Approved metav1.MicroTime `json:"approved,omitempty"`
	// Outcome is RolledBack where the host is as it was, and Failed where it is not.
	// +kubebuilder:validation:Enum=RolledBack;Failed
	Outcome Phase `json:"outcome"`
	// Message says what failed.
	Message string `json:"message"`
	// Run is the run's number in `hostler history` on the node.
	// +optional
	Run int32 `json:"run,omitempty"`
	// At is when it ended, by the node's clock.
	// +optional
	At metav1.Time `json:"at,omitempty"`
}

// DriftStatus is what has changed on the host although the revision did not.
type DriftStatus struct {
	// Count of the ops that would put it right.
	Count int32 `json:"count"`
	// Keys of the first of them.
	// +listType=atomic
	// +optional
	Keys []string `json:"keys,omitempty"`
	// Since is when it was first seen, by the node's clock.
	// +optional
	Since metav1.Time `json:"since,omitempty"`
}

// ConfigurationResult is what became of a NodeGroupConfiguration on a node.
type ConfigurationResult struct {
	// Name of the NodeGroupConfiguration.
	Name string `json:"name"`
	// State is Satisfied, Pending (its apply has not run yet) or Failed.
	// +kubebuilder:validation:Enum=Satisfied;Pending;Failed
	State ConfigurationState `json:"state"`
	// Message says more, for people. It never holds what a script printed.
	// +optional
	Message string `json:"message,omitempty"`
}

// ConfigurationState is what became of a NodeGroupConfiguration on a node.
type ConfigurationState string

// The states of a NodeGroupConfiguration on a node.
const (
	ConfigurationSatisfied ConfigurationState = "Satisfied"
	ConfigurationPending   ConfigurationState = "Pending"
	ConfigurationFailed    ConfigurationState = "Failed"
)

// RunSummary is a run of the node's history.
type RunSummary struct {
	// Run is its number on the node.
	Run int32 `json:"run"`
	// Revision that was applied.
	// +optional
	Revision string `json:"revision,omitempty"`
	// Outcome such as done or rolled back.
	Outcome string `json:"outcome"`
	// Impact of the plan.
	Impact Impact `json:"impact"`
	// Ops that were done.
	Ops int32 `json:"ops"`
	// Begun is when it began, by the node's clock.
	Begun metav1.Time `json:"begun"`
	// Ended is when it ended, by the node's clock.
	// +optional
	Ended *metav1.Time `json:"ended,omitempty"`
	// Error is why it failed.
	// +optional
	Error string `json:"error,omitempty"`
}

// NodeFacts are what a host is.
type NodeFacts struct {
	// Distro is the distribution as it names itself, such as Debian GNU/Linux 12 (bookworm).
	// +optional
	Distro string `json:"distro,omitempty"`
	// Kernel is its release.
	// +optional
	Kernel string `json:"kernel,omitempty"`
	// BootID is the kernel's random id of this boot.
	// +optional
	BootID string `json:"bootID,omitempty"`
	// Packages are versions of what a node is made of, such as kubelet and containerd.
	// +optional
	Packages map[string]string `json:"packages,omitempty"`
	// Agent is hostler's version.
	// +optional
	Agent string `json:"agent,omitempty"`
}

// RolloutStatus is what the coordinator knows of a node. Its times are by the coordinator's clock.
type RolloutStatus struct {
	// ProvenRevision is the last revision that the node had with all gates open.
	// +optional
	ProvenRevision string `json:"provenRevision,omitempty"`
	// ProvenAt is when that was seen; soak times count from here.
	// +optional
	ProvenAt *metav1.MicroTime `json:"provenAt,omitempty"`
	// StartedAt is when the change under way was approved.
	// +optional
	StartedAt *metav1.MicroTime `json:"startedAt,omitempty"`
	// Took is how long the last change took, from approval to proof; windows are planned by it.
	// +optional
	Took *metav1.Duration `json:"took,omitempty"`
	// Wave is the name of the wave that the node is in; empty: it comes after all waves.
	// +optional
	Wave string `json:"wave,omitempty"`
	// Drain is how far the emptying of the node is.
	// +optional
	Drain *DrainStatus `json:"drain,omitempty"`
	// Refused is the last request of a person that could not be granted, and why.
	// +optional
	Refused string `json:"refused,omitempty"`
}

// DrainState is how far the emptying of a node is. The last three are different things on purpose.
// +kubebuilder:validation:Enum=Draining;Drained;TimedOut;Failed
type DrainState string

// How far the emptying of a node is.
const (
	// Draining: pods are being evicted.
	Draining DrainState = "Draining"
	// Drained: no pod is left that had to go.
	Drained DrainState = "Drained"
	// DrainTimedOut: pods did not go in time.
	DrainTimedOut DrainState = "TimedOut"
	// DrainFailed: pods cannot be evicted; the API refuses for another reason than a budget.
	DrainFailed DrainState = "Failed"
)

// DrainStatus is how far the emptying of a node is.
type DrainStatus struct {
	// State is Draining, Drained, TimedOut or Failed.
	State DrainState `json:"state"`
	// Since is when the state began.
	// +optional
	Since metav1.MicroTime `json:"since,omitempty"`
	// Left is the number of pods that have to go and are still there.
	// +optional
	Left int32 `json:"left,omitempty"`
	// Blocking are pods that cannot go now, and why; the first ten.
	// +listType=atomic
	// +optional
	Blocking []BlockingPod `json:"blocking,omitempty"`
	// Message says more, for people.
	// +optional
	Message string `json:"message,omitempty"`
}

// BlockingPod is a pod that keeps a node from being empty.
type BlockingPod struct {
	// Namespace of the pod.
	Namespace string `json:"namespace"`
	// Name of the pod.
	Name string `json:"name"`
	// Reason that it is still there, such as the PodDisruptionBudget that forbids its eviction.
	Reason string `json:"reason"`
}
