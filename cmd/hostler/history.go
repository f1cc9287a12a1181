package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/steps/engine"
)

func newHistory(s *settings) *cobra.Command {
	var ops bool
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the runs on this host, newest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			node, _, err := s.open(cmd, nil)
			if err != nil {
				return err
			}
			defer node.Close()
			runs, err := node.History(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == "json" {
				if runs == nil {
					runs = []engine.Run{}
				}
				return printJSON(cmd.OutOrStdout(), runs)
			}
			return printHistory(cmd, runs, ops)
		},
	}
	cmd.Flags().BoolVar(&ops, "ops", false, "list the ops of each run")
	return cmd
}

func printHistory(cmd *cobra.Command, runs []engine.Run, ops bool) error {
	if len(runs) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "hostler has changed nothing on this host yet.")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tBEGUN\tTOOK\tREVISION\tIMPACT\tOPS\tOUTCOME")
	for _, run := range runs {
		took := "-"
		if !run.Ended.IsZero() {
			took = run.Ended.Sub(run.Begun).Round(100 * time.Millisecond).String()
		}
		outcome := string(run.Outcome)
		if run.RevertedBy != 0 {
			outcome += fmt.Sprintf(", taken back by run %d", run.RevertedBy)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", run.Number, run.Begun.Format(time.RFC3339), took, run.Revision, run.Impact, len(run.Ops), outcome)
		if run.Error != "" {
			fmt.Fprintf(w, "\t%s\n", run.Error)
		}
		if ops {
			for _, op := range run.Ops {
				fmt.Fprintf(w, "\t%s\t%s\t%s %s\n", op.State, op.Took.Round(time.Millisecond), op.Step, op.Key)
			}
		}
	}
	return w.Flush()
}
