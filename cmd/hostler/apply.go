package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

func newApply(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the host as the NodeGroup says, or leave it as it was",
		Long: `Shows the plan (hostler plan has the diffs), then does it: each edit and its way back are
on disk before the edit is made. When something fails, or services are not healthy
afterwards, everything is taken back (exit code 5). After a kill or a power loss the next
apply goes on.

A machine that is new to its cluster also needs --api-server, --ca-file and --token-file.`,
		Example: `  hostler apply -f worker.yaml --api-server https://10.0.0.1:6443 \
    --ca-file /etc/hostler/ca.crt --token-file /etc/hostler/token
  hostler apply -f worker.yaml --max-impact Restart`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ceiling, err := s.checkRun()
			if err != nil {
				return err
			}
			show := newProgress(cmd.ErrOrStderr())
			defer show.end()
			// Who asked must not think that nobody heard: an op may take minutes.
			defer context.AfterFunc(cmd.Context(), show.stopping)()
			return s.withWish(cmd, show, func(ctx context.Context, wish *machine.Wish) error {
				return s.apply(ctx, cmd, wish, ceiling, show)
			})
		},
	}
	s.registerNode(cmd.Flags())
	s.registerRun(cmd.Flags())
	return cmd
}

// checkRun checks the flags of registerRun and returns the ceiling.
func (s *settings) checkRun() (steps.Impact, error) {
	if s.healthTimeout <= 0 {
		return 0, usage("--health-timeout %s: services need some time", s.healthTimeout)
	}
	return s.checkImpact()
}

// checkImpact checks the flag of registerImpact and returns the ceiling.
func (s *settings) checkImpact() (steps.Impact, error) {
	ceiling, err := steps.ParseImpact(s.maxImpact)
	if err != nil {
		return 0, usage("--max-impact: %w", err)
	}
	return ceiling, nil
}

func (s *settings) apply(ctx context.Context, cmd *cobra.Command, wish *machine.Wish, ceiling steps.Impact, show *progress) error {
	plan, err := wish.Plan(ctx)
	if err != nil {
		return err
	}
	document, err := describePlan(wish, plan)
	if err != nil {
		return err
	}
	if s.output == "text" && !plan.Converged() {
		printShortPlan(cmd.OutOrStdout(), document)
		fmt.Fprintln(cmd.OutOrStdout())
	}
	if plan.Impact() >= steps.Drain && plan.Impact() <= ceiling {
		// The time without workloads is no time for downloads, and the way back needs the old packages.
		if _, err := wish.Stage(ctx); err != nil && !errors.Is(err, engine.ErrUnfinished) {
			return fmt.Errorf("nothing was changed: %w", err)
		}
	}
	result, err := wish.Apply(ctx, ceiling)
	show.end()
	return s.printResult(cmd, result, document, err)
}
