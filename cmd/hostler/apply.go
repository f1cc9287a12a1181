package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/standalone"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

func newApply(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the host as the NodeGroup says, or leave it as it was",
		Long: `Shows the plan (hostler plan has the diffs), then does it: each edit and its way back are on disk before the edit is
made. When something fails, or services are not healthy afterwards, everything is taken
back (exit code 5). After a kill or a power loss the next apply goes on.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ceiling, err := steps.ParseImpact(s.maxImpact)
			if err != nil {
				return usage("--max-impact: %w", err)
			}
			show := newProgress(cmd.ErrOrStderr())
			return s.withWish(cmd, show.event, func(ctx context.Context, wish *standalone.Wish) error {
				return s.apply(cmd, ctx, wish, ceiling, show)
			})
		},
	}
	s.registerNode(cmd.Flags())
	s.registerRun(cmd.Flags())
	return cmd
}

// applied is what apply and rollback print as JSON.
type applied struct {
	Run         int             `json:"run,omitempty"`
	Outcome     engine.Outcome  `json:"outcome"`
	Ops         int             `json:"ops"`
	TookSeconds float64         `json:"tookSeconds"`
	Error       string          `json:"error,omitempty"`
	Plan        *planDocument   `json:"plan,omitempty"`
	Warnings    []remarkElement `json:"warnings,omitempty"`
}

func (s *settings) apply(cmd *cobra.Command, ctx context.Context, wish *standalone.Wish, ceiling steps.Impact, show *progress) error {
	plan, err := wish.Plan(ctx)
	if err != nil {
		return err
	}
	document, err := describePlan(wish, plan)
	if err != nil {
		return err
	}
	if s.output == "text" && !plan.Converged() {
		printPlanText(cmd.OutOrStdout(), document, shortPlan)
	}
	result, err := wish.Apply(ctx, ceiling)
	show.end()
	return s.printApplied(cmd, result, document, err)
}

func (s *settings) printApplied(cmd *cobra.Command, result engine.Result, plan *planDocument, err error) error {
	if s.output == "json" {
		out := applied{
			Run: result.Run, Outcome: result.Outcome, Ops: result.Ops, TookSeconds: result.Took.Seconds(), Plan: plan,
			Warnings: describeRemarks(result.Warnings),
		}
		if err != nil {
			out.Error = err.Error()
		}
		if result.Outcome != "" {
			if printErr := printJSON(cmd.OutOrStdout(), out); printErr != nil {
				return printErr
			}
		}
		return err
	}
	for _, warning := range result.Warnings {
		fmt.Fprintf(cmd.OutOrStdout(), "warning: %s: %s\n", warning.Step, warning.Text)
	}
	switch result.Outcome {
	case engine.Converged:
		fmt.Fprintln(cmd.OutOrStdout(), "Nothing to do: the host is as the NodeGroup says.")
	case engine.Done:
		fmt.Fprintf(cmd.OutOrStdout(), "Done: run %d, %d ops in %s. `hostler rollback` takes it back.\n", result.Run, result.Ops, result.Took.Round(100*time.Millisecond))
	case engine.RolledBack:
		fmt.Fprintf(cmd.OutOrStdout(), "Rolled back: run %d failed, and the host is as it was before.\n", result.Run)
	case engine.Interrupted:
		fmt.Fprintf(cmd.OutOrStdout(), "Interrupted: run %d waits to be gone on with.\n", result.Run)
	case engine.Failed:
		fmt.Fprintf(cmd.OutOrStdout(), "Failed: run %d could not be taken back whole; `hostler history` names what remains.\n", result.Run)
	}
	return err
}
