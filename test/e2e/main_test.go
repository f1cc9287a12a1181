//go:build cluster

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// What the tests of this package share.
var (
	shared *cluster.Run
	assets *cluster.Assets
	// binaries are hostler as it is released, and as it is built to kill itself.
	binaries struct{ plain, faults string }
	example  []byte // examples/worker.yaml
	checkout = filepath.Join("..", "..")
)

// controlPlane is started when the first test asks for it.
var controlPlane = sync.OnceValues(func() (*cluster.ControlPlane, error) {
	return shared.ControlPlane(context.Background())
})

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hostler-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	config := cluster.Config{Progress: os.Stderr}
	return cluster.Tests(m, config, func(ctx context.Context, run *cluster.Run) (err error) {
		shared = run
		if assets, err = cluster.Open(config); err != nil {
			return err
		}
		if example, err = os.ReadFile(filepath.Join(checkout, "examples", "worker.yaml")); err != nil {
			return err
		}
		// Tests wait more than they compute.
		if err := flag.Set("test.parallel", "4"); err != nil {
			return err
		}
		binaries.plain, binaries.faults = filepath.Join(dir, "hostler"), filepath.Join(dir, "hostler-faults")
		return errors.Join(build(ctx, "build", "-tags", "node", "-o", binaries.plain, "./cmd/hostler"),
			build(ctx, "build", "-tags", "node,faults", "-o", binaries.faults, "./cmd/hostler"))
	})
}

// build runs the go command in the checkout. What it makes is static: it runs on any machine.
func build(ctx context.Context, args ...string) error {
	// Nobody debugs them, and tables for debuggers take as long to link as the rest.
	cmd := exec.CommandContext(ctx, "go", append([]string{args[0], "-trimpath", "-ldflags=-s -w"}, args[1:]...)...)
	cmd.Dir, cmd.Env = checkout, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// all tells whether tests that go through a sample are to go through everything.
func all() bool { return os.Getenv("HOSTLER_TEST_ALL") != "" }
