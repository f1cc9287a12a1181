// Package cri asks a container runtime, whichever it is, how it does, over the
// socket that the kubelet uses (the Kubernetes Container Runtime Interface). The
// runtimes themselves are set up by the packages below it.
//
// A runtime that dies after a restart is found by two probes together. Systemd
// says that a service is active from its first readiness on, and again after
// each automatic restart, so one look proves little: Answers asks the runtime
// itself, and Stays compares looks, so that a runtime that comes and goes is
// never well for the length of the engine's settle time.
package cri
