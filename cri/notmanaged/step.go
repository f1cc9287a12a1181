// Package notmanaged is the step for a container runtime that something else
// installs: it touches nothing, and tells in the plan where no kubelet could start.
package notmanaged

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/cri/containerd"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Spec says where the runtime is.
type Spec struct {
	// SocketPath is the absolute path of its socket. Empty: the one socket that there
	// is where runtimes listen by default (cri.FindSocket).
	SocketPath string
	// Dial reaches the socket. Default: at its path.
	Dial cri.Dialer
}

// Runtime is what the rest of the node needs to know.
func (s Spec) Runtime() cri.Runtime {
	return cri.Runtime{
		Name: "a runtime of somebody else's", Type: "NotManaged", Socket: s.SocketPath, Unit: cri.UnitOf(s.SocketPath), Dial: s.Dial,
		Driver: s.driver,
	}
}

// driver asks the runtime itself. One that does not say, as containerd before 2.0, or
// does not answer yet, has most likely the one that fits the host.
func (s Spec) driver(ctx context.Context, v host.View) (string, error) {
	fits, err := containerd.DriverFor(v)
	if err != nil || !v.Live() {
		return string(fits), err
	}
	runtime, err := (cri.Runtime{Socket: s.SocketPath}).Resolve(v)
	if err != nil {
		return "", err
	}
	told, err := cri.AskDriver(ctx, runtime.Socket, s.Dial)
	if err != nil || told == "" {
		return string(fits), nil //nolint:nilerr // the probes say that nobody answers
	}
	return told, nil
}

// Step is the step "cri".
type Step struct {
	spec Spec
}

var _ steps.Step = Step{}

// New makes the step.
func New(spec Spec) Step { return Step{spec: spec} }

// Name implements steps.Step.
func (s Step) Name() string { return "cri" }

// Plan implements steps.Step; there are never any ops.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if !v.Live() {
		return nil, nil // sockets are there when something runs
	}
	runtime, err := s.spec.Runtime().Resolve(v)
	if err != nil {
		return nil, err
	}
	if err := cri.CheckChange(ctx, v, runtime); err != nil {
		return nil, err
	}
	info, err := v.Stat(runtime.Socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("spec.cri.notManaged.criSocketPath: there is no %s: start the runtime, or correct the path", runtime.Socket)
	case err != nil:
		return nil, err
	case info.Mode.IsDir():
		return nil, fmt.Errorf("spec.cri.notManaged.criSocketPath: %s is a directory: name the socket", runtime.Socket)
	}
	return nil, nil
}
