package cri

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// answerTimeout bounds one look: a runtime that is well answers in milliseconds.
const answerTimeout = 2 * time.Second

// Dialer opens a connection to a Unix socket of the host; the path is as the
// host sees it.
type Dialer func(ctx context.Context, socket string) (net.Conn, error)

// Answers is a probe that asks the runtime for its version and for its condition
// RuntimeReady. NetworkReady is not judged: it comes with the pod network, which
// on many nodes is a DaemonSet.
type Answers struct {
	unit, socket string
	dial         Dialer
}

var _ steps.Probe = Answers{}

// NewAnswers makes the probe for the unit that serves the socket. An empty unit is
// not known, and an empty socket is looked for where runtimes listen. A nil dialer
// dials the socket where the path says; a host below another root needs one of
// its own.
func NewAnswers(unit, socket string, dial Dialer) Answers {
	if dial == nil {
		dial = dialPath
	}
	return Answers{unit: unit, socket: socket, dial: dial}
}

func dialPath(ctx context.Context, socket string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", socket)
}

// Name implements steps.Probe.
func (a Answers) Name() string {
	if a.socket == "" {
		return "CRI"
	}
	return "CRI at " + a.socket
}

// Check implements steps.Probe. Without the unit and without its socket there is
// nothing to judge.
func (a Answers) Check(ctx context.Context, v host.View) error {
	if a.socket == "" {
		found, err := FindSocket(v)
		if err != nil {
			return err
		}
		a.socket = found
	}
	absent, err := a.absent(ctx, v)
	if err != nil {
		return err
	}
	if absent {
		return steps.ErrAbsent
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := connect(a.socket, a.dial)
	if err != nil {
		return err
	}
	defer conn.Close()
	return ask(ctx, runtime.NewRuntimeServiceClient(conn))
}

// connect makes a connection that dials when it is first used.
func connect(socket string, dial Dialer) (*grpc.ClientConn, error) {
	// The target is passed over: the dialer knows the socket.
	conn, err := grpc.NewClient("passthrough:///cri", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dial(ctx, socket) }))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", socket, err)
	}
	return conn, nil
}

// absent tells that there is nothing to judge.
func (a Answers) absent(ctx context.Context, v host.View) (bool, error) {
	if a.unit != "" {
		unit, err := v.Unit(ctx, a.unit)
		if err != nil || unit.Exists() {
			return false, err
		}
	}
	_, err := v.Lstat(a.socket)
	return errors.Is(err, fs.ErrNotExist), nil
}

// AskDriver asks the runtime at the socket for its cgroup driver, "systemd" or
// "cgroupfs". Empty: it does not say, as containerd before 2.0. A nil dialer dials
// the socket where the path says.
func AskDriver(ctx context.Context, socket string, dial Dialer) (string, error) {
	if dial == nil {
		dial = dialPath
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := connect(socket, dial)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	answer, err := runtime.NewRuntimeServiceClient(conn).RuntimeConfig(ctx, &runtime.RuntimeConfigRequest{})
	switch {
	case status.Code(err) == codes.Unimplemented || err == nil && answer.GetLinux() == nil:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("asking the runtime at %s for its cgroup driver: %w", socket, err)
	}
	return strings.ToLower(answer.GetLinux().GetCgroupDriver().String()), nil
}

func ask(ctx context.Context, client runtime.RuntimeServiceClient) error {
	if _, err := client.Version(ctx, &runtime.VersionRequest{}); err != nil {
		return fmt.Errorf("asking for the CRI version: %w", err)
	}
	answer, err := client.Status(ctx, &runtime.StatusRequest{})
	if err != nil {
		return fmt.Errorf("asking for the CRI status: %w", err)
	}
	for _, condition := range answer.GetStatus().GetConditions() {
		if condition.GetType() != runtime.RuntimeReady {
			continue
		}
		if condition.GetStatus() {
			return nil
		}
		return fmt.Errorf("the runtime says that it is not ready: %s: %s", condition.GetReason(), condition.GetMessage())
	}
	return errors.New("the runtime does not say whether it is ready")
}
