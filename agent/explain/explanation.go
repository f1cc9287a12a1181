package explain

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// Input is what the API server holds about a node.
type Input struct {
	// Name of the node.
	Name string
	// NotInstalled says that the API server does not know hostler's kinds.
	NotInstalled bool
	// Node is the Node; nil: there is none.
	Node *corev1.Node
	// Managed is the ManagedNode; nil: there is none.
	Managed *v1alpha1.ManagedNode
	// Groups are all NodeGroups.
	Groups []v1alpha1.NodeGroup
	// Policy is the cluster-wide policy; nil: there is none.
	Policy *v1alpha1.UpdatePolicy
	// Now is the reader's clock.
	Now time.Time
}

// Reasons of explain's own, beside those of the coordinator (decision.Waiting).
const (
	// NotInstalled: the API server does not know hostler's kinds.
	NotInstalled decision.Waiting = "NotInstalled"
	// NoSuchNode: there is neither a Node nor a ManagedNode of the name.
	NoSuchNode decision.Waiting = "NoSuchNode"
	// NoNodeGroup: no group chooses the node.
	NoNodeGroup decision.Waiting = "NoNodeGroup"
	// CoordinatorSilent: the coordinator has the next move, and has not made it.
	CoordinatorSilent decision.Waiting = "CoordinatorSilent"
)

// State is what a node is at, in a word.
type State string

// The states. Working is a node on which something happens, with nothing for a person to do.
const (
	UpToDate State = "UpToDate"
	Working  State = "Working"
	Waiting  State = "Waiting"
)

// Explanation is the answer. Programs read it as JSON: fields are added, and never renamed or taken away.
type Explanation struct {
	Node string `json:"node"`
	// NodeGroup is the name of the group; empty: none is known.
	NodeGroup string `json:"nodeGroup"`
	State     State  `json:"state"`
	// Phase is what the agent is at; empty: it has never reported.
	Phase v1alpha1.Phase `json:"phase"`
	// Message is the agent's.
	Message  string   `json:"message,omitempty"`
	Revision Revision `json:"revision"`
	// Plan is what is missing on the host; absent where nothing is known to be.
	Plan *Plan `json:"plan,omitempty"`
	// Waiting is the reason; absent where the node does not wait.
	Waiting *Reason `json:"waiting,omitempty"`
	// Drain is how far the node is from being empty; absent where nobody asked for that.
	Drain *v1alpha1.DrainStatus `json:"drain,omitempty"`
	// Notes are true as well, and not the reason.
	Notes []string `json:"notes"`
	// Remedies are what would change it, the first one first.
	Remedies []Remedy `json:"remedies"`
}

// Revision names the revisions of a node.
type Revision struct {
	// Wanted of the node; empty: none yet.
	Wanted string `json:"wanted"`
	// Applied is the last that the host fully had.
	Applied string `json:"applied"`
	// Proven is the last that it had with all gates open.
	Proven string `json:"proven"`
}

// Plan is a plan in short.
type Plan struct {
	Hash   string          `json:"hash"`
	Impact v1alpha1.Impact `json:"impact"`
	Ops    int32           `json:"ops"`
	// Staged is whether all that it needs has been downloaded.
	Staged bool `json:"staged"`
}

// Reason is why a node waits.
type Reason struct {
	// Reason is one of decision's, or of this package's own.
	Reason decision.Waiting `json:"reason"`
	// Since is when it began to wait for this; absent: not known.
	Since   *metav1.Time `json:"since,omitempty"`
	Message string       `json:"message"`
}

// Remedy is something that a person can do.
type Remedy struct {
	// Text says what for.
	Text string `json:"text"`
	// Command is what to type; it may open an editor.
	Command string `json:"command"`
}

// Blocked tells whether the node waits for something that does not come about by work under way.
func (e *Explanation) Blocked() bool { return e.State == Waiting }
