// Package distros holds what hostler knows about Linux distributions, as data:
// one row a release, and the detection that finds the row for a host.
//
// Everything that differs between distributions and that a step needs is a
// field of Release, so that no other package asks which distribution it runs
// on. Rows are in files by family; table.go lists them all. A new distribution
// is a new row and a sample tree in test/rootfs.
//
// A host without a row is never guessed at in silence: Detect says what it
// found and which row comes closest, and Facts.Require refuses it until a
// person allows it. Systems whose /usr is an image are refused for good.
package distros
