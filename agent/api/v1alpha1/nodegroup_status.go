package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NodeGroupStatus is what the coordinator knows of a group. Its times are by the coordinator's clock.
type NodeGroupStatus struct {
	// ObservedGeneration is the metadata.generation that the rest speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Revision is the name of the group's revision: the last good one where the spec is not valid.
	// +optional
	Revision string `json:"revision,omitempty"`
	// Nodes counts the nodes of the group.
	// +optional
	Nodes NodeCounts `json:"nodes,omitempty"`
	// Waves are how far each wave is.
	// +listType=map
	// +listMapKey=name
	// +optional
	Waves []WaveStatus `json:"waves,omitempty"`
	// Failures are the nodes on which the revision failed. The group pauses itself when there are as many as its failure
	// budget. They are forgotten with the next revision, and by the annotation hostler.dev/resume.
	// +optional
	Failures *FailuresStatus `json:"failures,omitempty"`
	// Conditions are the group's conditions, one of each type.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// NodeCounts counts the nodes of a group. A node may be in several counts.
type NodeCounts struct {
	// Total is the number of nodes that the group chooses.
	// +optional
	Total int32 `json:"total"`
	// UpToDate have the group's revision.
	// +optional
	UpToDate int32 `json:"upToDate"`
	// Updating were approved and are not proven yet.
	// +optional
	Updating int32 `json:"updating"`
	// Waiting want to change and may not yet.
	// +optional
	Waiting int32 `json:"waiting"`
	// Failed could not be given the group's revision.
	// +optional
	Failed int32 `json:"failed"`
	// Unavailable are updating, not Ready, or cordoned by anyone.
	// +optional
	Unavailable int32 `json:"unavailable"`
}

// WaveStatus is how far a wave is.
type WaveStatus struct {
	// Name of the wave.
	Name string `json:"name"`
	// Nodes is the number of nodes in the wave.
	Nodes int32 `json:"nodes"`
	// Proven is the number of those that have the revision with all gates open.
	Proven int32 `json:"proven"`
	// SoakUntil is when the next nodes may start, if the wave stays healthy; not set before the whole wave is proven.
	// +optional
	SoakUntil *metav1.Time `json:"soakUntil,omitempty"`
}

// FailuresStatus are the failures of one revision.
type FailuresStatus struct {
	// Revision that failed.
	Revision string `json:"revision"`
	// Nodes on which it failed.
	// +listType=atomic
	// +optional
	Nodes []FailedNode `json:"nodes,omitempty"`
}

// FailedNode is a node on which a revision failed.
type FailedNode struct {
	// Name of the node.
	Name string `json:"name"`
	// Approved is the time of the approval that failed, so that each failure counts once.
	// +optional
	Approved metav1.MicroTime `json:"approved,omitempty"`
	// Forgiven is true where a person has resumed the group since: it counts no longer.
	// +optional
	Forgiven bool `json:"forgiven,omitempty"`
}
