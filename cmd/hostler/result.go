package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/steps/engine"
)

// applied is what apply and rollback print as JSON.
type applied struct {
	// Run is 0 where no run was made.
	Run         int             `json:"run,omitempty"`
	Outcome     engine.Outcome  `json:"outcome"`
	Ops         int             `json:"ops"`
	TookSeconds float64         `json:"tookSeconds"`
	Error       string          `json:"error,omitempty"`
	Plan        *planDocument   `json:"plan,omitempty"`
	Warnings    []remarkElement `json:"warnings,omitempty"`
	// Failures are optional steps that failed; what they did is taken back.
	Failures []remarkElement `json:"failures,omitempty"`
}

// printResult prints how a run ended and returns the error that it ended with.
// plan is what was printed before the run; nil: nothing.
func (s *settings) printResult(cmd *cobra.Command, result engine.Result, plan *planDocument, err error) error {
	warnings := describeRemarks(result.Warnings)
	if s.output == "text" {
		if plan != nil && !plan.converged() {
			warnings = slices.DeleteFunc(warnings, func(w remarkElement) bool { return slices.Contains(plan.Warnings, w) })
		}
		printWarnings(cmd.OutOrStdout(), warnings)
		printFailures(cmd.OutOrStdout(), describeFailures(result.Failures))
		if sentence := s.sentence(result, plan != nil); sentence != "" {
			fmt.Fprintln(cmd.OutOrStdout(), sentence)
		}
		return err
	}
	if result.Outcome == "" {
		return err // there was no run to tell of
	}
	document := applied{
		Run: result.Run, Outcome: result.Outcome, Ops: result.Ops, TookSeconds: result.Took.Seconds(), Plan: plan, Warnings: warnings,
		Failures: describeFailures(result.Failures),
	}
	if err != nil {
		document.Error = err.Error()
	}
	return errors.Join(err, printJSON(cmd.OutOrStdout(), document))
}

// sentence says how a run ended and what comes next. forward is false for a rollback.
func (s *settings) sentence(result engine.Result, forward bool) string {
	switch result.Outcome {
	case engine.Converged:
		return nothingToDo
	case engine.Done:
		done := fmt.Sprintf("Done: run %d, %s", result.Run, count(result.Ops, "op"))
		if result.Took > 0 {
			done += fmt.Sprintf(" in %s", result.Took.Round(100*time.Millisecond))
		}
		if forward {
			return fmt.Sprintf("%s. `%s` takes it back.", done, s.commandLine("rollback"))
		}
		return done + "."
	case engine.RolledBack:
		return fmt.Sprintf("Rolled back: run %d failed, and the host is as it was before.", result.Run)
	case engine.Interrupted:
		return fmt.Sprintf("Interrupted: run %d goes on with the next apply, and back with `%s`.", result.Run, s.commandLine("rollback"))
	case engine.Restarting:
		return fmt.Sprintf("The machine restarts: run %d goes on after the boot, with the next apply or by the agent.", result.Run)
	case engine.Stopped:
		return fmt.Sprintf("Stopped: run %d got nothing done in boot after boot; `%s` shows where it stands.", result.Run, s.commandLine("history --ops"))
	case engine.Failed:
		return fmt.Sprintf("Failed: run %d could not be taken back whole; `%s` shows what remains.", result.Run, s.commandLine("history --ops"))
	}
	return ""
}

// commandLine is a command for the same host.
func (s *settings) commandLine(command string) string {
	line := "hostler " + command
	if s.root != "/" {
		line += " --root " + s.root
	}
	if s.image {
		line += " --image"
	}
	return line
}
