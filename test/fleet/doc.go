// Package fleet is a cluster that hostler keeps: a control plane with hostler's kinds, rights and policies, nodes that
// joined by `hostler apply` and run the agent under systemd, and the coordinator, which can be killed and started again.
// Tests and the demonstration share it.
//
// Nobody asks and sleeps. A Fleet follows the objects of its cluster by watches; Wait returns when they are as wanted, and
// each change of them becomes a Sample, over which a Recording is judged afterwards: how many pods were available, how
// many nodes were not, who held a slot.
//
// Pods of different nodes cannot reach each other, since each node has a subnet of its own behind a bridge; whether a pod is
// available is the kubelet's word, who probes it.
package fleet
