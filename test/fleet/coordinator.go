package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hostler-dev/hostler/test/cluster"
)

// The coordinator's ServiceAccount, as packaging/rbac makes it.
const (
	systemNamespace = "hostler-system"
	coordinatorUser = "hostler-coordinator"
)

// Coordinator is a running `hostler coordinator`, outside of the cluster and with no more rights than its ServiceAccount's.
type Coordinator struct{ *cluster.Process }

// coordinatorKubeconfig writes a kubeconfig for the ServiceAccount and returns its path.
func (f *Fleet) coordinatorKubeconfig(ctx context.Context) (string, error) {
	token, err := f.ControlPlane.Kubectl(ctx, "--namespace="+systemNamespace, "create", "token", coordinatorUser, "--duration=8h")
	if err != nil {
		return "", fmt.Errorf("making a token for the coordinator: %w", err)
	}
	config, err := f.ControlPlane.BootstrapKubeconfig(strings.TrimSpace(token))
	if err != nil {
		return "", err
	}
	path := filepath.Join(f.run.Dir(), "coordinator.kubeconfig")
	return path, os.WriteFile(path, []byte(config), 0o600)
}

// StartCoordinator starts one more coordinator. The first one leads until it is killed.
func (f *Fleet) StartCoordinator(ctx context.Context) (*Coordinator, error) {
	f.coordinators++
	process, err := f.run.Program(ctx, fmt.Sprintf("coordinator-%d", f.coordinators), f.program.binary, "coordinator",
		"--kubeconfig="+f.coordinatorConfig, "--log-level=debug", "--metrics-address=0", "--health-address=0",
		// A second one takes over in seconds, as the tests have no time for the usual quarter of a minute.
		"--lease-duration=4s", "--renew-deadline=3s", "--retry-period=500ms")
	if err != nil {
		return nil, fmt.Errorf("starting a coordinator: %w", err)
	}
	return &Coordinator{process}, nil
}
