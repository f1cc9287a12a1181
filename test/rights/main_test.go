//go:build cluster

package rights

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/test/cluster"
)

// What the tests of this package share.
var (
	controlPlane *cluster.ControlPlane
	checkout     = filepath.Join("..", "..")
)

func TestMain(m *testing.M) {
	config := cluster.Config{Progress: os.Stderr}
	os.Exit(cluster.Tests(m, config, func(ctx context.Context, run *cluster.Run) (err error) {
		if controlPlane, err = run.ControlPlane(ctx); err != nil {
			return err
		}
		if err := install(ctx, controlPlane, "crds", "rbac", "admission"); err != nil {
			return err
		}
		return populate(ctx)
	}))
}

// install applies folders of packaging, and waits until the API server serves the kinds.
func install(ctx context.Context, cp *cluster.ControlPlane, folders ...string) error {
	for _, folder := range folders {
		if _, err := cp.Kubectl(ctx, "apply", "--server-side", "-f", filepath.Join(checkout, "packaging", folder)); err != nil {
			return fmt.Errorf("installing packaging/%s: %w", folder, err)
		}
	}
	return waitServed(ctx, cp)
}

// waitServed waits until all kinds can be listed. Conditions say so a moment too early, and are null at first, which
// kubectl wait takes for a failure.
func waitServed(ctx context.Context, cp *cluster.ControlPlane) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := cp.Kubectl(ctx, "get", "nodegroups,nodegroupconfigurations,nodegrouprevisions,managednodes,updatepolicies")
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}
