package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/standalone"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// planDocument is a plan as `-o json` prints it.
type planDocument struct {
	Node      string          `json:"node"`
	NodeGroup string          `json:"nodeGroup"`
	Revision  string          `json:"revision"`
	Distro    distros.Distro  `json:"distro"`
	Impact    steps.Impact    `json:"impact"`
	Hash      string          `json:"hash"`
	Ops       []opElement     `json:"ops"`
	Waits     []remarkElement `json:"waits"`
	Warnings  []remarkElement `json:"warnings"`
}

// opElement is an op in a plan.
type opElement struct {
	Step   string       `json:"step"`
	Key    string       `json:"key"`
	Impact steps.Impact `json:"impact"`
	steps.Diff
	// Undo is false for ops that cannot be taken back.
	Undo bool `json:"undo"`
	// Deferred ops run at the end of the run, once for all steps that ask.
	Deferred bool `json:"deferred,omitempty"`
}

// remarkElement is a wait or a warning in a plan.
type remarkElement struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
}

func describePlan(wish *standalone.Wish, plan *engine.Plan) (*planDocument, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	d := &planDocument{
		Node: wish.NodeName(), NodeGroup: wish.Group.Name, Revision: wish.Revision.Name, Distro: wish.Distro(),
		Impact: plan.Impact(), Hash: hash,
		Ops: make([]opElement, 0, len(plan.Ops)), Waits: describeRemarks(plan.Waits), Warnings: describeRemarks(plan.Warnings),
	}
	for _, planned := range plan.Ops {
		diff := planned.Op.Diff()
		_, deferred := planned.Op.(steps.Deferred)
		d.Ops = append(d.Ops, opElement{
			Step: planned.Step, Key: planned.Op.Key(), Impact: planned.Op.Impact(), Diff: diff, Undo: diff.Irreversible == "", Deferred: deferred,
		})
	}
	return d, nil
}

func describeRemarks(remarks []engine.StepRemark) []remarkElement {
	out := make([]remarkElement, 0, len(remarks))
	for _, r := range remarks {
		out = append(out, remarkElement{Step: r.Step, Reason: r.Text})
	}
	return out
}

// detail is how much of a plan is printed as text.
type detail bool

const (
	fullPlan  detail = true
	shortPlan detail = false
)

func (s *settings) printPlan(cmd *cobra.Command, wish *standalone.Wish, plan *engine.Plan, how detail) error {
	document, err := describePlan(wish, plan)
	if err != nil {
		return err
	}
	if s.output == "json" {
		return printJSON(cmd.OutOrStdout(), document)
	}
	printPlanText(cmd.OutOrStdout(), document, how)
	return nil
}

// printPlanText prints ops by step: a sign, the act, the thing, its values, then
// notes and the diff.
func printPlanText(w io.Writer, d *planDocument, how detail) {
	fmt.Fprintf(w, "Node %s (%s), NodeGroup %s, revision %s\n", d.Node, d.Distro.Name, d.NodeGroup, d.Revision)
	heading := ""
	for _, op := range d.Ops {
		wanted := op.Step
		if op.Deferred {
			wanted = "at the end, once each"
		}
		if wanted != heading {
			heading = wanted
			fmt.Fprintf(w, "\n%s\n", heading)
		}
		printOp(w, op, how)
	}
	for _, wait := range d.Waits {
		fmt.Fprintf(w, "\n%s\n  … later: %s\n", wait.Step, wait.Reason)
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "\nwarning: %s: %s\n", warning.Step, warning.Reason)
	}
	if len(d.Ops)+len(d.Waits) == 0 {
		fmt.Fprintln(w, "\nNothing to do: the host is as the NodeGroup says.")
		return
	}
	fmt.Fprintf(w, "\n%s, impact %s, plan %s\n", count(len(d.Ops), "op"), d.Impact, d.Hash)
}

func printOp(w io.Writer, op opElement, how detail) {
	fmt.Fprintf(w, "  %s %s", op.Action, op.Key)
	switch {
	case op.From != "" && op.To != "":
		fmt.Fprintf(w, ": %s → %s", op.From, op.To)
	case op.To != "":
		fmt.Fprintf(w, ": %s", op.To)
	case op.From != "":
		fmt.Fprintf(w, ": was %s", op.From)
	}
	if op.Impact != steps.None {
		fmt.Fprintf(w, "  [%s]", op.Impact)
	}
	fmt.Fprintln(w)
	if how == shortPlan {
		return
	}
	for _, note := range op.Notes {
		fmt.Fprintf(w, "      note: %s\n", note)
	}
	if op.Irreversible != "" {
		fmt.Fprintf(w, "      cannot be taken back: %s\n", op.Irreversible)
	}
	for line := range strings.Lines(op.Text) {
		if strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "+++ ") {
			continue // the op's line names the file already
		}
		fmt.Fprintf(w, "      %s\n", strings.TrimRight(line, "\n"))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
