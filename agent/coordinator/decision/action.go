package decision

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Action is one thing to do, as data. The coordinator carries actions out in their order; each is safe to repeat and
// safe to lose.
type Action interface{ action() }

// SetSpec makes, or changes, the ManagedNode of a node. It carries the whole spec that is wanted, and the annotations
// that were requests and are taken over or refused with it. It is written only if the ManagedNode is still the
// one that was observed, so two coordinators cannot both grant.
type SetSpec struct {
	Node string
	Spec v1alpha1.ManagedNodeSpec
	// Observed is the resourceVersion of the ManagedNode that this was decided on; empty: there was none.
	Observed string
	// Drop are the annotations to remove from the ManagedNode, and DropFromNode from the Node.
	Drop, DropFromNode []string
}

// DeleteManaged removes the ManagedNode of a node that is gone, or of a group that is gone.
type DeleteManaged struct {
	Node     string
	Observed string
}

// SetRollout writes the coordinator's part of a ManagedNode's status: what it waits for, the drain, the proof.
type SetRollout struct {
	Node    string
	Rollout v1alpha1.RolloutStatus
	// Waiting is the condition of that type.
	Waiting metav1.Condition
}

// Cordon makes a node unschedulable, and marks the cordon as hostler's.
type Cordon struct{ Node string }

// Uncordon takes hostler's cordon back. It is never decided for a cordon without hostler's mark.
type Uncordon struct{ Node string }

// Evict asks for the pods of a node to go. It is decided anew for as long as pods are left; the drain itself remembers nothing.
type Evict struct {
	Node string
	// Force deletes pods that do not let themselves be evicted.
	Force bool
	// SkipTerminating leaves pods behind that have been terminating for longer; 0: none.
	SkipTerminating time.Duration
}

// Mirror sets the annotations on a Node that are hostler's to show (see the table in v1alpha1); a key without value is removed.
type Mirror struct {
	Node        string
	Annotations map[string]string
}

// Template sets what a group's nodeTemplate says on a Node, and removes what it said before.
type Template struct {
	Node   string
	Wanted v1alpha1.NodeTemplateSpec
}

// SetGroupStatus writes the status of the group.
type SetGroupStatus struct{ Status v1alpha1.NodeGroupStatus }

// DropResume removes the annotation that asked for the group to be resumed; it comes after the status that remembers it.
type DropResume struct{}

// Event is told to people, on the node's ManagedNode and Node, or with an empty Node on the group.
type Event struct {
	Node    string
	Warning bool
	// Reason is in CamelCase, such as UpdateApproved.
	Reason  string
	Message string
}

// Wake asks to be decided again at a time at the latest, although nothing may have changed until then: a window that
// opens, a soak that ends.
type Wake struct{ At time.Time }

func (SetSpec) action()        {}
func (DeleteManaged) action()  {}
func (SetRollout) action()     {}
func (Cordon) action()         {}
func (Uncordon) action()       {}
func (Evict) action()          {}
func (Mirror) action()         {}
func (Template) action()       {}
func (SetGroupStatus) action() {}
func (DropResume) action()     {}
func (Event) action()          {}
func (Wake) action()           {}
