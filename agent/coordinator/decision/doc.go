// Package decision decides what the coordinator does next: whose turn it is, who may be disrupted, who is drained,
// who is uncordoned, and why everybody else waits. Decide is a pure function of what the API server holds and of the
// time. It has no client and no memory, so a new leader that lists the same objects decides the same, and a test can
// drive it through any history.
//
//	NodeGroup, Nodes, ManagedNodes, pods ─▶ Observation ─▶ Decide ─▶ []Action ─▶ (coordinator writes) ─▶ API ─▶ …
//
// A node's way through an update, by what ManagedNode holds:
//
//	assigned      spec.revision is the group's; the agent plans and reports phase WaitingForApproval and a plan hash
//	approved      spec.approval names revision and hash: the node holds a slot from here on; the agent stages
//	disruptive    the agent reports WaitingForDisruption: spec.drain is set, the node is cordoned and emptied, and
//	              then spec.disruption names the hash
//	proven        the agent reports UpToDate for this generation of the spec, the Node is Ready and the gates are open:
//	              approval, disruption and drain are taken back, the cordon is lifted, rollout.provenAt is noted
//	failed        the agent reports RolledBack or Failed: the same, without proof, and it counts against the budget
//
// Every action is safe to repeat, and safe to lose: whatever was not written is decided again. The actions of one node
// are carried out in their order, and the first that fails ends them; SetGroupStatus comes before all nodes. Groups are decided
// one after the other, each from objects that show what was written before: slots are counted from what is seen.
//
// What is not obvious, and where it is decided:
//
//	a slot is held            by an approval, by a drain that is wanted, and, after an approval was taken back, until the
//	                          agent has reported that it is not at work (rollout.startedAt; withdraw, settle)
//	a slot is given on        by the decision after the one that freed it (slots.go)
//	a node without a use      not Ready, or cordoned, takes no further slot and waits for no wave; still no more nodes change at
//	                          once than there are slots, as a control plane that was away makes all look broken (slot)
//	a person's wish           start now goes past the order and not past the slots (start); leave to disrupt goes past windows and
//	                          not past pauses (leave); a drain on request lasts until somebody uncordons the node (endDrain)
//	a failed node             stays cordoned while it is half changed or not Ready, if it was drained (keepsCordon)
//	a drain that timed out    costs the node its slot, and is tried again after as long (mayRetry)
//	a cordon                  is lifted where it bears hostler's mark and no drain is wanted, whoever died in between; one that is
//	                          somebody else's is never marked and never lifted (cordonActions)
//	a group that goes         leaves hosts, labels and taints as they are: the next group takes them over
package decision
