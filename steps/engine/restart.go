package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
)

// restarts tells whether an op restarts the machine.
func restarts(op steps.Op) bool { return stageOf(op) == steps.RestartMachine }

// isRestart is restarts for an op in a journal. One with an inverse is none.
func (e *Engine) isRestart(entry *runOp) bool {
	if entry.undo != nil {
		return false
	}
	op, err := e.Codec.Decode(entry.op)
	return err == nil && restarts(op)
}

// postpone takes restarts out of the plan of a run under way that may not have them. What it was allowed was judged by the
// plan that it began with, so their reason came up in the run: it installed a kernel, say. That is no fault to go back for: the rest of
// the run is done, and the next plan asks for the restart.
func postpone(plan *Plan, ceiling steps.Impact) {
	plan.Ops = slices.DeleteFunc(plan.Ops, func(planned PlannedOp) bool {
		if !postponed(planned.Op, ceiling) {
			return false
		}
		plan.Warnings = append(plan.Warnings, StepRemark{planned.Step, fmt.Sprintf(
			"the machine must be restarted (%s), which this run may not do: it costs %s, and %s is allowed; the next plan asks for it",
			strings.Join(planned.Op.Diff().Notes, "; "), planned.Op.Impact(), ceiling)})
		return true
	})
}

func postponed(op steps.Op, ceiling steps.Impact) bool { return restarts(op) && op.Impact() > ceiling }

// withoutPostponed is postpone for what a step asks for in the run.
func withoutPostponed(ops []steps.Deferred, ceiling steps.Impact) []steps.Deferred {
	return slices.DeleteFunc(ops, func(op steps.Deferred) bool { return postponed(op, ceiling) })
}
