// Package files is the step for files that a NodeGroup brings along, with their
// contents, owner and mode.
//
// A file that leaves the NodeGroup stays on the host as it is: the step knows
// only what is wanted now, and to remove every file that nobody wants would
// need a memory of what hostler once wrote. Revisions will be that memory.
package files
