package decision

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Observation is all that a decision about one group is made from. Decide changes none of it.
type Observation struct {
	// Now is the coordinator's clock.
	Now time.Time
	// Group is the NodeGroup with its defaults. nil: it was deleted, and Nodes are those that still carry its name.
	Group *v1alpha1.NodeGroup
	// Invalid says why the group's spec cannot be used; empty: it can. Revision is the last good one then.
	Invalid string
	// Revision is the name of the group's NodeGroupRevision, which exists already; empty: there is none yet.
	Revision string
	// KubernetesVersion is the revision's; empty: it does not manage the kubelet.
	KubernetesVersion string
	// Policy is the cluster-wide policy; nil: there is none.
	Policy *v1alpha1.UpdatePolicy
	// Nodes are the group's.
	Nodes []Node
	// Elsewhere counts the managed nodes of other groups, for the policy's budget.
	Elsewhere Count
	// APIServer is the lowest version among the API servers, such as 1.36.3; empty: not known, and no kubelet is
	// brought to another minor version.
	APIServer string
	// SingleControlPlane says that the cluster has one control-plane node: to drain it takes the API away for a while.
	SingleControlPlane bool
	// Self is the name of the node that the coordinator runs on; empty: it runs outside.
	Self string
	// Gates are the answers to the group's gates that do not belong to one node, such as Prometheus queries, by name.
	Gates []Gate
}

// Count counts nodes.
type Count struct {
	Total int
	// Unavailable are not Ready, cordoned by anyone, or Updating.
	Unavailable int
	// Updating hold a slot: approved and not proven, or being drained.
	Updating int
}

// Gate is a question to the world outside, answered.
type Gate struct {
	// Name for people, such as "Prometheus query up == 0".
	Name string
	// Open lets nodes start. Reason says why it is not.
	Open   bool
	Reason string
}

// Node is a node of the group.
type Node struct {
	// Node is the Node object; nil: it was deleted from the API, and Managed is what is left.
	Node *corev1.Node
	// Managed is its ManagedNode; nil: it is not made yet.
	Managed *v1alpha1.ManagedNode
	// Left says that no group chooses the node any more, although its ManagedNode still names this one. What hostler
	// has begun on it ends, and then the ManagedNode goes.
	Left bool
	// OtherGroups are the further groups that choose the node; none of them, nor this one, is applied to it.
	OtherGroups []string
	// Drain is how far the node is from being empty; nil where nobody asked (spec.drain is not set).
	Drain *Drain
	// Ahead is what a drain would meet now, on a line, for nodes that wait for one: how many pods have to go, and which
	// PodDisruptionBudgets will block. Empty: nobody looked.
	Ahead string
	// GateClosed says which gate of the node, such as a DaemonSet's pod that is not ready, is closed; empty: none.
	GateClosed string
}

// Drain is what evicting the node's pods has come to.
type Drain struct {
	// Left is the number of pods that have to go and are still there; 0: the node is empty.
	Left int
	// Blocking are those that cannot go now. The reasons of pods that a budget keeps, and no others, begin with BudgetPrefix.
	Blocking []v1alpha1.BlockingPod
	// Failed says why pods can never go, where it is no budget that keeps them; empty: they can.
	Failed string
}

// BudgetPrefix is how the reason begins why a pod cannot go, where a PodDisruptionBudget keeps it.
const BudgetPrefix = "PodDisruptionBudget "

// Name is the node's name.
func (n *Node) Name() string {
	if n.Node != nil {
		return n.Node.Name
	}
	return n.Managed.Name
}
