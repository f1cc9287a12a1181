package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps/host"
)

// The cgroup drivers as dockerd and the kubelet name them.
const (
	systemd  = "systemd"
	cgroupfs = "cgroupfs"
)

// driverFor is the cgroup driver that Docker should have on the host, and the kubelet
// with it: systemd with cgroups v2, where there is one tree and systemd owns it. With
// v1 a Docker that is there keeps what it has, because a change ends all
// containers; a new one gets systemd.
func driverFor(v host.View, configFile string) (string, error) {
	own, err := ownDriver(v)
	if err != nil || own != cgroupfs {
		return systemd, err
	}
	content, err := v.ReadFile(configFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	doc, err := parse(content)
	if err != nil {
		return "", fmt.Errorf("%s: %w", configFile, err)
	}
	options, err := doc.execOptions()
	if err != nil {
		return "", fmt.Errorf("%s: %w", configFile, err)
	}
	switch driver := driverIn(options); driver {
	case systemd, cgroupfs:
		return driver, nil
	case "":
	default:
		return "", fmt.Errorf("%s: exec-opts has the cgroup driver %q: only systemd and cgroupfs serve a kubelet", configFile, driver)
	}
	root := "/var/lib/docker"
	if err := doc.read("data-root", &root); err != nil {
		return "", fmt.Errorf("%s: %w", configFile, err)
	}
	// What dockerd keeps of its containers is there once it has run.
	if _, err := v.Stat(path.Join(root, "containers")); err == nil {
		return cgroupfs, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return systemd, nil
}

// ownDriver is what dockerd takes where nobody says: systemd with cgroups v2,
// cgroupfs with v1. In an image, nobody knows: it is empty. Source: dockerd reference,
// "native.cgroupdriver".
func ownDriver(v host.View) (string, error) {
	if !v.Live() {
		return "", nil
	}
	_, err := v.Stat("/sys/fs/cgroup/cgroup.controllers")
	switch {
	case err == nil:
		return systemd, nil
	case errors.Is(err, fs.ErrNotExist):
		return cgroupfs, nil
	default:
		return "", fmt.Errorf("looking for the version of cgroups: %w", err)
	}
}
