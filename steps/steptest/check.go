package steptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// Check returns what is wrong with the step, one finding a broken promise. tempDir
// makes a new folder at each call.
func Check(c Case, tempDir func() string) []error {
	codec, err := op.NewCodec(append([]map[string]steps.Op{op.Kinds()}, c.Kinds...)...)
	if err != nil {
		return []error{err}
	}
	p := &proof{Case: c, codec: codec, tempDir: tempDir}
	// Each promise rests on the ones before it: a step that does not converge
	// would only repeat itself in every later finding.
	for _, promise := range []func() error{p.planIsPure, p.opsSurviveTheJournal, p.applyConverges, p.failureRestores, p.killIsSurvived} {
		if err := promise(); err != nil {
			return []error{err}
		}
	}
	return nil
}

type proof struct {
	Case
	codec   *op.Codec
	tempDir func() string
	// calls and events are what one apply without faults makes.
	calls, events int
}

func (p *proof) plan(h *hosttest.Fake) (*engine.Plan, error) {
	return engine.MakePlan(context.Background(), h, []steps.Step{p.Step()})
}

func (p *proof) engine(h *hosttest.Fake, stateDir string, observe func(engine.Event)) (*engine.Engine, error) {
	return engine.New(engine.Config{Host: h, Codec: p.codec, StateDir: stateDir, Observe: observe, Settle: time.Nanosecond})
}

func (p *proof) apply(h *hosttest.Fake, stateDir string, observe func(engine.Event)) (engine.Result, error) {
	e, err := p.engine(h, stateDir, observe)
	if err != nil {
		return engine.Result{}, err
	}
	return e.Apply(context.Background(), []steps.Step{p.Step()}, engine.Options{MaxImpact: steps.Reboot})
}

// snapshot is the host without hostler's own state.
func snapshot(h *hosttest.Fake) string { return h.Snapshot(h.StateDir()) }

func (p *proof) planIsPure() error {
	h := p.Host()
	before := h.Snapshot()
	first, err := p.plan(h)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if calls := h.Calls(); len(calls) > 0 {
		return fmt.Errorf("plan must not change the host, and it called %v", calls)
	}
	if diff := cmp.Diff(before, h.Snapshot()); diff != "" {
		return fmt.Errorf("plan must not change the host (-before +after):\n%s", diff)
	}
	second, err := p.plan(h)
	if err != nil {
		return fmt.Errorf("planning again: %w", err)
	}
	if diff := cmp.Diff(Text(first), Text(second)); diff != "" {
		return fmt.Errorf("two plans of one host must be equal (-first +second):\n%s", diff)
	}
	return nil
}

func (p *proof) opsSurviveTheJournal() error {
	h := p.Host()
	plan, err := p.plan(h)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	for _, planned := range plan.Ops {
		if err := p.survives(planned.Op); err != nil {
			return err
		}
	}
	return nil
}

func (p *proof) survives(o steps.Op) error {
	data, err := p.codec.Encode(o)
	if err != nil {
		return err
	}
	back, err := p.codec.Decode(data)
	if err != nil {
		return err
	}
	again, err := p.codec.Encode(back)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(indent(data), indent(again)); diff != "" {
		return fmt.Errorf("%s must survive the journal (-before +after):\n%s", o.Key(), diff)
	}
	return nil
}

func indent(data json.RawMessage) string {
	return strings.ReplaceAll(string(data), ",", ",\n")
}

func (p *proof) applyConverges() error {
	h := p.Host()
	before := len(h.Calls())
	result, err := p.apply(h, p.tempDir(), func(engine.Event) { p.events++ })
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	p.calls = len(h.Calls()) - before
	if result.Outcome != engine.Done && result.Outcome != engine.Converged {
		return fmt.Errorf("apply: got outcome %q, want done", result.Outcome)
	}
	plan, err := p.plan(h)
	if err != nil {
		return fmt.Errorf("planning after apply: %w", err)
	}
	if !plan.Converged() {
		return fmt.Errorf("a second apply must have nothing to do, and it would do:\n%s", Text(plan))
	}
	return nil
}

// irreversible tells whether the plan holds an op that may lack an inverse.
func (p *proof) irreversible() bool {
	plan, err := p.plan(p.Host())
	return err == nil && slices.ContainsFunc(plan.Ops, func(planned engine.PlannedOp) bool {
		return slices.Contains(p.Irreversible, planned.Op.Key())
	})
}

func (p *proof) failureRestores() error {
	if p.irreversible() {
		return nil
	}
	for n := 1; n <= p.calls; n++ {
		for _, after := range []bool{false, true} {
			h := p.Host()
			before := snapshot(h)
			h.Inject(hosttest.Fault{Nth: n, After: after, Err: syscall.EIO})
			_, err := p.apply(h, p.tempDir(), nil)
			if err == nil {
				continue // the op can do without this edit; applyConverges judges the rest
			}
			call := h.Calls()[n-1]
			what := fmt.Sprintf("edit %d (%s of %q, failed %s its effect) fails", n, call.Method, call.Subject,
				map[bool]string{false: "before", true: "after"}[after])
			if !errors.Is(err, engine.ErrRolledBack) {
				return fmt.Errorf("when %s: got %w, want a rollback", what, err)
			}
			if diff := cmp.Diff(before, snapshot(h)); diff != "" {
				return fmt.Errorf("when %s, the host must be as before (-before +after):\n%s", what, diff)
			}
		}
	}
	return nil
}

// killIsSurvived ends the process, as far as a test can, at every event of a
// run: the goroutine stops and nothing after it happens.
func (p *proof) killIsSurvived() error {
	for n := 1; n <= p.events; n++ {
		for _, resume := range []bool{true, false} {
			if err := p.killAt(n, resume); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *proof) killAt(n int, resume bool) error {
	h, stateDir := p.Host(), p.tempDir()
	before := snapshot(h)
	var last engine.EventKind
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := 0
		_, _ = p.apply(h, stateDir, func(event engine.Event) {
			if seen++; seen == n {
				last = event.Kind
				runtime.Goexit()
			}
		})
	}()
	<-done
	if resume {
		if _, err := p.apply(h, stateDir, nil); err != nil {
			return fmt.Errorf("killed at event %d (kind %d), the next apply: %w", n, last, err)
		}
		plan, err := p.plan(h)
		if err != nil {
			return fmt.Errorf("killed at event %d, planning after the next apply: %w", n, err)
		}
		if !plan.Converged() {
			return fmt.Errorf("killed at event %d (kind %d), the next apply must converge, and it left:\n%s", n, last, Text(plan))
		}
		return nil
	}
	if p.irreversible() {
		return nil
	}
	e, err := p.engine(h, stateDir, nil)
	if err != nil {
		return err
	}
	if _, err := e.Rollback(context.Background(), 0, engine.Options{}); err != nil && !errors.Is(err, engine.ErrNoRun) {
		return fmt.Errorf("killed at event %d (kind %d), rollback: %w", n, last, err)
	}
	if diff := cmp.Diff(before, snapshot(h)); diff != "" {
		return fmt.Errorf("killed at event %d (kind %d), rollback must give the host back (-before +after):\n%s", n, last, diff)
	}
	return nil
}
