package decision

// Waiting is the one reason why a node waits: the reason of the condition Waiting.
type Waiting string

// The reasons, the first that holds wins. What would change each is in its message.
const (
	// WaitingNodeGone: the Node is not in the API.
	WaitingNodeGone Waiting = "NodeGone"
	// WaitingConflict: several groups choose the node.
	WaitingConflict Waiting = "GroupConflict"
	// WaitingInvalidGroup: the group's spec cannot be used.
	WaitingInvalidGroup Waiting = "InvalidGroup"
	// WaitingRevision: the group has no revision yet.
	WaitingRevision Waiting = "NoRevision"
	// WaitingNodePaused: a person said to leave the node alone.
	WaitingNodePaused Waiting = "NodePaused"
	// WaitingAgent: the agent has not reported on what is wanted now.
	WaitingAgent Waiting = "AgentSilent"
	// WaitingPlan: the agent cannot make a plan.
	WaitingPlan Waiting = "PlanFailed"
	// WaitingFailed: the revision failed on the node and is not tried again by itself.
	WaitingFailed Waiting = "RevisionFailed"
	// WaitingNodeGate: a gate of the node itself keeps it from being proven.
	WaitingNodeGate Waiting = "NodeNotProven"
	// WaitingDrain: the node is being emptied.
	WaitingDrain Waiting = "Draining"
	// WaitingBudget: a PodDisruptionBudget keeps pods on the node.
	WaitingBudget Waiting = "PodDisruptionBudget"
	// WaitingDrainTimedOut: pods did not leave in time; the drain was given up.
	WaitingDrainTimedOut Waiting = "DrainTimedOut"
	// WaitingDrainFailed: pods cannot be evicted.
	WaitingDrainFailed Waiting = "DrainFailed"
	// WaitingManualApproval: a person must approve the disruption.
	WaitingManualApproval Waiting = "DisruptionApproval"
	// WaitingSkew: the kubelet's version does not go with the API servers'.
	WaitingSkew Waiting = "VersionSkew"
	// WaitingForeignCordon: somebody else cordoned the node.
	WaitingForeignCordon Waiting = "ForeignCordon"
	// WaitingPolicyPaused, WaitingGroupPaused, WaitingFailureBudget: nobody starts.
	WaitingPolicyPaused  Waiting = "UpdatesPaused"
	WaitingGroupPaused   Waiting = "GroupPaused"
	WaitingFailureBudget Waiting = "FailureBudgetSpent"
	// WaitingExclusion and WaitingWindow: not at this time.
	WaitingExclusion Waiting = "Exclusion"
	WaitingWindow    Waiting = "Window"
	// WaitingGate: a gate of the group is closed.
	WaitingGate Waiting = "Gate"
	// WaitingWave and WaitingSoak: nodes of an earlier wave come first, or must stay healthy for a while.
	WaitingWave Waiting = "Wave"
	WaitingSoak Waiting = "Soak"
	// WaitingClusterSlot and WaitingSlot: as many nodes are unavailable as may be.
	WaitingClusterSlot Waiting = "ClusterSlot"
	WaitingSlot        Waiting = "Slot"
	// AgentTold is the reason where the condition is false because the agent was told something a moment ago.
	AgentTold Waiting = "AgentTold"
	// NotWaiting is the reason where the condition is false.
	NotWaiting Waiting = "NotWaiting"
)
