// Package units is the step for systemd units that a NodeGroup names: drop-ins,
// whether they start at boot, whether they run now, masks.
//
// A unit is what systemd makes of a name: an alias (sshd.service on Debian) is
// followed to the unit itself, so that one wish serves distributions that name
// their units differently, and so that two names of one unit are noticed.
//
// What is not said is left alone. A unit or drop-in that leaves the
// NodeGroup stays as it is, for the same reason as in package files: the step
// knows only what is wanted now.
package units
