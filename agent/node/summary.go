package node

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// What of a plan fits into a status. An object of the API has a limit of about 1.5 MiB, and every watcher gets each status whole.
const (
	maxOpLines   = 100
	maxPlanBytes = 64 << 10
	maxLineBytes = 300
	maxWaits     = 20
	maxDriftKeys = 20
	maxMessage   = 1024
)

// summarize shortens a plan, and says how much is left out.
func summarize(revision, hash string, plan *engine.Plan, staged bool) *v1alpha1.PlanSummary {
	s := &v1alpha1.PlanSummary{
		Revision: revision, Hash: hash, Impact: apiImpact(plan.Impact()), Ops: int32(len(plan.Ops)), Staged: staged,
	}
	bytes := 0
	for i, planned := range plan.Ops {
		line := opLine(planned.Op)
		bytes += len(line) + len(planned.Step)
		if i == maxOpLines || bytes > maxPlanBytes {
			s.Omitted = int32(len(plan.Ops) - i)
			break
		}
		if last := len(s.Steps) - 1; last >= 0 && s.Steps[last].Step == planned.Step {
			s.Steps[last].Ops = append(s.Steps[last].Ops, line)
			continue
		}
		s.Steps = append(s.Steps, v1alpha1.StepPlan{Step: planned.Step, Ops: []string{line}})
	}
	for i, wait := range plan.Waits {
		if i == maxWaits {
			s.Waits = append(s.Waits, fmt.Sprintf("and %d more", len(plan.Waits)-i))
			break
		}
		s.Waits = append(s.Waits, oneLine(wait.Step+": "+wait.Text, maxLineBytes))
	}
	return s
}

// opLine is an op on a line. Contents are never in it: they may be large, and are in `hostler plan`.
func opLine(op steps.Op) string {
	diff := op.Diff()
	line := diff.Action + " " + op.Key()
	switch {
	case diff.From != "" && diff.To != "":
		line += " " + diff.From + " → " + diff.To
	case diff.To != "":
		line += " → " + diff.To
	}
	return oneLine(line, maxLineBytes)
}

// oneLine makes one line of a text, of at most so many bytes.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func apiImpact(i steps.Impact) v1alpha1.Impact { return v1alpha1.Impact(i.String()) }
