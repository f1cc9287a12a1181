package v1alpha1

// The label, the annotations and what they mean. "Request" is the people's side: the coordinator takes a request over into
// ManagedNode.spec, with who asked and when, and removes it. "Mirror" is for people who look at Nodes: nothing reads it back.
//
//	name                              on                   set by       example                     meaning
//	hostler.dev/node-group (label)    Node                 person       worker                      membership
//	hostler.dev/approved              ManagedNode, Node    person       ""                          request: start now, whatever the order says; also: try a failed revision again
//	hostler.dev/disruption-approved   ManagedNode, Node    person       0a86e21c61626c6f, or ""     request: leave to disrupt by that plan, or by the one shown now
//	hostler.dev/drain                 ManagedNode, Node    person       ""                          request: cordon and drain now
//	hostler.dev/paused                ManagedNode, Node    person       "disk is being replaced"    leave this node alone until removed; the value is the reason
//	hostler.dev/resume                NodeGroup            person       ""                          request: forget the failures that paused the group
//	hostler.dev/configuration-checksum    Node             coordinator  worker-7f3a9c1b             mirror: last revision that the host fully had
//	hostler.dev/waiting-for-approval      Node             coordinator  worker-7f3a9c1b             mirror: revision that it waits to start
//	hostler.dev/disruption-required       Node             coordinator  0a86e21c61626c6f Drain      mirror: plan and impact that it waits to be approved
//	hostler.dev/draining                  Node             coordinator  2026-11-21T22:00:00Z        mirror: since when pods are being evicted
//	hostler.dev/drained                   Node             coordinator  2026-11-21T22:04:10Z        mirror: since when no pod is left that had to go
//	hostler.dev/drain-failed              Node             coordinator  TimedOut                    mirror: why pods are still there
//	hostler.dev/cordoned-by               Node             coordinator  hostler                     hostler's cordon, which alone hostler takes back
//	hostler.dev/node-template             Node             coordinator  {"labels":["pool"]}         what of the Node came from the template, so that it can be taken back
const (
	NodeGroupLabel = "hostler.dev/node-group"

	ApprovedAnnotation           = "hostler.dev/approved"
	DisruptionApprovedAnnotation = "hostler.dev/disruption-approved"
	DrainAnnotation              = "hostler.dev/drain"
	PausedAnnotation             = "hostler.dev/paused"
	ResumeAnnotation             = "hostler.dev/resume"

	ConfigurationChecksumAnnotation = "hostler.dev/configuration-checksum"
	WaitingForApprovalAnnotation    = "hostler.dev/waiting-for-approval"
	DisruptionRequiredAnnotation    = "hostler.dev/disruption-required"
	DrainingAnnotation              = "hostler.dev/draining"
	DrainedAnnotation               = "hostler.dev/drained"
	DrainFailedAnnotation           = "hostler.dev/drain-failed"

	CordonedByAnnotation   = "hostler.dev/cordoned-by"
	NodeTemplateAnnotation = "hostler.dev/node-template"
)

// CordonedByHostler is the value of CordonedByAnnotation.
const CordonedByHostler = "hostler"

// The conditions of a NodeGroup.
const (
	// ConditionValid is false where the spec means nothing that can be done: the last good revision stays.
	ConditionValid = "Valid"
	// ConditionConflict is true where another group chooses the same nodes: neither group is applied to them.
	ConditionConflict = "Conflict"
	// ConditionUpToDate is true where every node has the group's revision.
	ConditionUpToDate = "UpToDate"
	// ConditionPaused is true where no further node starts, and says why.
	ConditionPaused = "Paused"
)

// The conditions of a ManagedNode. The first four are the agent's, the last is the coordinator's.
const (
	// ConditionApplied is true where the host is as its revision says.
	ConditionApplied = "Applied"
	// ConditionHealthy is true where the last run left the host well.
	ConditionHealthy = "Healthy"
	// ConditionDrifted is true where the host is no longer what it was made.
	ConditionDrifted = "Drifted"
	// ConditionKubeletConfigured is true where the kubelet's live configuration is what was written, and Unknown where it
	// may not be read.
	ConditionKubeletConfigured = "KubeletConfigured"
	// ConditionWaiting is true where the node waits; its reason is one of the waiting reasons, its message says for what
	// and what would change it.
	ConditionWaiting = "Waiting"
)
