package engine

import (
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// Event is one thing that happened in a run, for progress displays and tests.
type Event struct {
	Kind EventKind
	// Run is 0 for what happens outside of runs, such as a prefetch.
	Run  int
	Step string
	// Op is set for the op events.
	Op steps.Op
	// Index counts the ops begun in this run, from 1; Total is the engine's
	// best knowledge of how many there will be, and may grow.
	Index, Total int
	Took         time.Duration
	Err          error
	// Message says what an op waits for, which probe is not well, or why the run
	// goes back. For OpBegun, OpMade and OpEnded it is empty when the op is done,
	// and "undo" or "prefetch" when it is not the op itself that happens.
	Message string
}

// EventKind tells events apart.
type EventKind int

// The events, in the order in which they come. Each op has OpBegun
// (it is in the journal and about to run), OpMade (it ran; its end is not in the
// journal yet) and OpEnded.
const (
	RunBegun EventKind = iota
	RunResumed
	OpBegun
	OpProgress
	OpMade
	OpEnded
	Verifying
	AwaitingHealth
	UndoBegun
	RunEnded
	// StepGaveUp: an optional step failed, and the run goes on without it. What it
	// did is taken back next, with the events of ops.
	StepGaveUp
)
