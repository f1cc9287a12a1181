// Package rights tests what hostler's objects, its RBAC and its admission policies allow and refuse, against real API
// servers: the newest has all of them, the oldest takes the CustomResourceDefinitions. No machine is needed: a node is its
// certificate here.
package rights
