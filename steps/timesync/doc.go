// Package timesync is the step that sees to it that one daemon keeps the clock:
// certificates, tokens and leases of the cluster are valid between two moments, and a
// node whose clock is off is refused or refuses others.
//
// Which daemon is nobody's business but the distribution's and the
// administrator's, so the one that is enabled and runs stays. Two are one too many:
// each takes the other's corrections for errors of the clock. Then the others
// are stopped and disabled; not masked, so that a person can choose another one.
// Where there is none, the distribution's own is installed.
//
// A daemon that runs need not have reached its servers. The kernel knows whether its
// clock is disciplined, whichever daemon does it, and where it is not for long the
// step warns. That is no failure: the way to the servers may be somebody else's.
//
// In a container the clock is the host's, systemd-timesyncd does not even start
// (ConditionVirtualization=!container in its unit), and the step does nothing.
package timesync
