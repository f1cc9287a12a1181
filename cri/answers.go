package cri

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
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

// NewAnswers makes the probe for the unit that serves the socket. A nil dialer
// dials the socket where the path says; a host below another root needs one of
// its own.
func NewAnswers(unit, socket string, dial Dialer) Answers {
	if dial == nil {
		dial = func(ctx context.Context, socket string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
	}
	return Answers{unit: unit, socket: socket, dial: dial}
}

// Name implements steps.Probe.
func (a Answers) Name() string { return "CRI at " + a.socket }

// Check implements steps.Probe. Without the unit and without its socket there is
// nothing to judge.
func (a Answers) Check(ctx context.Context, v host.View) error {
	unit, err := v.Unit(ctx, a.unit)
	if err != nil {
		return err
	}
	if !unit.Exists() {
		if _, err := v.Lstat(a.socket); errors.Is(err, fs.ErrNotExist) {
			return steps.ErrAbsent
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	// The target is passed over: the dialer knows the socket.
	conn, err := grpc.NewClient("passthrough:///cri", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return a.dial(ctx, a.socket) }))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", a.socket, err)
	}
	defer conn.Close()
	return ask(ctx, runtime.NewRuntimeServiceClient(conn))
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
