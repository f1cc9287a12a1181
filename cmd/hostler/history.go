package main

import (
	"fmt"
	"io"
	"strings"
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
		Example: `  hostler history
  hostler history --ops`,
		Args: noArgs,
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
			return printHistory(cmd.OutOrStdout(), runs, ops)
		},
	}
	cmd.Flags().BoolVar(&ops, "ops", false, "list the ops of each run")
	return cmd
}

func printHistory(w io.Writer, runs []engine.Run, ops bool) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "hostler has changed nothing on this host yet.")
		return err
	}
	rows := [][]string{{"RUN", "BEGUN", "TOOK", "REVISION", "IMPACT", "OPS", "OUTCOME"}}
	for _, run := range runs {
		rows = append(rows, historyRow(run))
	}
	lines, err := align(rows)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, lines[0])
	for i, run := range runs {
		fmt.Fprintln(w, lines[i+1])
		if err := printRunDetails(w, run, ops); err != nil {
			return err
		}
	}
	return nil
}

func historyRow(run engine.Run) []string {
	took := "-"
	if !run.Ended.IsZero() {
		took = run.Ended.Sub(run.Begun).Round(100 * time.Millisecond).String()
	}
	outcome := string(run.Outcome)
	if run.RevertedBy != 0 {
		outcome += fmt.Sprintf(", taken back by run %d", run.RevertedBy)
	}
	return []string{fmt.Sprint(run.Number), run.Begun.Format(time.RFC3339), took, run.Revision, run.Impact, fmt.Sprint(len(run.Ops)), outcome}
}

// printRunDetails prints why a run ended badly and, if asked for, its ops.
func printRunDetails(w io.Writer, run engine.Run, ops bool) error {
	if run.Error != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(run.Error, "\n", "\n  "))
	}
	for _, failure := range run.Failures {
		fmt.Fprintf(w, "  optional step %s failed, and was left out: %s\n", failure.Step, strings.ReplaceAll(failure.Error, "\n", "\n  "))
	}
	if !ops {
		return nil
	}
	rows := make([][]string, 0, len(run.Ops))
	for _, op := range run.Ops {
		rows = append(rows, []string{"", op.State, op.Took.Round(time.Millisecond).String(), op.Step, op.Key})
	}
	lines, err := align(rows)
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
	return err
}

// align makes a line of each row, with columns of equal width.
func align(rows [][]string) ([]string, error) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")[:len(rows)], nil
}
