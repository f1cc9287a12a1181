// Package steps is the contract between what a host should be and the edits
// that make it so.
//
// A Step is one slice of the desired state: it looks at a host through a
// read-only View and answers with the Ops that are missing. An Op is one edit as
// data: it can be printed, hashed, journalled, done, and taken back. Nothing in
// this package touches a host; package host does, package op holds the closed
// set of edits, and package engine runs them.
package steps
