// Package preflight looks at a host before anything is done to it: what would keep a Kubernetes node from
// working here, how bad that is, and the way out. A Finding says all three. The list of checks is in checks.go, each
// check in the file of its subject, and a check only reads: files, the kernel, the states of units.
//
// Run is for people who ask (hostler doctor): every check, and everything that is known. Step is for plans: it has no ops, and
// runs the few checks that cost next to nothing and tell of what the other steps cannot see. Its errors keep the plan from being made.
package preflight
