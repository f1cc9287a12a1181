// Package scripts runs a user's own configurations: each is a step with three
// scripts. check says whether anything is left to do, apply does it, undo takes it
// back.
//
// check runs whenever a plan is made, through host.View, so that it sees the host
// read-only. apply and undo are ops like any other: journalled, and taken back with
// the run that fails.
//
// What hostler has applied it notes below its state folder before it runs apply, with
// all three scripts, so that undo can run when the configuration is gone from the
// NodeGroup, and apply again when that in turn is rolled back. A configuration that
// was satisfied from the start is not noted: there is nothing of hostler's to take back.
//
// Both scripts may be killed at any point and run again, and undo may run where apply
// did not get far, or nowhere. What they print goes to a file that only root may
// read, never into an error, a log, the journal or the API: it may hold secrets.
package scripts
