package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

func newLeave(s *settings) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "leave",
		Short: "Give the host back as it was before hostler",
		Long: `Shows what it would give back: everything that hostler has ever touched on this host and
how it was before, newest first. With --yes it does so, in a run like any other: a kill is
survived (leave again), a failure is taken back (exit code 5). Workloads pay what the plan
says: a package that hostler installed goes.

The agent must be gone first: systemctl disable --now hostler, or no agent's pod on the node.
Without --yes it exits with 0 when there is nothing to give back, 3 when there is.`,
		Example: `  hostler leave
  hostler leave --yes --max-impact Restart`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ceiling, err := s.checkImpact()
			if err != nil {
				return err
			}
			return s.leave(cmd, ceiling, yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	s.registerImpact(cmd.Flags())
	return cmd
}

// leaveDocument is what leave prints as JSON. The fields of a run are there after one.
type leaveDocument struct {
	Impact steps.Impact `json:"impact"`
	// Hash names the plan, as in planDocument.
	Hash string      `json:"hash"`
	Ops  []opElement `json:"ops"`
	// Kept stays as hostler made it.
	Kept []keptElement `json:"kept"`

	Run         int            `json:"run,omitempty"`
	Outcome     engine.Outcome `json:"outcome,omitempty"`
	TookSeconds float64        `json:"tookSeconds,omitempty"`
	Error       string         `json:"error,omitempty"`
}

// keptElement is a thing that cannot be given back.
type keptElement struct {
	Step   string `json:"step"`
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"`
}

func (s *settings) leave(cmd *cobra.Command, ceiling steps.Impact, yes bool) error {
	show := newProgress(cmd.ErrOrStderr())
	defer show.end()
	node, _, err := s.open(cmd, show)
	if err != nil {
		return err
	}
	defer node.Close()
	plan, err := node.PlanLeave(cmd.Context())
	if err != nil {
		return err
	}
	document, err := describeLeave(plan)
	if err != nil {
		return err
	}
	if s.output == "text" {
		printLeave(cmd.OutOrStdout(), document)
	}
	if yes {
		return s.giveBack(cmd, node, ceiling, document, show)
	}
	if s.output == "json" {
		if err := printJSON(cmd.OutOrStdout(), document); err != nil {
			return err
		}
	}
	if document.empty() {
		return nil
	}
	if s.output == "text" {
		fmt.Fprintf(cmd.OutOrStdout(), "`%s` does it.\n", s.commandLine("leave --yes"))
	}
	return errPending
}

// giveBack leaves, and prints how that ended. It is called also where there is nothing to give back: a run may have been
// cut short.
func (s *settings) giveBack(cmd *cobra.Command, node *machine.Machine, ceiling steps.Impact, document *leaveDocument, show *progress) error {
	result, err := node.Leave(cmd.Context(), ceiling)
	show.end()
	if s.output == "text" {
		if sentence := s.leaveSentence(result); sentence != "" {
			fmt.Fprintln(cmd.OutOrStdout(), sentence)
		}
		return err
	}
	document.Run, document.Outcome, document.TookSeconds = result.Run, result.Outcome, result.Took.Seconds()
	if err != nil {
		document.Error = err.Error()
	}
	if printErr := printJSON(cmd.OutOrStdout(), document); err == nil {
		return printErr
	}
	return err
}

// leaveSentence says how leaving ended.
func (s *settings) leaveSentence(result engine.Result) string {
	switch result.Outcome {
	case engine.Done:
		return fmt.Sprintf("Left: run %d, %s. hostler holds nothing of this host any more.", result.Run, count(result.Ops, "op"))
	case engine.Converged: // said with the plan
		return ""
	case engine.Interrupted:
		return fmt.Sprintf("Interrupted: `%s` goes on with run %d, and `%s` takes it back.", s.commandLine("leave --yes"), result.Run, s.commandLine("rollback"))
	case engine.RolledBack:
		return fmt.Sprintf("Rolled back: run %d failed, and hostler still keeps the host.", result.Run)
	}
	return s.sentence(result, false)
}

func describeLeave(plan *engine.LeavePlan) (*leaveDocument, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	d := &leaveDocument{Impact: plan.Impact(), Hash: hash, Ops: make([]opElement, 0, len(plan.Ops)), Kept: make([]keptElement, 0, len(plan.Kept))}
	for _, planned := range plan.Ops {
		d.Ops = append(d.Ops, describeOp(planned))
	}
	for _, kept := range plan.Kept {
		d.Kept = append(d.Kept, keptElement{kept.Step, kept.Key, kept.Why})
	}
	return d, nil
}

func (d *leaveDocument) empty() bool { return len(d.Ops)+len(d.Kept) == 0 }

func printLeave(w io.Writer, d *leaveDocument) {
	if d.empty() {
		fmt.Fprintln(w, "Nothing to give back: hostler has changed nothing on this host, or has taken it back.")
		return
	}
	fmt.Fprintf(w, "To give this host back: %s, impact %s\n", count(len(d.Ops), "op"), d.Impact)
	printByStep(w, d.Ops, printDetails)
	if len(d.Kept) > 0 {
		fmt.Fprint(w, "\nstays as it is\n")
	}
	for _, kept := range d.Kept {
		fmt.Fprintf(w, "  %s (%s)", kept.Key, kept.Step)
		if kept.Reason != "" {
			fmt.Fprintf(w, ": %s", kept.Reason)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}
