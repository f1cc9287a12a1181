package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newVerify(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify -f FILE",
		Short: "Check that the host is as the NodeGroup says; change nothing",
		Long: `Names everything that differs, a line each. Changes nothing. Exits with 0 when nothing
differs, 3 when something does. As JSON it prints the plan that would put it right.`,
		Example: `  hostler verify -f worker.yaml
  hostler verify -f worker.yaml || hostler apply -f worker.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.look(cmd, printDrift) },
	}
	s.registerNode(cmd.Flags())
	return cmd
}

// printDrift prints a line for each thing that differs, and the verdict last.
func printDrift(w io.Writer, d *planDocument) {
	for _, op := range d.Ops {
		fmt.Fprintf(w, "%s: %s\n", op.Step, op)
	}
	for _, wait := range d.Waits {
		fmt.Fprintf(w, "%s: later: %s\n", wait.Step, wait.Reason)
	}
	printWarnings(w, d.Warnings)
	printFailures(w, d.Failures)
	if d.converged() {
		fmt.Fprintf(w, "%s is as NodeGroup %s says, revision %s.\n", d.host(), d.NodeGroup, d.Revision)
		return
	}
	fmt.Fprintf(w, "%s differs from NodeGroup %s, revision %s: `hostler apply` puts it right with %s, impact %s.\n",
		d.host(), d.NodeGroup, d.Revision, count(len(d.Ops), "op"), d.Impact)
}
