package cri

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Runtime is what the rest of a node needs to know of its container runtime. Each
// of the packages below this one makes its own.
type Runtime struct {
	// Name is for people: "containerd".
	Name string
	// Type is the value of spec.cri.type that stands for it.
	Type string
	// Socket is the absolute path on which the CRI is served. Empty: Resolve finds it.
	Socket string
	// Unit serves the socket, and the kubelet starts after it. Empty: not known.
	Unit string
	// Below are units that Unit cannot do without, such as docker.service.
	Below []string
	// Driver is the cgroup driver of the runtime on the host, "systemd" or
	// "cgroupfs", which the kubelet must have too.
	Driver func(ctx context.Context, v host.View) (string, error)
	// Dial reaches the socket; nil: at its path.
	Dial Dialer
}

// Resolve fills in the socket and the unit where they are known only on the host.
func (r Runtime) Resolve(v host.View) (Runtime, error) {
	if r.Socket != "" {
		return r, nil
	}
	found, err := FindSocket(v)
	if err != nil {
		return r, err
	}
	r.Socket, r.Unit = found, cmp.Or(r.Unit, UnitOf(found))
	return r, nil
}

// Probes are what must be well with the runtime after a run.
func (r Runtime) Probes() []steps.Probe {
	var probes []steps.Probe
	for _, unit := range append(slices.Clone(r.Below), r.Unit) {
		if unit != "" {
			probes = append(probes, NewStays(unit))
		}
	}
	return append(probes, NewAnswers(r.Unit, r.Socket, r.Dial))
}

// known are the sockets of the runtimes that hostler can name. Sources: the
// defaults of containerd, CRI-O and cri-dockerd, and of the kubelet up to 1.23.
var known = []struct{ socket, name, unit string }{
	{"/run/containerd/containerd.sock", "containerd", "containerd.service"},
	{"/run/crio/crio.sock", "CRI-O", "crio.service"},
	{"/run/cri-dockerd.sock", "Docker (by cri-dockerd)", "cri-docker.service"},
	{dockershim, "Docker (by dockershim)", "docker.service"},
}

// dockershim is the kubelet's own socket, which it had up to Kubernetes 1.23.
const dockershim = "/run/dockershim.sock"

// UnitOf is the unit that serves a socket by default; empty for one that is not known.
func UnitOf(socket string) string {
	for _, k := range known {
		if k.socket == cleanSocket(socket) {
			return k.unit
		}
	}
	return ""
}

// nameOf is for people.
func nameOf(socket string) string {
	for _, k := range known {
		if k.socket == cleanSocket(socket) {
			return k.name
		}
	}
	return "a runtime that hostler does not know"
}

// cleanSocket is the path of an endpoint as the kubelet takes it; /var/run is /run.
func cleanSocket(endpoint string) string {
	path := strings.TrimPrefix(endpoint, "unix://")
	if rest, found := strings.CutPrefix(path, "/var/run/"); found {
		return "/run/" + rest
	}
	return path
}

// ErrNoSocket is that no runtime's socket could be found, or more than one.
var ErrNoSocket = errors.New("no one socket of a container runtime")

// FindSocket looks where runtimes listen by default. Several are one too many:
// containerd's is there beside CRI-O's and Docker's for other reasons, so it counts
// only where it is alone.
func FindSocket(v host.View) (string, error) {
	var found []string
	for _, k := range known {
		if k.socket == dockershim {
			continue
		}
		_, err := v.Lstat(k.socket)
		switch {
		case err == nil:
			found = append(found, k.socket)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	if len(found) > 1 && found[0] == known[0].socket {
		found = found[1:]
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w: none of the usual places has one: start the runtime, or name its socket in spec.cri.notManaged.criSocketPath", ErrNoSocket)
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("%w: there are %s: name the right one in spec.cri.notManaged.criSocketPath", ErrNoSocket, strings.Join(found, " and "))
	}
}
