package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"runtime"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/network"
)

// Facts are what hostler knows about a host, for people and other programs.
type Facts struct {
	Node   string         `json:"node"`
	Distro distros.Distro `json:"distro"`
	// Live is false for an image; then only packages are known beside the distribution.
	Live          bool        `json:"live"`
	Kernel        string      `json:"kernel,omitempty"`
	Architecture  string      `json:"architecture,omitempty"`
	BootID        string      `json:"bootID,omitempty"`
	CgroupVersion int         `json:"cgroupVersion,omitempty"`
	CPUs          int         `json:"cpus,omitempty"`
	MemoryBytes   int64       `json:"memoryBytes,omitempty"`
	Address       string      `json:"address,omitempty"`
	Packages      []Installed `json:"packages"`
}

// Installed is a package that hostler cares for.
type Installed struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Held    bool   `json:"held"`
}

// Facts reads the host. What cannot be found out is left empty.
func (m *Machine) Facts(ctx context.Context) (Facts, error) {
	facts := Facts{Node: m.config.NodeName, Distro: m.detected.Distro, Live: m.host.Live(), Packages: []Installed{}}
	if err := m.packageFacts(ctx, &facts); err != nil {
		return Facts{}, err
	}
	if !m.host.Live() {
		return facts, nil
	}
	var err error
	if facts.Kernel, err = m.host.Sysctl("kernel.osrelease"); err != nil {
		return Facts{}, err
	}
	if facts.BootID, err = m.host.BootID(); err != nil {
		return Facts{}, err
	}
	facts.Architecture, facts.CPUs = runtime.GOARCH, runtime.NumCPU()
	if facts.MemoryBytes, err = m.memory(); err != nil {
		return Facts{}, err
	}
	facts.CgroupVersion = 1
	if _, err := m.host.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		facts.CgroupVersion = 2
	}
	if address, err := network.NodeIP(ctx, m.host, netip.Addr{}); err == nil {
		facts.Address = address.String()
	}
	return facts, nil
}

func (m *Machine) packageFacts(ctx context.Context, facts *Facts) error {
	release := m.detected.Release
	if release == nil {
		return nil
	}
	manager, err := pkgmgr.For(release.PackageManager)
	if err != nil {
		return nil //nolint:nilerr // a package manager that hostler does not know tells no facts
	}
	inventory, err := manager.Installed(ctx, m.host)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names := release.Packages
	for _, name := range []string{names.Containerd, names.Runc, names.Kubelet, names.Kubectl, names.KubernetesCNI} {
		if p := inventory.Get(name); p.Installed {
			facts.Packages = append(facts.Packages, Installed{Name: name, Version: p.Version, Held: p.Held})
		}
	}
	return nil
}

// memory is MemTotal of /proc/meminfo, in bytes.
func (m *Machine) memory() (int64, error) {
	content, err := m.host.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(content) {
		rest, ok := strings.CutPrefix(string(line), "MemTotal:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading MemTotal of /proc/meminfo: %w", err)
		}
		return kib << 10, nil
	}
	return 0, errors.New("/proc/meminfo has no MemTotal")
}
