package cri

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const (
	unit     = "containerd.service"
	socket   = "/run/containerd/containerd.sock"
	unitFile = "[Install]\nWantedBy=multi-user.target\n"
)

// server is a runtime that answers with the conditions given.
type server struct {
	runtime.UnimplementedRuntimeServiceServer
	conditions []*runtime.RuntimeCondition
	noStatus   error
	linux      *runtime.LinuxRuntimeConfiguration
}

func (s server) Version(context.Context, *runtime.VersionRequest) (*runtime.VersionResponse, error) {
	return &runtime.VersionResponse{RuntimeName: "test", RuntimeApiVersion: "v1"}, nil
}

func (s server) RuntimeConfig(context.Context, *runtime.RuntimeConfigRequest) (*runtime.RuntimeConfigResponse, error) {
	return &runtime.RuntimeConfigResponse{Linux: s.linux}, nil
}

func (s server) Status(context.Context, *runtime.StatusRequest) (*runtime.StatusResponse, error) {
	return &runtime.StatusResponse{Status: &runtime.RuntimeStatus{Conditions: s.conditions}}, s.noStatus
}

// serve starts the server on a socket of the test's own; the dialer that it
// returns goes there whatever it is asked for.
func serve(t *testing.T, register func(*grpc.Server)) Dialer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	register(g)
	go func() { _ = g.Serve(listener) }()
	t.Cleanup(g.Stop)
	return func(ctx context.Context, asked string) (net.Conn, error) {
		if asked != socket {
			t.Errorf("got a dial of %q, want %q", asked, socket)
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
}

func running() *hosttest.Fake {
	return hosttest.New(hosttest.UnitFile(unit, unitFile), hosttest.Running(unit))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	ready := func(is bool) *runtime.RuntimeCondition {
		return &runtime.RuntimeCondition{Type: runtime.RuntimeReady, Status: is, Reason: "Because", Message: "of the test"}
	}
	noNetwork := &runtime.RuntimeCondition{Type: runtime.NetworkReady, Status: false}
	cases := map[string]struct {
		register func(*grpc.Server)
		want     string
	}{
		"is well when the runtime is ready and its network is not": {
			register: func(g *grpc.Server) {
				runtime.RegisterRuntimeServiceServer(g, server{conditions: []*runtime.RuntimeCondition{noNetwork, ready(true)}})
			},
		},
		"tells why the runtime is not ready": {
			register: func(g *grpc.Server) {
				runtime.RegisterRuntimeServiceServer(g, server{conditions: []*runtime.RuntimeCondition{ready(false)}})
			},
			want: "not ready: Because: of the test",
		},
		"is not content with a runtime that says nothing": {
			register: func(g *grpc.Server) {
				runtime.RegisterRuntimeServiceServer(g, server{conditions: []*runtime.RuntimeCondition{noNetwork}})
			},
			want: "does not say whether it is ready",
		},
		"tells that the status fails": {
			register: func(g *grpc.Server) { runtime.RegisterRuntimeServiceServer(g, server{noStatus: errors.New("no")}) },
			want:     "asking for the CRI status",
		},
		"finds out a containerd with CRI switched off": {
			register: func(*grpc.Server) {},
			want:     "asking for the CRI version: rpc error: code = Unimplemented",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := NewAnswers(unit, socket, serve(t, c.register)).Check(t.Context(), running())
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want it well", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestAskDriver(t *testing.T) {
	t.Parallel()
	says := func(linux *runtime.LinuxRuntimeConfiguration) func(*grpc.Server) {
		return func(g *grpc.Server) { runtime.RegisterRuntimeServiceServer(g, server{linux: linux}) }
	}
	for name, c := range map[string]struct {
		register func(*grpc.Server)
		want     string
	}{
		"systemd":                     {says(&runtime.LinuxRuntimeConfiguration{CgroupDriver: runtime.CgroupDriver_SYSTEMD}), "systemd"},
		"cgroupfs":                    {says(&runtime.LinuxRuntimeConfiguration{CgroupDriver: runtime.CgroupDriver_CGROUPFS}), "cgroupfs"},
		"nothing from one of Windows": {says(nil), ""},
		"nothing from one before 2.0": {func(g *grpc.Server) {
			runtime.RegisterRuntimeServiceServer(g, &runtime.UnimplementedRuntimeServiceServer{})
		}, ""},
		"nothing where CRI is not there": {func(*grpc.Server) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := AskDriver(t.Context(), socket, serve(t, c.register)); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	refused := func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody listens") }
	if got, err := AskDriver(t.Context(), socket, refused); err == nil {
		t.Errorf("got %q from nobody, want an error", got)
	}
}

func TestAnswersFindsTheSocket(t *testing.T) {
	t.Parallel()
	dial := serve(t, func(g *grpc.Server) {
		runtime.RegisterRuntimeServiceServer(g, server{conditions: []*runtime.RuntimeCondition{{Type: runtime.RuntimeReady, Status: true}}})
	})
	if err := NewAnswers("", "", dial).Check(t.Context(), hosttest.New(hosttest.File(socket, ""))); err != nil {
		t.Errorf("got %v, want the one socket there is to answer", err)
	}
	if err := NewAnswers("", socket, dial).Check(t.Context(), hosttest.New()); !errors.Is(err, steps.ErrAbsent) {
		t.Errorf("got %v, want it absent without a unit and a socket", err)
	}
}

func TestAnswersWithNobodyThere(t *testing.T) {
	t.Parallel()
	refused := func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody listens") }
	cases := map[string]struct {
		host   *hosttest.Fake
		absent bool
	}{
		"is absent without unit and socket":          {host: hosttest.New(), absent: true},
		"is ill with a unit that does not listen":    {host: running()},
		"is ill with a unit that is stopped":         {host: hosttest.New(hosttest.UnitFile(unit, unitFile))},
		"is ill with a left-over socket and no unit": {host: hosttest.New(hosttest.File(socket, ""))},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := NewAnswers(unit, socket, refused).Check(t.Context(), c.host)
			if err == nil || errors.Is(err, steps.ErrAbsent) != c.absent {
				t.Errorf("got %v, want absent %v", err, c.absent)
			}
			if !c.absent && !strings.Contains(err.Error(), "nobody listens") {
				t.Errorf("got %v, want the dialer's reason in it", err)
			}
		})
	}
}

func TestAnswersDoesNotWaitForARuntimeThatHangs(t *testing.T) {
	t.Parallel()
	hangs := func(ctx context.Context, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := NewAnswers(unit, socket, hangs).Check(ctx, running()); err == nil {
		t.Error("got it well, want an error")
	}
	if ctx.Err() != nil {
		t.Errorf("the look took all of its caller's time, want it to end by itself after %s", answerTimeout)
	}
}

// looks is a host whose unit is another at each look.
type looks struct {
	*hosttest.Fake
	units []host.Unit
}

func (l *looks) Unit(context.Context, string) (host.Unit, error) {
	unit := l.units[0]
	l.units = l.units[1:]
	return unit, nil
}

func TestStays(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	active := func(restarts int, after time.Duration) host.Unit {
		return host.Unit{LoadState: "loaded", ActiveState: "active", Restarts: restarts, ActiveSince: start.Add(after)}
	}
	waiting := host.Unit{LoadState: "loaded", ActiveState: "activating", SubState: "auto-restart", Result: "exit-code", Restarts: 1}
	absent := host.Unit{LoadState: "not-found", ActiveState: "inactive"}
	cases := map[string]struct {
		units []host.Unit
		want  []string // "" is well
	}{
		"is well while nothing changes":            {[]host.Unit{active(0, 0), active(0, 0), active(0, 0)}, []string{"", "", ""}},
		"does not mind restarts of long ago":       {[]host.Unit{active(7, 0), active(7, 0)}, []string{"", ""}},
		"sees a unit that dies and comes back":     {[]host.Unit{active(0, 0), active(1, time.Second), active(1, time.Second)}, []string{"", "restarted it 1 times", ""}},
		"sees a unit that is down between":         {[]host.Unit{active(0, 0), waiting, active(1, time.Second)}, []string{"", "it is activating (auto-restart), result exit-code", ""}},
		"sees a start by hand, which counts none":  {[]host.Unit{active(0, 0), active(0, time.Second)}, []string{"", "started again"}},
		"shows the log of a unit that is down":     {[]host.Unit{waiting}, []string{"its last log lines:\n  first\n  second"}},
		"is absent where the unit is":              {[]host.Unit{absent, active(0, 0)}, []string{steps.ErrAbsent.Error(), ""}},
		"takes a counter that began anew for none": {[]host.Unit{active(3, 0), active(0, 0)}, []string{"", ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &looks{Fake: hosttest.New(hosttest.Log(unit, "first", "second")), units: c.units}
			probe := NewStays(unit)
			for i, want := range c.want {
				err := probe.Check(t.Context(), h)
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("look %d: got %v, want %q", i+1, err, want)
				}
			}
		})
	}
}
