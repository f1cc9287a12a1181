// Package network finds out how a host is connected: which of its addresses the
// cluster should know it by. The pod network is in the packages below it.
package network
