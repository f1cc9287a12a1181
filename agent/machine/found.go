package machine

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

// Found is how a node was made, as far as its files and units tell.
type Found struct {
	// MadeBy is "hostler", "kubespray" (which uses kubeadm, and has files beside it), "kubeadm", or "other" where there
	// is a kubelet that none of these set up; empty: there is nothing of Kubernetes.
	MadeBy string `json:"madeBy,omitempty"`
	// Files are those that tell, and the configurations that are there.
	Files []string `json:"files"`
	// Units are the container runtimes and the kubelet.
	Units []FoundUnit `json:"units"`
}

// FoundUnit is a unit that exists.
type FoundUnit struct {
	Name string `json:"name"`
	// Active is systemd's ActiveState, empty for an image, and Enabled its UnitFileState.
	Active  string `json:"active,omitempty"`
	Enabled string `json:"enabled,omitempty"`
}

// maker is a way of making nodes, and the files that only it leaves.
type maker struct {
	name  string
	signs []string
}

// makers are tried in turn: who uses another's work comes before it.
var makers = []maker{
	{"hostler", []string{"/etc/systemd/system/kubelet.service.d/20-hostler.conf"}},
	{"kubespray", []string{"/etc/kubernetes/kubelet.env", "/etc/kubernetes/kubelet-config.yaml"}},
	{"kubeadm", []string{
		"/var/lib/kubelet/kubeadm-flags.env", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
	}},
}

// foundFiles are configurations that are told of, whoever made them.
var foundFiles = []string{
	"/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml",
	"/etc/containerd/config.toml", "/etc/docker/daemon.json", "/etc/crio/crio.conf",
}

// foundUnits are told of where they exist.
var foundUnits = []string{"containerd.service", "docker.service", "cri-docker.service", "crio.service", "kubelet.service"}

// find looks at a host.
func find(ctx context.Context, v host.View) (*Found, error) {
	f := &Found{Files: []string{}, Units: []FoundUnit{}}
	for _, m := range makers {
		there, err := existing(v, m.signs)
		if err != nil {
			return nil, err
		}
		if len(there) > 0 && f.MadeBy == "" {
			f.MadeBy = m.name
		}
		f.Files = append(f.Files, there...)
	}
	there, err := existing(v, foundFiles)
	if err != nil {
		return nil, err
	}
	f.Files = append(f.Files, there...)
	for _, name := range foundUnits {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return nil, err
		}
		if !unit.Exists() && unit.UnitFileState == "" {
			continue
		}
		f.Units = append(f.Units, FoundUnit{name, unit.ActiveState, unit.UnitFileState})
		if name == "kubelet.service" && f.MadeBy == "" {
			f.MadeBy = "other"
		}
	}
	return f, nil
}

// existing are those of the paths that are there.
func existing(v host.Files, paths []string) ([]string, error) {
	var there []string
	for _, p := range paths {
		_, err := v.Lstat(p)
		switch {
		case err == nil:
			there = append(there, p)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return nil, err
		}
	}
	return there, nil
}
