package main

import (
	"context"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/standalone"
	"github.com/hostler-dev/hostler/steps/engine"
)

func newPlan(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan -f FILE",
		Short: "Show what apply would do; change nothing",
		Long:  "Shows each edit with its diff and impact. Exits with 0 when there is nothing to do, 3 when there is.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withWish(cmd, nil, func(ctx context.Context, wish *standalone.Wish) error {
				plan, err := wish.Plan(ctx)
				if err != nil {
					return err
				}
				if err := s.printPlan(cmd, wish, plan, fullPlan); err != nil {
					return err
				}
				return pendingUnless(plan.Converged())
			})
		},
	}
	s.registerNode(cmd.Flags())
	return cmd
}

func newVerify(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify -f FILE",
		Short: "Check that the host is as the NodeGroup says; change nothing",
		Long:  "Names everything that differs, a line each. Exits with 0 when nothing does, 3 when something does.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withWish(cmd, nil, func(ctx context.Context, wish *standalone.Wish) error {
				plan, err := wish.Plan(ctx)
				if err != nil {
					return err
				}
				if err := s.printPlan(cmd, wish, plan, shortPlan); err != nil {
					return err
				}
				return pendingUnless(plan.Converged())
			})
		},
	}
	s.registerNode(cmd.Flags())
	return cmd
}

func pendingUnless(converged bool) error {
	if converged {
		return nil
	}
	return errPending
}

// withWish reads the NodeGroup, opens the host and hands both on.
func (s *settings) withWish(cmd *cobra.Command, observe func(engine.Event), do func(context.Context, *standalone.Wish) error) error {
	if s.group == "" {
		return usage("%s needs -f FILE with a NodeGroup; - is stdin", cmd.CommandPath())
	}
	groups, err := input.ReadFiles([]string{s.group}, cmd.InOrStdin())
	if err != nil {
		return err
	}
	if len(groups) != 1 {
		return usage("%s has %d NodeGroups, and a host belongs to one: keep one in the file", s.group, len(groups))
	}
	node, logger, err := s.open(cmd, observe)
	if err != nil {
		return err
	}
	defer node.Close()
	wish, err := node.Wish(groups[0])
	if err != nil {
		return err
	}
	for _, warning := range wish.Warnings() {
		logger.Warn(warning)
	}
	return do(cmd.Context(), wish)
}

func (s *settings) open(cmd *cobra.Command, observe func(engine.Event)) (*standalone.Node, *zap.Logger, error) {
	logger, err := s.logger(cmd)
	if err != nil {
		return nil, nil, err
	}
	config := s.node()
	config.Logger, config.Observe, config.HealthTimeout, config.Version = logger, watched(observe), s.healthTimeout, version
	node, err := standalone.Open(config)
	return node, logger, err
}
