// Package rollout tests the cluster loop on a real cluster: a rolling upgrade of the kubelet under a workload with a
// PodDisruptionBudget, and all the bad luck that a rollout can have, one scenario a file. Three nodes are shared: a test
// takes as many as it needs, gives them a NodeGroup of its own, and hands them back uncordoned.
package rollout
