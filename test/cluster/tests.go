package cluster

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Tests runs the tests of a package beside one run that they share, for use in TestMain:
//
//	func TestMain(m *testing.M) {
//		os.Exit(cluster.Tests(m, cluster.Config{Progress: os.Stderr}, func(ctx context.Context, run *cluster.Run) error {
//			shared = run
//			return nil
//		}))
//	}
//
// The run is removed when the tests have ended, and when SIGINT or SIGTERM ends them early; what SIGKILL or a panic leaves, the
// next run sweeps. It returns the exit code.
func Tests(m interface{ Run() int }, cfg Config, setUp func(ctx context.Context, run *Run) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	run, err := openRun(ctx, cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 1
	}
	done := make(chan int, 1)
	go func() {
		if err := setUp(ctx, run); err != nil {
			fmt.Fprintln(os.Stderr, "cluster:", err)
			done <- 1
			return
		}
		done <- m.Run()
	}()
	code := 130 // as a shell says for SIGINT
	select {
	case code = <-done:
	case <-ctx.Done():
	}
	if err := run.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 1
	}
	return code
}

func openRun(ctx context.Context, cfg Config) (*Run, error) {
	assets, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	if err := InstallHostPackages(ctx, cfg.Progress); err != nil {
		return nil, err
	}
	return New(ctx, assets)
}
