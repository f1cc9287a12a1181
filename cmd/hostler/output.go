package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// planDocument is a plan as `-o json` prints it. Programs read it: fields are
// added, and never renamed or taken away.
type planDocument struct {
	// Node is the node's name; empty for an image that has no host name.
	Node      string         `json:"node"`
	NodeGroup string         `json:"nodeGroup"`
	Revision  string         `json:"revision"`
	Distro    distros.Distro `json:"distro"`
	// Impact is the highest of the ops'.
	Impact steps.Impact `json:"impact"`
	// Hash names the plan: same hash, same ops. Empty for a converged host.
	Hash string      `json:"hash"`
	Ops  []opElement `json:"ops"`
	// Waits can be planned only after ops before them have run.
	Waits []remarkElement `json:"waits"`
	// Warnings do not keep the host from being converged.
	Warnings []remarkElement `json:"warnings"`
	// Failures are optional steps that cannot be planned; nothing else waits for them.
	Failures []remarkElement `json:"failures,omitempty"`
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

func describePlan(wish *machine.Wish, plan *engine.Plan) (*planDocument, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	d := &planDocument{
		Node: wish.NodeName(), NodeGroup: wish.Revision.Spec.NodeGroup, Revision: wish.Revision.Name, Distro: wish.Distro(),
		Impact: plan.Impact(), Hash: hash,
		Ops: make([]opElement, 0, len(plan.Ops)), Waits: describeRemarks(plan.Waits), Warnings: describeRemarks(plan.Warnings),
		Failures: describeFailures(plan.Failures),
	}
	for _, planned := range plan.Ops {
		d.Ops = append(d.Ops, describeOp(planned))
	}
	return d, nil
}

func describeOp(planned engine.PlannedOp) opElement {
	diff := planned.Op.Diff()
	_, deferred := planned.Op.(steps.Deferred)
	return opElement{
		Step: planned.Step, Key: planned.Op.Key(), Impact: planned.Op.Impact(), Diff: diff, Undo: diff.Irreversible == "", Deferred: deferred,
	}
}

func describeRemarks(remarks []engine.StepRemark) []remarkElement {
	out := make([]remarkElement, 0, len(remarks))
	for _, r := range remarks {
		out = append(out, remarkElement{Step: r.Step, Reason: r.Text})
	}
	return out
}

func describeFailures(failures []engine.StepFailure) []remarkElement {
	var out []remarkElement
	for _, f := range failures {
		out = append(out, remarkElement{Step: f.Step, Reason: f.Err.Error()})
	}
	return out
}

func (d *planDocument) converged() bool { return len(d.Ops)+len(d.Waits) == 0 }

// host is what people call the host.
func (d *planDocument) host() string {
	if d.Node == "" {
		return "This host"
	}
	return "Node " + d.Node
}

// String is the op on a line: the act, the thing, its values, what it costs.
func (op opElement) String() string {
	line := op.Action + " " + op.Key
	switch {
	case op.From != "" && op.To != "":
		line += fmt.Sprintf(": %s → %s", op.From, op.To)
	case op.To != "":
		line += ": " + op.To
	case op.From != "":
		line += ": was " + op.From
	}
	if op.Impact != steps.None {
		line += fmt.Sprintf("  [%s]", op.Impact)
	}
	return line
}

// textPrinter prints a plan for people.
type textPrinter func(io.Writer, *planDocument)

// printPlan prints ops by step, with notes and diffs.
func printPlan(w io.Writer, d *planDocument) { printOps(w, d, printDetails) }

// printShortPlan is printPlan with each op on a line.
func printShortPlan(w io.Writer, d *planDocument) { printOps(w, d, func(io.Writer, opElement) {}) }

func printOps(w io.Writer, d *planDocument, details func(io.Writer, opElement)) {
	fmt.Fprintf(w, "%s (%s), NodeGroup %s, revision %s\n", d.host(), d.Distro.Name, d.NodeGroup, d.Revision)
	printByStep(w, d.Ops, details)
	if len(d.Waits) > 0 {
		fmt.Fprint(w, "\nplanned later, when what comes before is done\n")
	}
	for _, wait := range d.Waits {
		fmt.Fprintf(w, "  %s: %s\n", wait.Step, wait.Reason)
	}
	if len(d.Warnings)+len(d.Failures) > 0 {
		fmt.Fprintln(w)
	}
	printWarnings(w, d.Warnings)
	printFailures(w, d.Failures)
	if d.converged() {
		fmt.Fprintf(w, "\n%s\n", nothingToDo)
		return
	}
	fmt.Fprintf(w, "\n%s, impact %s, plan %s\n", count(len(d.Ops), "op"), d.Impact, d.Hash)
}

// printByStep prints ops under the names of their steps.
func printByStep(w io.Writer, ops []opElement, details func(io.Writer, opElement)) {
	heading := ""
	for _, op := range ops {
		wanted := op.Step
		if op.Deferred {
			wanted = "at the end, once each"
		}
		if wanted != heading {
			heading = wanted
			fmt.Fprintf(w, "\n%s\n", heading)
		}
		fmt.Fprintf(w, "  %s\n", op)
		details(w, op)
	}
}

const nothingToDo = "Nothing to do: the host is as the NodeGroup says."

func printDetails(w io.Writer, op opElement) {
	for _, note := range op.Notes {
		fmt.Fprintf(w, "      note: %s\n", note)
	}
	if op.Irreversible != "" {
		fmt.Fprintf(w, "      cannot be taken back: %s\n", op.Irreversible)
	}
	text := op.Text
	for _, header := range []string{"--- ", "+++ "} { // the op's line names the file already
		if strings.HasPrefix(text, header) {
			_, text, _ = strings.Cut(text, "\n")
		}
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(w, "      %s\n", strings.TrimRight(line, "\n"))
	}
}

func printWarnings(w io.Writer, warnings []remarkElement) {
	for _, warning := range warnings {
		fmt.Fprintf(w, "warning: %s: %s\n", warning.Step, warning.Reason)
	}
}

func printFailures(w io.Writer, failures []remarkElement) {
	for _, failure := range failures {
		fmt.Fprintf(w, "optional step %s failed, and was left out: %s\n", failure.Step, failure.Reason)
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
