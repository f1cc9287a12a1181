package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// target is what the commands of remedies name.
type target struct {
	*Input
	// node and group are names; the group's is a placeholder where none is known.
	node, group string
	// plan is the hash of the plan; empty: there is none, and the plan shown then is meant.
	plan string
}

// table has the way out of each reason: the coordinator's in the order of package decision, then explain's own.
//
// hostler.dev/approved goes past a pause of the group, a failure, a foreign cordon, windows, gates, waves and soaks. It does
// not go past slots, version skew or a pause of the cluster, so it is no remedy there.
var table = map[decision.Waiting]func(target) []Remedy{
	decision.WaitingNodeGone: func(t target) []Remedy {
		return []Remedy{{"if the machine should be there, look why its kubelet does not register", "ssh " + t.node + " journalctl -u kubelet -n 50"},
			{"if it is gone for good, this removes what is left of it", "kubectl delete managednode " + t.node}}
	},
	decision.WaitingConflict: func(t target) []Remedy {
		return []Remedy{{"see which labels the groups choose by", "kubectl get nodegroups -o custom-columns=NAME:.metadata.name,SELECTOR:.spec.nodeSelector"},
			{"see the labels of the node", "kubectl get node " + t.node + " --show-labels"},
			{"let one of them choose it no longer (spec.nodeSelector)", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingInvalidGroup: func(t target) []Remedy {
		return []Remedy{{"correct the group", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingRevision: func(t target) []Remedy {
		return []Remedy{{"see what the coordinator says of the group", "kubectl describe nodegroup " + t.group}, coordinatorLog}
	},
	decision.WaitingNodePaused: func(t target) []Remedy {
		return []Remedy{{"let hostler go on with the node", fmt.Sprintf("kubectl annotate managednode,node %s %s-", t.node, v1alpha1.PausedAnnotation)}}
	},
	decision.WaitingAgent: func(t target) []Remedy {
		return []Remedy{{"see whether the agent runs", "ssh " + t.node + " systemctl status hostler.service"},
			{"see what it says", "ssh " + t.node + " journalctl -u hostler.service -n 50"}}
	},
	decision.WaitingPlan: func(t target) []Remedy {
		return []Remedy{{"see what is wrong on the host", "ssh " + t.node + " journalctl -u hostler.service -n 50"},
			{"or correct the group", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingFailed: func(t target) []Remedy {
		return []Remedy{{"see what failed", "ssh " + t.node + " sudo hostler history --ops"},
			{"correct the group, which makes a new revision", "kubectl edit nodegroup " + t.group}, t.approve("or try the same revision again")}
	},
	decision.WaitingNodeGate: func(t target) []Remedy {
		return []Remedy{{"see what the node lacks", "kubectl describe node " + t.node}, t.pods("see which of its pods are not ready")}
	},
	decision.WaitingDrain: func(t target) []Remedy {
		return []Remedy{t.pods("nothing to do: pods are leaving; this shows them")}
	},
	decision.WaitingBudget: func(t target) []Remedy {
		return []Remedy{{"see which budget allows nothing; more replicas, or a looser one, let pods go", "kubectl get poddisruptionbudgets -A"},
			{"or let pods be forced out after a time (disruptions.drain.onTimeout)", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingDrainTimedOut: func(t target) []Remedy {
		return []Remedy{t.pods("see which pods did not leave"), t.approve("start anew, once they can"),
			{"or give them longer (disruptions.drain)", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingDrainFailed: func(t target) []Remedy {
		return []Remedy{{"see which pods cannot be evicted, and why (status.rollout.drain)", "kubectl get managednode " + t.node + " -o yaml"},
			{"a pod with several budgets needs all but one taken away", "kubectl get poddisruptionbudgets -A"}}
	},
	decision.WaitingManualApproval: func(t target) []Remedy {
		return []Remedy{t.disrupt("give leave to disrupt by the plan shown here")}
	},
	decision.WaitingSkew: func(t target) []Remedy {
		return []Remedy{{"see the API server's version; upgrade it first", "kubectl version"},
			{"or choose a version that goes with it (kubernetesVersion)", "kubectl edit nodegroup " + t.group}}
	},
	decision.WaitingForeignCordon: func(t target) []Remedy {
		return []Remedy{{"lift the cordon, if its reason is gone", "kubectl uncordon " + t.node}, t.approve("or start in spite of it")}
	},
	decision.WaitingPolicyPaused: func(target) []Remedy {
		return []Remedy{{"resume all groups", fmt.Sprintf(`kubectl patch updatepolicy %s --type=merge -p '{"spec":{"paused":false}}'`, v1alpha1.UpdatePolicyName)}}
	},
	decision.WaitingGroupPaused: func(t target) []Remedy {
		return []Remedy{{"resume the group", fmt.Sprintf(`kubectl patch nodegroup %s --type=merge -p '{"spec":{"update":{"paused":false}}}'`, t.group)},
			t.approve("or start this node alone")}
	},
	decision.WaitingFailureBudget: func(t target) []Remedy {
		return []Remedy{{"see where it failed", "kubectl get managednodes -o wide"},
			{"correct the group, which makes a new revision", "kubectl edit nodegroup " + t.group},
			{"or forget the failures and go on", fmt.Sprintf("kubectl annotate nodegroup %s %s=", t.group, v1alpha1.ResumeAnnotation)}}
	},
	decision.WaitingExclusion: func(t target) []Remedy { return t.times("exclusions") },
	decision.WaitingWindow:    func(t target) []Remedy { return t.times("windows") },
	decision.WaitingGate: func(t target) []Remedy {
		return []Remedy{{"see the gates (update.gates); mend what they watch", "kubectl get nodegroup " + t.group + " -o yaml"}, t.approve("or start in spite of them")}
	},
	decision.WaitingWave: func(t target) []Remedy {
		return []Remedy{{"see how far the waves are (status.waves)", "kubectl get nodegroup " + t.group + " -o yaml"}, t.approve("or start before its turn")}
	},
	decision.WaitingSoak: func(t target) []Remedy {
		return []Remedy{{"see until when the wave soaks (status.waves)", "kubectl get nodegroup " + t.group + " -o yaml"}, t.approve("or start without waiting")}
	},
	decision.WaitingClusterSlot: func(target) []Remedy {
		return []Remedy{seeNodes, {"or allow more in the cluster (spec.maxUnavailable)", "kubectl edit updatepolicy " + v1alpha1.UpdatePolicyName}}
	},
	decision.WaitingSlot: func(t target) []Remedy {
		return []Remedy{seeNodes, {"or allow more in the group (update.maxUnavailable)", "kubectl edit nodegroup " + t.group}}
	},

	NotInstalled: func(target) []Remedy {
		return []Remedy{{"from hostler's source tree or release archive", "kubectl apply -f packaging/crds/"}}
	},
	NoSuchNode: func(target) []Remedy {
		return []Remedy{{"see the names of all nodes", "kubectl get nodes"}}
	},
	NoNodeGroup: target.join,
	CoordinatorSilent: func(target) []Remedy {
		return []Remedy{{"wait some seconds; if that lasts, see whether the coordinator runs", "kubectl -n hostler-system get pods"}, coordinatorLog}
	},
}

var (
	coordinatorLog = Remedy{"see what the coordinator says", "kubectl -n hostler-system logs deployment/hostler-coordinator"}
	seeNodes       = Remedy{"see which nodes are unavailable; one that comes back frees a slot", "kubectl get nodes"}
)

// remedies are what would change the reason.
func remedies(in *Input, reason decision.Waiting) []Remedy {
	t := target{Input: in, node: in.Name, group: cmp.Or(in.groupName(), "GROUP")}
	if in.Managed != nil && in.Managed.Status.Plan != nil {
		t.plan = in.Managed.Status.Plan.Hash
	}
	if find, known := table[reason]; known {
		return find(t)
	}
	// A coordinator newer than this program.
	return []Remedy{{"hostler here does not know this reason; its message may say more", "kubectl describe managednode " + t.node}}
}

func (t target) approve(text string) Remedy {
	return Remedy{text, fmt.Sprintf("kubectl annotate managednode %s %s=", t.node, v1alpha1.ApprovedAnnotation)}
}

func (t target) disrupt(text string) Remedy {
	return Remedy{text, fmt.Sprintf("kubectl annotate managednode %s %s=%s", t.node, v1alpha1.DisruptionApprovedAnnotation, t.plan)}
}

// maxGroups is how many groups are offered to a node that has none.
const maxGroups = 3

// join are the ways into a group.
func (t target) join() []Remedy {
	if len(t.Groups) == 0 {
		return []Remedy{{"there is no NodeGroup at all; check one and make it", "hostler validate -f worker.yaml && kubectl apply -f worker.yaml"}}
	}
	out := []Remedy{}
	for i := range t.Groups[:min(len(t.Groups), maxGroups)] {
		group := &t.Groups[i]
		var pairs []string
		for key, value := range selector(group) {
			pairs = append(pairs, key+"="+value)
		}
		slices.Sort(pairs)
		out = append(out, Remedy{"put the node into NodeGroup " + group.Name, fmt.Sprintf("kubectl label node %s --overwrite %s", t.node, strings.Join(pairs, " "))})
	}
	if len(t.Groups) > maxGroups {
		out = append(out, Remedy{"see all groups", "kubectl get nodegroups"})
	}
	return out
}

func (t target) pods(text string) Remedy {
	return Remedy{text, "kubectl get pods -A -o wide --field-selector spec.nodeName=" + t.node}
}

// times are the ways past windows and exclusions. A node that has begun waits for leave to disrupt, not to start.
func (t target) times(what string) []Remedy {
	now := t.approve("start now")
	if t.Managed != nil && t.Managed.Status.Phase == v1alpha1.PhaseWaitingForDisruption {
		now = t.disrupt("start now, by the plan shown here")
	}
	out := []Remedy{now, {"or change the " + what + " of the group", "kubectl edit nodegroup " + t.group}}
	if t.Policy != nil && len(t.Policy.Spec.Windows)+len(t.Policy.Spec.Exclusions) > 0 {
		out = append(out, Remedy{"or those of the cluster", "kubectl edit updatepolicy " + v1alpha1.UpdatePolicyName})
	}
	return out
}
