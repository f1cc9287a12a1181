// Package coordinator is the cluster's side of hostler: it turns NodeGroups into revisions, and lets nodes have them in
// order and within their budgets. It reads, asks package decision what to do, and writes; it decides nothing itself.
//
//	informers ─┐                                         ┌─▶ SetSpec, SetRollout, Cordon, … ─▶ API server
//	           ├─▶ world ─▶ Observation ─▶ Decide ─▶ actions
//	overlay  ──┘     ▲                                   └─▶ what the server answered
//	                 └───────────────────────────────────────────────┘
//
// Decisions are serial. Whatever changes in the cluster asks for a round, one round runs at a time, and it
// goes through all groups one by one, because they share the budget of the UpdatePolicy. A round that has much to write
// (a new revision for thousands of nodes) ends after a moment and another follows, so that a freed slot never waits for it.
//
// Informers lag behind the coordinator's own writes, and a grant that is not seen is granted again, to another node. So
// each write's answer is kept and used until the informer has it (overlay), and each write says which
// version of the object it was decided on, so that two coordinators cannot both change one. A new leader first reads
// what its predecessor may just have written from the API server itself.
//
// Nothing in memory matters: killed at any moment, the next leader finds all it needs in the API.
package coordinator
