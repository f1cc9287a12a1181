package cri

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/steps/host"
)

// Where a kubelet is told of its runtime, apart from its command line. kubeadm
// writes the first, the packages' units read the next two.
const (
	kubeletUnit   = "kubelet.service"
	kubeletConfig = "/var/lib/kubelet/config.yaml"
	endpointFlag  = "--container-runtime-endpoint"
)

var kubeletFlagFiles = []string{"/etc/default/kubelet", "/etc/sysconfig/kubelet", "/var/lib/kubelet/kubeadm-flags.env"}

// InUse is the runtime that serves a node now.
type InUse struct {
	// Socket is where its CRI is; Name is for people.
	Socket, Name string
	// Evidence says how that is known: "the kubelet's configuration /var/lib/…".
	Evidence string
}

// ErrChange is that a node would get another runtime than the one that it has.
var ErrChange = errors.New("hostler does not change the container runtime of a node")

// ContainerdMark begins a configuration file of containerd that hostler has written:
// such a containerd was set up for a kubelet, one without may be there for Docker.
const ContainerdMark = "# hostler sets some keys of this file"

const containerdConfig = "/etc/containerd/config.toml"

// Detect tells which runtime serves the node; ok is false where none does. A kubelet
// decides it. Without one, a unit does that runs and has no other purpose than CRI.
func Detect(ctx context.Context, v host.View) (use InUse, ok bool, err error) {
	endpoint, where, err := kubeletEndpoint(ctx, v)
	if err != nil {
		return InUse{}, false, err
	}
	if endpoint != "" {
		socket := cleanSocket(endpoint)
		return InUse{Socket: socket, Name: nameOf(socket), Evidence: where}, true, nil
	}
	if !v.Live() {
		return InUse{}, false, nil
	}
	for _, k := range known {
		// docker.service may be there for other reasons than the kubelet.
		if k.socket == dockershim {
			continue
		}
		unit, err := v.Unit(ctx, k.unit)
		if err != nil {
			return InUse{}, false, err
		}
		if !unit.Active() {
			continue
		}
		if k.unit == UnitOf(known[0].socket) {
			content, err := v.ReadFile(containerdConfig)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return InUse{}, false, err
			}
			if !bytes.HasPrefix(content, []byte(ContainerdMark)) {
				continue
			}
		}
		return InUse{Socket: k.socket, Name: k.name, Evidence: k.unit + ", which is active"}, true, nil
	}
	return InUse{}, false, nil
}

// CheckChange fails with ErrChange where another runtime serves the node than the
// wished one. A step of a runtime calls it first in its plan.
func CheckChange(ctx context.Context, v host.View, wish Runtime) error {
	use, ok, err := Detect(ctx, v)
	if err != nil || !ok || use.Socket == cleanSocket(wish.Socket) {
		return err
	}
	// The same containers of the same Docker; only who translates is another.
	if use.Socket == dockershim && wish.Socket == DockerSocket {
		return nil
	}
	return fmt.Errorf("%w: %s serves it at %s (by %s), and spec.cri.type %s wants %s at %s: move the node to a group whose spec.cri is what it has, "+
		"or drain it, delete its Node, and set the machine up anew", ErrChange, use.Name, use.Socket, use.Evidence, wish.Type, wish.Name, wish.Socket)
}

// DockerSocket is where cri-dockerd listens, by its unit cri-docker.socket.
const DockerSocket = "/run/cri-dockerd.sock"

// kubeletEndpoint finds the endpoint that the kubelet uses and says where it stands.
// A flag wins over the configuration file, and that of the process over all files.
func kubeletEndpoint(ctx context.Context, v host.View) (endpoint, where string, err error) {
	if v.Live() {
		unit, err := v.Unit(ctx, kubeletUnit)
		if err != nil {
			return "", "", err
		}
		// A process that has just gone leaves the files.
		if content, err := v.ReadFile(fmt.Sprintf("/proc/%d/cmdline", unit.MainPID)); unit.MainPID > 0 && err == nil {
			if found := endpointIn(strings.Split(string(content), "\x00")); found != "" {
				return found, "the running kubelet's " + endpointFlag, nil
			}
		}
	}
	for _, file := range kubeletFlagFiles {
		content, err := v.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", "", err
		}
		words := strings.FieldsFunc(string(content), func(r rune) bool { return strings.ContainsRune(" \t\n\"'", r) })
		for i := range words {
			words[i] = strings.TrimPrefix(strings.TrimPrefix(words[i], "KUBELET_EXTRA_ARGS="), "KUBELET_KUBEADM_ARGS=")
		}
		if found := endpointIn(words); found != "" {
			return found, endpointFlag + " in " + file, nil
		}
	}
	content, err := v.ReadFile(kubeletConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	var config struct {
		Endpoint string `json:"containerRuntimeEndpoint"`
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return "", "", nil //nolint:nilerr // the kubelet does not start with it either, and its own step says so
	}
	return config.Endpoint, "containerRuntimeEndpoint in " + kubeletConfig, nil
}

// endpointIn finds the flag among the words of a command line; the last one counts.
func endpointIn(words []string) string {
	found := ""
	for i, word := range words {
		name, value, together := strings.Cut(word, "=")
		switch {
		case name != endpointFlag:
		case together:
			found = value
		case i+1 < len(words):
			found = words[i+1]
		}
	}
	return found
}
