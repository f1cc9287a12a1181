// Package drain empties a node: it finds the pods that have to go, names what keeps them before anybody is disturbed, and
// asks for their eviction. It waits for nothing, remembers nothing and gives nothing up: how long pods may take, and what
// happens then, is decided elsewhere (package decision), and whoever wants a node empty calls Evict again and again until
// Inspect finds nothing left. Two coordinators may do so at once.
//
// Which pods have to go is for kubectl's own drain package to say, so `kubectl drain` and hostler agree: pods of
// DaemonSets and static pods stay, finished pods go, data in emptyDir volumes is lost. Its requests are not used, for two
// reasons: they name a pod without its UID, so a late one would evict the replacement that a StatefulSet has made
// elsewhere under the same name; and its loop waits and retries.
//
// Pods without a controller are lost when they go. They block, and say so, until they are forced.
//
// Force deletes pods that the eviction API keeps, with their own grace period, and never with none. A pod without grace period
// leaves the API while its containers may be running, on a node that is merely cut off, say, and then two copies of
// it write to one volume. Where a machine is known to be dead, Kubernetes has its own way to say so: to delete the Node, or to taint it
// node.kubernetes.io/out-of-service; the reasons of such pods name it.
//
// Reasons are for people, and hold times, never durations: they are kept in a status, and a text that changed by itself
// would be written again and again. Those of a PodDisruptionBudget begin with decision.BudgetPrefix.
package drain
