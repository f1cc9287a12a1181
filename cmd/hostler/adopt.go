package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/steps"
)

func newAdopt(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt -f FILE",
		Short: "Show what taking over a node that somebody else made would mean",
		Long: `For a node that kubeadm, kubespray or people have made: shows what is there, what is as the
NodeGroup says already and stays untouched, and what hostler would change, with the impact on
workloads and the reason for each restart. Changes nothing: hostler apply does, and hostler
leave gives back what was there. Exits with 0 when there is nothing to change, 3 when there is.`,
		Example: `  hostler adopt -f worker.yaml
  hostler adopt -f worker.yaml -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withWish(cmd, nil, func(ctx context.Context, wish *machine.Wish) error { return s.adopt(ctx, cmd, wish) })
		},
	}
	s.registerNode(cmd.Flags())
	return cmd
}

// adoptDocument is what adopt prints as JSON.
type adoptDocument struct {
	Found *machine.Found `json:"found"`
	// Same are the steps that find everything as the NodeGroup says.
	Same []string `json:"same"`
	// Plan is what would change.
	Plan *planDocument `json:"plan"`
}

func (s *settings) adopt(ctx context.Context, cmd *cobra.Command, wish *machine.Wish) error {
	adoption, err := wish.Adoption(ctx)
	if err != nil {
		return err
	}
	plan, err := describePlan(wish, adoption.Plan)
	if err != nil {
		return err
	}
	document := &adoptDocument{Found: adoption.Found, Same: adoption.Same, Plan: plan}
	if s.output == "json" {
		err = printJSON(cmd.OutOrStdout(), document)
	} else {
		printAdoption(cmd.OutOrStdout(), document, s.commandLine("apply -f "+s.group), s.commandLine("leave"))
	}
	if err == nil && !plan.converged() {
		return errPending
	}
	return err
}

// makers are what people call those who make nodes.
var makers = map[string]string{
	"":          "nothing of Kubernetes is set up here",
	"hostler":   "set up by hostler",
	"kubeadm":   "set up by kubeadm",
	"kubespray": "set up by kubespray",
	"other":     "a kubelet that neither kubeadm nor kubespray has set up",
}

// printAdoption prints what is there, what stays, what changes, and the commands that go on.
func printAdoption(w io.Writer, d *adoptDocument, apply, leave string) {
	fmt.Fprintf(w, "Found: %s\n", makers[d.Found.MadeBy])
	for _, unit := range d.Found.Units {
		fmt.Fprintf(w, "  %s: %s\n", unit.Name, strings.Join(strings.Fields(unit.Active+" "+unit.Enabled), ", "))
	}
	for _, file := range d.Found.Files {
		fmt.Fprintf(w, "  %s\n", file)
	}
	if len(d.Same) > 0 {
		fmt.Fprintf(w, "\nTaken over as it is, since it is as the NodeGroup says: %s\n", strings.Join(d.Same, ", "))
	}
	fmt.Fprintln(w)
	printOps(w, d.Plan, printNotes)
	if !d.Plan.converged() {
		fmt.Fprintf(w, "%s\n`%s` does it, and `%s` gives back what is here now.\n", d.interruptions(), apply, leave)
	}
}

// printNotes prints what there is to say of an op, without its diff.
func printNotes(w io.Writer, op opElement) {
	op.Text = ""
	printDetails(w, op)
}

// interruptions says in a sentence what workloads notice.
func (d *adoptDocument) interruptions() string {
	var keys []string
	for _, op := range d.Plan.Ops {
		if op.Impact >= steps.Restart {
			keys = append(keys, op.Key)
		}
	}
	if len(keys) == 0 {
		return "No service is restarted."
	}
	return "Interrupted: " + strings.Join(keys, ", ") + "."
}
