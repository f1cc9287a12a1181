// Package packages installs packages of exact versions, holds them there, and
// removes packages that must not be on a node.
//
// A package counts as installed in the wished version whoever installed it. A
// wish without a version is content with any. Holds are ops of their own, so
// that each is visible in the plan.
//
// When the fetched lists lack a version, the plan still shows the installation.
// If a repository of the NodeGroup has not been fetched yet the version is
// looked up when the step's turn comes; otherwise all lists are refreshed
// first, because the version may be newer than they are.
package packages
