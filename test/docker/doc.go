// Package docker runs the tests of runtimes that need real ones, Debian's dockerd and
// containerd, on nodes of the test bed: those of the packages below cri with the
// build tag node. cri-dockerd is in no repository that the test bed can reach, so the
// golden plans of cri/docker are all there is for it.
package docker
