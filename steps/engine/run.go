package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. A run without one was cut short and will be resumed.
const (
	// Converged: there was nothing to do, and no run was made.
	Converged Outcome = "converged"
	// Done: the host is as wished, and healthy.
	Done Outcome = "done"
	// RolledBack: something failed, and the host is as it was before.
	RolledBack Outcome = "rolled back"
	// Failed: something failed, and not everything could be taken back.
	Failed Outcome = "failed"
	// Interrupted: the process was told to stop; the next apply goes on.
	Interrupted Outcome = "interrupted"
	// Restarting: the run restarts the machine, and goes on in the next boot. In a history it is Interrupted.
	Restarting Outcome = "restarting"
	// Stopped: boot after boot passed without anything getting done. The next
	// apply goes on all the same, so somebody should have looked before.
	Stopped Outcome = "stopped"
	// Damaged: the journal cannot be read, so nobody knows.
	Damaged Outcome = "damaged"
)

// Run is a run as its journal tells it, for people.
type Run struct {
	Number   int       `json:"run"`
	Revision string    `json:"revision,omitempty"`
	PlanHash string    `json:"plan,omitempty"`
	Impact   string    `json:"impact"`
	Begun    time.Time `json:"begun"`
	// Ended is zero while the run is under way or waits to be resumed.
	Ended   time.Time `json:"ended,omitzero"`
	Outcome Outcome   `json:"outcome"`
	Ops     []RunOp   `json:"ops"`
	// Failures are the optional steps that gave up. What they did is taken back,
	// unless their error says otherwise.
	Failures []RunFailure `json:"failures,omitempty"`
	// Reverts are the runs that this run took back.
	Reverts []int `json:"reverts,omitempty"`
	// Leaves says that the run gave the host back.
	Leaves bool `json:"leaves,omitempty"`
	// RevertedBy is the run that took this one back; 0: none.
	RevertedBy int    `json:"revertedBy,omitempty"`
	Error      string `json:"error,omitempty"`
}

// RunOp is an op of a run, for people.
type RunOp struct {
	Step  string        `json:"step"`
	Key   string        `json:"key"`
	Took  time.Duration `json:"tookNanoseconds,omitempty"`
	State string        `json:"state"` // done, failed, undone, begun
}

// RunFailure is an optional step that gave up in a run, for people.
type RunFailure struct {
	Step  string `json:"step"`
	Error string `json:"error"`
}

// run is a run in memory: what its journal says, and the journal to go on with.
type run struct {
	number  int
	dir     string
	journal *journal

	begin record
	boots []string // the boots in which it was worked on without an op done since
	ops   []*runOp
	owed  queue
	// owedUndo holds the inverses of what is owed, by key, from when it was first asked for.
	owedUndo map[string]json.RawMessage
	// asks are who wants what is owed, by key.
	asks map[string][]PlannedOp
	// gaveUp are the optional steps that the run goes on without.
	gaveUp  []StepFailure
	undoing bool
	reason  string // why it goes back
	end     *record
}

func newRun(number int, dir string) *run {
	return &run{number: number, dir: dir, owedUndo: map[string]json.RawMessage{}, asks: map[string][]PlannedOp{}}
}

// runOp is an op of a run with its way back.
type runOp struct {
	seq      int
	step     string
	askers   []string // all steps that wanted it
	key      string
	op       json.RawMessage
	undo     json.RawMessage // nil: cannot be taken back
	begun    time.Time
	took     time.Duration
	finished bool
	failed   string
	undone   bool
	// overlaid: it was taken back because its step gave up, and after ops of
	// others, whose ways back may lead to what it did. So who takes those back
	// takes it back once more.
	overlaid bool
}

// numbers lists the runs on disk, oldest first.
func (e *Engine) numbers() ([]int, error) {
	entries, err := os.ReadDir(filepath.Join(e.StateDir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing runs: %w", err)
	}
	var numbers []int
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (e *Engine) runDir(number int) string {
	return filepath.Join(e.StateDir, "runs", strconv.Itoa(number))
}

// load reads a run's journal. It returns nil for a run whose begin never
// reached the disk: nothing was done in it.
func (e *Engine) load(number int) (*run, int64, error) {
	r := newRun(number, e.runDir(number))
	records, whole, err := readJournal(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if len(records) == 0 {
		return nil, 0, nil
	}
	if records[0].Type != recordBegin {
		return nil, 0, fmt.Errorf("run %d: the journal starts with a %q record where %q should be: it is damaged, or a newer version of hostler wrote it",
			number, records[0].Type, recordBegin)
	}
	for _, rec := range records {
		if err := e.replay(r, rec); err != nil {
			return nil, 0, fmt.Errorf("run %d: %w", number, err)
		}
	}
	return r, whole, nil
}

// replay brings the run in memory forward by one record.
func (e *Engine) replay(r *run, rec record) error {
	switch rec.Type {
	case recordBegin:
		r.begin = rec
		r.boots = []string{rec.BootID}
	case recordResume:
		if r.end != nil {
			r.end, r.boots = nil, nil // somebody looked, and the guard counts anew
		}
		if !slices.Contains(r.boots, rec.BootID) {
			r.boots = append(r.boots, rec.BootID)
		}
	case recordRevise:
		r.begin.Revision, r.begin.Version, r.begin.PlanHash = rec.Revision, rec.Version, rec.PlanHash
		r.begin.Impact, r.begin.Baseline, r.begin.Reverts = rec.Impact, rec.Baseline, nil
		r.begin.Leaves = false
		r.gaveUp = nil // another wish is another chance
	case recordAsk:
		return e.replayAsk(r, rec)
	case recordDo:
		r.ops = append(r.ops, newRunOp(rec))
	case recordDone, recordFailed, recordUndone:
		op := r.op(rec.Seq)
		if op == nil {
			return fmt.Errorf("the journal ends op %d, which it never began", rec.Seq)
		}
		if !e.isRestart(op) { // boot after boot is what the guard is against
			r.boots = r.boots[len(r.boots)-1:]
		}
		switch rec.Type {
		case recordDone:
			op.finished, op.took = true, rec.Time.Sub(op.begun)
			r.settle(op.key)
		case recordFailed:
			op.failed = rec.Error
		default:
			r.takenBack(op)
		}
	case recordGiveUp:
		r.giveUp(StepFailure{rec.Step, errors.New(rec.Error)})
	case recordUndo:
		r.turnBack(rec.Error)
	case recordEnd:
		r.end = &rec
	default:
		return fmt.Errorf("the journal has a %q record, which this version of hostler does not know: it was written by a newer one", rec.Type)
	}
	return nil
}

func (e *Engine) replayAsk(r *run, rec record) error {
	op, err := e.Codec.Decode(rec.Op)
	if err != nil {
		return err
	}
	deferred, ok := op.(steps.Deferred)
	if !ok {
		return fmt.Errorf("the journal asks for %s, which is not a deferred op", rec.Key)
	}
	r.owed.put(rec.Step, deferred)
	r.owedUndo[rec.Key] = rec.Undo
	ask := PlannedOp{rec.Step, op}
	if rec.By != "" {
		ask.Step = rec.By
		if ask.Op, err = e.Codec.Decode(rec.Own); err != nil {
			return err
		}
	}
	r.asks[rec.Key] = append(r.asks[rec.Key], ask)
	return nil
}

func newRunOp(do record) *runOp {
	askers := do.Askers
	if len(askers) == 0 {
		askers = []string{do.Step}
	}
	return &runOp{seq: do.Seq, step: do.Step, askers: askers, key: do.Key, op: do.Op, undo: do.Undo, begun: do.Time}
}

// settle notes that what was owed under a key is done.
func (r *run) settle(key string) {
	r.owed.drop(key)
	delete(r.owedUndo, key)
	delete(r.asks, key)
}

// takenBack notes that an op was taken back.
func (r *run) takenBack(entry *runOp) {
	entry.undone = true
	entry.overlaid = !r.undoing && slices.ContainsFunc(r.ops, func(other *runOp) bool {
		return other.seq > entry.seq && !other.undone && !r.without(other.askers...)
	})
}

// turnBack notes that the run goes back as a whole.
func (r *run) turnBack(reason string) {
	r.undoing, r.reason = true, reason
	for _, entry := range r.ops {
		entry.undone = entry.undone && !entry.overlaid
	}
}

func (r *run) op(seq int) *runOp {
	if i := slices.IndexFunc(r.ops, func(op *runOp) bool { return op.seq == seq }); i >= 0 {
		return r.ops[i]
	}
	return nil
}

// beginRun makes the next run.
func (e *Engine) beginRun(begin record) (*run, error) {
	numbers, err := e.numbers()
	if err != nil {
		return nil, err
	}
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	r := newRun(next, e.runDir(next))
	if r.journal, err = e.createJournal(r.dir); err != nil {
		return nil, err
	}
	begin.Type, begin.BootID = recordBegin, e.bootID()
	if err := r.journal.append(begin); err != nil {
		r.journal.close()
		_ = os.RemoveAll(r.dir)
		return nil, fmt.Errorf("%w; nothing was changed", err)
	}
	begin.Time = time.Now().UTC()
	r.begin = begin
	e.Observe(Event{Kind: RunBegun, Run: r.number})
	return r, nil
}

// finish writes the end of a run, closes it and makes room.
func (e *Engine) finish(r *run, outcome Outcome, cause error) error {
	defer r.journal.close()
	end := record{Type: recordEnd, Outcome: outcome}
	if cause != nil {
		end.Error = cause.Error()
	}
	e.Observe(Event{Kind: RunEnded, Run: r.number, Err: cause, Took: time.Since(r.begin.Time)})
	if err := r.journal.append(end); err != nil {
		return err
	}
	e.prune()
	return nil
}

// bootID is empty where the host is not running.
func (e *Engine) bootID() string {
	id, err := e.Host.BootID()
	if err != nil {
		return ""
	}
	return id
}

// History lists the runs on disk, newest first. It takes no lock: a run under
// way shows with outcome "interrupted" and what it did so far.
func (e *Engine) History(_ context.Context) ([]Run, error) {
	numbers, err := e.numbers()
	if err != nil {
		return nil, err
	}
	var runs []Run
	revertedBy := map[int]int{}
	for _, number := range slices.Backward(numbers) {
		r, _, err := e.load(number)
		if err != nil {
			// One bad journal must not hide the others from who looks for the fault.
			runs = append(runs, Run{Number: number, Outcome: Damaged, Ops: []RunOp{}, Error: err.Error()})
			continue
		}
		if r == nil {
			continue
		}
		shown := r.describe()
		if shown.Outcome == Done {
			for _, reverted := range shown.Reverts {
				revertedBy[reverted] = number
			}
		}
		shown.RevertedBy = revertedBy[number]
		runs = append(runs, shown)
	}
	return runs, nil
}

func (r *run) describe() Run {
	shown := Run{
		Number: r.number, Revision: r.begin.Revision, PlanHash: r.begin.PlanHash, Impact: r.begin.Impact.String(),
		Begun: r.begin.Time, Outcome: Interrupted, Reverts: r.begin.Reverts, Leaves: r.begin.Leaves, Error: r.reason,
		Ops: make([]RunOp, 0, len(r.ops)),
	}
	if r.end != nil {
		shown.Outcome, shown.Ended = r.end.Outcome, r.end.Time
		shown.Error = r.end.Error
	}
	for _, op := range r.ops {
		state := "begun"
		switch {
		case op.undone:
			state = "undone"
		case op.failed != "":
			state = "failed"
		case op.finished:
			state = "done"
		}
		shown.Ops = append(shown.Ops, RunOp{Step: op.step, Key: op.key, Took: op.took, State: state})
	}
	for _, failure := range r.gaveUp {
		shown.Failures = append(shown.Failures, RunFailure{Step: failure.Step, Error: failure.Err.Error()})
	}
	return shown
}
