package notmanaged

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const crio, containerdSocket = "/run/crio/crio.sock", "/run/containerd/containerd.sock"

func TestStepHasNothingToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		socket string
		host   *hosttest.Fake
	}{
		"where the socket is":                        {crio, hosttest.New(hosttest.File(crio, ""))},
		"where it finds one socket":                  {"", hosttest.New(hosttest.File(crio, ""))},
		"where it finds CRI-O's beside containerd's": {"", hosttest.New(hosttest.File(crio, ""), hosttest.File(containerdSocket, ""))},
		"in an image":                                {crio, hosttest.New(hosttest.Image())},
		"where the kubelet uses the socket": {crio, hosttest.New(hosttest.File(crio, ""),
			hosttest.File("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///var/run/crio/crio.sock\n"))},
	} {
		steptest.Run(t, steptest.Case{
			Name: name, Golden: "testdata/nothing.golden", Host: c.host.Clone,
			Step: func() steps.Step { return New(Spec{SocketPath: c.socket}) },
		})
	}
}

func TestPlanFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		socket string
		host   *hosttest.Fake
		want   string
	}{
		"without the socket":      {crio, hosttest.New(), "there is no /run/crio/crio.sock: start the runtime, or correct the path"},
		"with a folder":           {crio, hosttest.New(hosttest.Dir(crio, 0o755)), "is a directory: name the socket"},
		"without any socket":      {"", hosttest.New(), "none of the usual places has one"},
		"with two that may be it": {"", hosttest.New(hosttest.File(crio, ""), hosttest.File(cri.DockerSocket, "")), "there are /run/crio/crio.sock and /run/cri-dockerd.sock: name the right one"},
		"with another in use": {crio, hosttest.New(hosttest.File(crio, ""),
			hosttest.File("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n")), "containerd serves it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(Spec{SocketPath: c.socket}).Plan(t.Context(), c.host); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestRuntime(t *testing.T) {
	t.Parallel()
	h := hosttest.New(hosttest.Dir("/run/systemd/system", 0o755), hosttest.File(crio, ""))
	nobody := func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody listens") }
	resolved, err := Spec{Dial: nobody}.Runtime().Resolve(h)
	if err != nil || resolved.Socket != crio || resolved.Unit != "crio.service" {
		t.Errorf("got socket %q of unit %q, %v, want CRI-O's", resolved.Socket, resolved.Unit, err)
	}
	if driver, err := resolved.Driver(t.Context(), h); err != nil || driver != "systemd" {
		t.Errorf("got driver %q, %v, want the one that fits the host where nobody answers", driver, err)
	}
}
