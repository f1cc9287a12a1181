//go:build cluster

package rollout

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
)

// shared is the fleet of all tests. Its first coordinator is there from the start.
var shared *fleet.Fleet

// leader is the coordinator that leads.
var leader *fleet.Coordinator

func TestMain(m *testing.M) {
	config := cluster.Config{Progress: os.Stderr}
	os.Exit(cluster.Tests(m, config, func(ctx context.Context, run *cluster.Run) error {
		// Tests wait more than they compute.
		if err := flag.Set("test.parallel", "4"); err != nil {
			return err
		}
		assets, err := cluster.Open(config)
		if err != nil {
			return err
		}
		if shared, err = fleet.New(ctx, run, assets, filepath.Join("..", "..")); err != nil {
			return err
		}
		free.nodes, err = shared.Grow(ctx, "node-1", "node-2", "node-3")
		if err != nil {
			return err
		}
		leader, err = shared.StartCoordinator(ctx)
		return err
	}))
}
