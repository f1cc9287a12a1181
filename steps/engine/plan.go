package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Plan is all that is missing on a host.
type Plan struct {
	// Ops are in the order in which they would run, deferred ones last.
	Ops []PlannedOp
	// Waits are parts that can be planned only after earlier steps have run.
	Waits []StepRemark
	// Warnings do not keep the host from being converged.
	Warnings []StepRemark
	// Failures are the optional steps that could not be planned. They do not keep
	// the host from being converged, and are not in the hash: nothing can be
	// done about them here, and it is no reason to do the rest another time.
	Failures []StepFailure
}

// PlannedOp is an op and the step that wants it (the first, where several do).
type PlannedOp struct {
	Step string
	Op   steps.Op
}

// StepRemark is a remark and the step that made it.
type StepRemark struct {
	Step string
	Text string
}

// Converged tells whether the host is as wished.
func (p *Plan) Converged() bool { return len(p.Ops) == 0 && len(p.Waits) == 0 }

// Impact is the highest impact of the ops.
func (p *Plan) Impact() steps.Impact {
	highest := steps.None
	for _, planned := range p.Ops {
		highest = max(highest, planned.Op.Impact())
	}
	return highest
}

// Hash names the plan: two plans with the same ops in the same order have the
// same hash. Approvals are bound to it. It is the first 16 hexadecimal
// digits of a SHA-256, and empty for a converged host.
func (p *Plan) Hash() (string, error) {
	if p.Converged() {
		return "", nil
	}
	// The op itself is hashed, not only what is shown of it: contents that a diff
	// hides must change the hash too.
	type line struct {
		Step, Key string
		Impact    steps.Impact
		Op        steps.Op
	}
	sum := sha256.New()
	encoder := json.NewEncoder(sum)
	for _, planned := range p.Ops {
		l := line{planned.Step, planned.Op.Key(), planned.Op.Impact(), planned.Op}
		if err := encoder.Encode(l); err != nil {
			return "", fmt.Errorf("hashing op %q: %w", planned.Op.Key(), err)
		}
	}
	for _, wait := range p.Waits {
		if err := encoder.Encode(wait); err != nil {
			return "", fmt.Errorf("hashing a wait of step %q: %w", wait.Step, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// PlanError holds what kept steps that are not optional from being planned; all steps are asked, so
// that a person sees all mistakes at once.
type PlanError struct {
	Failures []StepFailure
}

// StepFailure is one step's failure: to plan, or, of an optional one in a run,
// to do what it planned.
type StepFailure struct {
	Step string
	Err  error
}

func (e *PlanError) Error() string {
	parts := make([]string, 0, len(e.Failures))
	for _, f := range e.Failures {
		parts = append(parts, fmt.Sprintf("step %s: %v", f.Step, f.Err))
	}
	return strings.Join(parts, "\n")
}

// Unwrap gives the causes to errors.Is and errors.As.
func (e *PlanError) Unwrap() []error {
	causes := make([]error, 0, len(e.Failures))
	for _, f := range e.Failures {
		causes = append(causes, f.Err)
	}
	return causes
}

// Plan asks every step what is missing. It changes nothing, so all steps may
// plan from one snapshot.
func (e *Engine) Plan(ctx context.Context, list []steps.Step) (*Plan, error) {
	return MakePlan(ctx, host.Snapshot(e.Host), list)
}

// MakePlan is Plan for who has only a View.
func MakePlan(ctx context.Context, v host.View, list []steps.Step) (*Plan, error) {
	plan := &Plan{}
	var deferred queue
	var failures []StepFailure
	for _, step := range list {
		if err := ctx.Err(); err != nil {
			return nil, err // no step's fault
		}
		found, failure := planStep(ctx, v, step)
		merged := deferred.clone()
		if failure == nil {
			failure = merged.add(step.Name(), found.deferred...)
		}
		switch {
		case failure != nil && isOptional(step):
			plan.Failures = append(plan.Failures, StepFailure{step.Name(), failure})
			continue
		case failure != nil:
			failures = append(failures, StepFailure{step.Name(), failure})
			continue
		}
		deferred = merged
		for _, op := range found.immediate {
			plan.Ops = append(plan.Ops, PlannedOp{step.Name(), op})
		}
		plan.Waits = append(plan.Waits, found.waits...)
		plan.Warnings = append(plan.Warnings, found.warnings...)
	}
	if len(failures) > 0 {
		return nil, &PlanError{Failures: failures}
	}
	plan.Ops = append(plan.Ops, deferred.inOrder()...)
	return plan, nil
}

// stepPlan is one step's answer, sorted by what the engine does with it.
type stepPlan struct {
	immediate []steps.Op
	deferred  []steps.Deferred
	waits     []StepRemark
	warnings  []StepRemark
}

func planStep(ctx context.Context, v host.View, step steps.Step) (stepPlan, error) {
	ops, err := step.Plan(ctx, v)
	remarks, failure := steps.Split(err)
	if failure != nil {
		return stepPlan{}, failure
	}
	var found stepPlan
	for _, remark := range remarks {
		r := StepRemark{step.Name(), remark.Text}
		if remark.Kind == steps.RemarkLater {
			found.waits = append(found.waits, r)
		} else {
			found.warnings = append(found.warnings, r)
		}
	}
	for _, op := range ops {
		if d, ok := op.(steps.Deferred); ok {
			found.deferred = append(found.deferred, d)
		} else {
			found.immediate = append(found.immediate, op)
		}
	}
	return found, nil
}

// queue holds deferred ops, one for each key, in the order first asked.
type queue struct {
	asked []PlannedOp
}

// add merges ops into the queue. An op that cannot be merged with what is there
// is an error and leaves the queue as it is.
func (q *queue) add(step string, ops ...steps.Deferred) error {
	for _, op := range ops {
		i := q.find(op.Key())
		if i < 0 {
			q.asked = append(q.asked, PlannedOp{step, op})
			continue
		}
		present, ok := q.asked[i].Op.(steps.Deferred)
		if !ok {
			return errors.New("deferred op " + op.Key() + " shares its key with an op that is not deferred")
		}
		merged, err := present.Merge(op)
		if err != nil {
			return err
		}
		q.asked[i].Op = merged
	}
	return nil
}

func (q *queue) clone() queue { return queue{slices.Clone(q.asked)} }

// put replaces what is there under the op's key, or adds the op.
func (q *queue) put(step string, op steps.Deferred) {
	if i := q.find(op.Key()); i >= 0 {
		q.asked[i] = PlannedOp{step, op}
		return
	}
	q.asked = append(q.asked, PlannedOp{step, op})
}

// find returns the index of a key, or -1.
func (q *queue) find(key string) int {
	return slices.IndexFunc(q.asked, func(p PlannedOp) bool { return p.Op.Key() == key })
}

// drop takes an op out, after it was done.
func (q *queue) drop(key string) {
	q.asked = slices.DeleteFunc(q.asked, func(p PlannedOp) bool { return p.Op.Key() == key })
}

// inOrder lists the ops by stage, then as asked.
func (q *queue) inOrder() []PlannedOp {
	ordered := slices.Clone(q.asked)
	slices.SortStableFunc(ordered, func(a, b PlannedOp) int { return int(stageOf(a.Op)) - int(stageOf(b.Op)) })
	return ordered
}

func stageOf(op steps.Op) steps.Stage {
	if d, ok := op.(steps.Deferred); ok {
		return d.Stage()
	}
	return 0
}
