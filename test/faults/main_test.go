//go:build cluster

package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// What all tests share: the run, and the path of hostler as it was built for it.
var (
	shared *cluster.Run
	binary string
)

func TestMain(m *testing.M) {
	os.Exit(cluster.Tests(m, cluster.Config{Progress: os.Stderr}, func(ctx context.Context, run *cluster.Run) error {
		shared, binary = run, filepath.Join(run.Dir(), "hostler")
		return build(ctx, binary)
	}))
}

func build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags", "node", "-o", to, "github.com/hostler-dev/hostler/cmd/hostler")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building hostler: %w\n%s", err, out)
	}
	return nil
}
