// Package cni is the step that gives a host a pod network: the plugins of the
// kubernetes-cni package and, for the simple network that hostler brings itself,
// a bridge, its configuration.
//
// containerd watches the configuration folder, so nothing is restarted: a new
// file is in use within moments, for pods that start after it. Only where the
// folder was removed under a running containerd is that restarted: it would not
// see the new one. containerd loads one configuration, the first by name, so one of
// somebody else that sorts before hostler's wins; the plan warns of it.
//
// The configuration is of CNI version 0.4.0, although 1.0.0 is current: there
// is nothing in 1.0.0 that a bridge needs, every release of the plugins since 0.7
// and every containerd reads 0.4.0, and containerd before 1.6 (Debian 11) refuses 1.0.0.
package cni
