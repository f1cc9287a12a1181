// Package faults holds the tests of what goes wrong: bad input, full and
// read-only disks, repositories that are down or lie, services that do not
// start, kills, power cuts. Each runs on a real machine of package cluster, with
// the real apt, systemd, containerd and kubelet, and asks three things: is the
// exit code the right one, does the message name the culprit and the way out,
// and is the machine as it was before, or as it should be after the next apply.
package faults
