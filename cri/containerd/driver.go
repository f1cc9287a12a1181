package containerd

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps/host"
)

// CgroupDriver is who makes the cgroups of containers. containerd and kubelet
// must have the same, or kubelet cannot start pods.
type CgroupDriver string

// The cgroup drivers. Auto is for Spec only; DriverFor never returns it.
const (
	Auto     CgroupDriver = "Auto"
	Systemd  CgroupDriver = "systemd"
	Cgroupfs CgroupDriver = "cgroupfs"
)

// DriverFor is what Auto means on the host: systemd where systemd is the init,
// on either version of cgroups, because two managers of one cgroup tree fight. An
// image gets it too: hostler serves no other init. The kubelet's step calls it as
// well, so that the two agree.
func DriverFor(v host.View) (CgroupDriver, error) {
	if !v.Live() {
		return Systemd, nil
	}
	// What sd_booted(3) looks at.
	_, err := v.Stat("/run/systemd/system")
	switch {
	case err == nil:
		return Systemd, nil
	case errors.Is(err, fs.ErrNotExist):
		return Cgroupfs, nil
	default:
		return "", fmt.Errorf("looking for systemd: %w", err)
	}
}
