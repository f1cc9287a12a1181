// Package e2e holds hostler, as one program, to what it promises on real
// machines: it boots the machines and the control plane of test/cluster,
// applies the example NodeGroup as a person would, and looks at the machine
// from outside, through systemctl, dpkg, find and kubectl. Of hostler's own code
// it uses the API types alone.
//
// One run of the test bed serves the whole package. Machines are booted per test;
// where booting and joining one anew would cost minutes, a test is a story in
// chapters on one machine, and stops at the first chapter that fails.
//
// The tests have the build tag "cluster", and need root.
// HOSTLER_TEST_ALL=1 makes those that go through a sample go through everything.
package e2e
