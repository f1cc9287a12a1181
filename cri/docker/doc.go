// Package docker is the step that brings Docker to a host as the kubelet's runtime:
// the packages, /etc/docker/daemon.json, docker.service, and cri-dockerd with its
// service and socket, which speaks CRI for it. The kubelet itself spoke to Docker up
// to Kubernetes 1.23 (dockershim), which hostler does not set up.
//
// # daemon.json
//
// The file is merged: hostler sets what the Spec names and leaves every other key,
// their order and their spelling alone. A file that says what it should already,
// Docker's defaults included, is not touched; so a host that was set up by hand is
// taken over without a restart. What is taken out of the NodeGroup again (mirrors)
// stays in the file, as any foreign key does.
//
// What a change costs is what dockerd does with it:
//
//	live-restore, max-concurrent-downloads, registry-mirrors   Reload   SIGHUP reads them
//	log-driver, log-opts                                       Restart  for new containers only
//	exec-opts native.cgroupdriver                              Drain    containers cannot follow
//
// A restart leaves containers running where live-restore is on before and after it,
// and only from patch release to patch release; in all other cases it costs Drain.
// Sources: moby/moby daemon/reload.go at 28.2, docs.docker.com "Live restore".
package docker
