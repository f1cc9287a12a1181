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
// Every action is safe to repeat, and safe to lose: whatever was not written is decided again.
package decision
