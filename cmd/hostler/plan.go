package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/machine"
)

func newPlan(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan -f FILE",
		Short: "Show what apply would do; change nothing",
		Long: `Shows each edit that is missing on the host, with its diff and its impact on workloads.
Changes nothing. Exits with 0 when there is nothing to do, 3 when there is.`,
		Example: `  hostler plan -f worker.yaml
  hostler plan -f worker.yaml -o json
  hostler plan -f worker.yaml --root /mnt/image --image`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.look(cmd, printPlan) },
	}
	s.registerNode(cmd.Flags())
	return cmd
}

// look makes a plan and prints it: as JSON, or by print. A plan with something in
// it is errPending.
func (s *settings) look(cmd *cobra.Command, print textPrinter) error {
	return s.withWish(cmd, nil, func(ctx context.Context, wish *machine.Wish) error {
		plan, err := wish.Plan(ctx)
		if err != nil {
			return err
		}
		document, err := describePlan(wish, plan)
		if err != nil {
			return err
		}
		if s.output == "json" {
			err = printJSON(cmd.OutOrStdout(), document)
		} else {
			print(cmd.OutOrStdout(), document)
		}
		if err == nil && !plan.Converged() {
			return errPending
		}
		return err
	})
}
