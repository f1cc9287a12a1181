// Package host is the machine: what steps may read of it (View) and what ops
// may change (Host).
//
// Open gives the real one, rooted anywhere: at / under systemd, at the host's
// file system in a DaemonSet, at an image folder that is not running. All paths
// are as the machine itself sees them ("/etc/hosts"), and symbolic links
// resolve inside the root. Package hosttest has one in memory; a conformance
// suite there holds both to the same behaviour. Nothing else in hostler imports
// os/exec, talks to systemd or writes outside its own state folder.
package host
