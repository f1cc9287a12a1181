package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hostler-dev/hostler/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	rounds int
	page   string
	keep   bool
}

func parse(args []string) (settings, []string, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&s.rounds, "rounds", 10, "how often each tool is measured")
	flags.StringVar(&s.page, "page", "docs/benchmarks.md", "file that the results are written to")
	flags.BoolVar(&s.keep, "keep", false, "leave the machine up until Ctrl-C")
	err := flags.Parse(args)
	if err == nil && s.rounds < 1 {
		err = fmt.Errorf("-rounds %d: one is the least", s.rounds)
	}
	return s, flags.Args(), err
}

func run(ctx context.Context, args []string) (err error) {
	s, rest, err := parse(args)
	if err != nil {
		return err
	}
	config := cluster.Config{Progress: os.Stderr}
	assets, err := cluster.Open(config)
	if err != nil {
		return err
	}
	if err := cluster.InstallHostPackages(ctx, config.Progress); err != nil {
		return err
	}
	debs, err := peerPackages(ctx, assets)
	switch {
	case err != nil:
		return err
	case len(rest) == 1 && rest[0] == "deps":
		return nil
	case len(rest) > 0:
		return fmt.Errorf("unknown arguments %q: there is only deps", rest)
	}
	clusterRun, err := cluster.New(ctx, assets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clusterRun.Close()) }()
	return bench(ctx, clusterRun, debs, s)
}

// bench goes from a bare machine to the page.
func bench(ctx context.Context, run *cluster.Run, debs string, s settings) error {
	m, err := boot(ctx, run)
	if err != nil {
		return err
	}
	err = fill(ctx, m, run, debs, s)
	if s.keep {
		m.waitForPerson(ctx, err)
	}
	return err
}

// fill measures and writes the page.
func fill(ctx context.Context, m *machine, run *cluster.Run, debs string, s settings) error {
	if err := m.prepare(ctx, run, debs); err != nil {
		return err
	}
	results, err := measureAll(ctx, m, s.rounds)
	if err != nil {
		return err
	}
	return writePage(s.page, results)
}
