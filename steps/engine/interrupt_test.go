package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
)

// interrupted applies, and ends the context at the first event that matches.
func (r *rig) interrupted(when func(engine.Event) bool, list ...steps.Step) (engine.Result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.onEvent = func(event engine.Event) {
		if when(event) {
			cancel()
		}
	}
	defer func() { r.onEvent = nil }()
	return r.engine().Apply(ctx, list, r.opts)
}

func TestInterrupt(t *testing.T) {
	t.Parallel()

	t.Run("between ops leaves the run to the next apply", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		result, err := r.interrupted(at(engine.OpEnded, "file:/etc/a"), list...)
		wantError(t, err, []error{engine.ErrInterrupted, context.Canceled}, "run 1", "the next apply goes on")
		if result.Outcome != engine.Interrupted || result.Ops != 1 {
			t.Errorf("got %+v, want interrupted after one op", result)
		}
		if got := r.host.Content("/etc/a"); got != "new" || r.outcomes() != "1 interrupted" {
			t.Errorf("got contents %q and runs %q, want new and an open run", got, r.outcomes())
		}
		r.mustApply(engine.Done, list...)
		if got := r.outcomes(); got != "1 done" {
			t.Errorf("got runs %q, want the same run done", got)
		}
	})

	t.Run("before the plan is made changes nothing", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		before := r.host.Snapshot()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := r.engine().Apply(ctx, list, r.opts)
		wantError(t, err, []error{engine.ErrInterrupted})
		if r.host.Snapshot() != before || r.outcomes() != "" {
			t.Errorf("got runs %q, want none and an untouched host", r.outcomes())
		}
	})

	inBubble(t, "stops neither an undo nor the look at the health after it", func(t *testing.T) {
		r, list := world(t)
		r.opts.Probes = []steps.Probe{wellProbe("api")}
		before := r.snapshot()
		result, err := r.interrupted(at(engine.UndoBegun, ""), append(list, wantSysctl("never", "no.such", "1"))...)
		wantError(t, err, []error{engine.ErrRolledBack})
		if result.Outcome != engine.RolledBack {
			t.Errorf("got outcome %q, want rolled back", result.Outcome)
		}
		r.wantSnapshot(before, "after the undo")
	})
}

// The tests below run in bubbles, whose clocks move on at once when all wait.

func TestOpInHand(t *testing.T) {
	t.Parallel()
	begun := at(engine.OpProgress, "slow:/etc/slow")

	t.Run("gets a grace to end in", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			start := time.Now()
			_, err := r.interrupted(begun, wantSlow("/etc/slow", 20*time.Second), wantFile("a", "/etc/a", "a"))
			wantError(t, err, []error{engine.ErrInterrupted})
			if took := time.Since(start); took != 20*time.Second || r.journal(1)[2].Type != "done" || r.host.Content("/etc/a") != "" {
				t.Errorf("got %s and %+v, want the op ended well after 20 s and no other begun", took, r.journal(1))
			}
		})
	})

	t.Run("gets no grace to wait for others in", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			start := time.Now()
			_, err := r.interrupted(begun, step{"slow", func(host.View) ([]steps.Op, error) {
				return []steps.Op{slow{Path: "/etc/slow", For: time.Hour, Waits: true}}, nil
			}})
			wantError(t, err, []error{engine.ErrInterrupted})
			if took := time.Since(start); took != 0 {
				t.Errorf("got the end after %s, want it at once", took)
			}
		})
	})

	t.Run("is cut short after the grace and done again by the next apply", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			start := time.Now()
			list := []steps.Step{wantSlow("/etc/slow", time.Hour)}
			result, err := r.interrupted(begun, list...)
			wantError(t, err, []error{engine.ErrInterrupted})
			if took := time.Since(start); took != 30*time.Second || result.Outcome != engine.Interrupted {
				t.Errorf("got outcome %q after %s, want interrupted after the grace of 30 s", result.Outcome, took)
			}
			r.adjust = func(c *engine.Config) { c.OpTimeout = 2 * time.Hour }
			r.mustApply(engine.Done, list...)
		})
	})

	t.Run("is cut short at its deadline, and the run goes back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			before, start := r.snapshot(), time.Now()
			_, err := r.apply(wantFile("a", "/etc/a", "a"), wantSlow("/etc/slow", time.Hour))
			wantError(t, err, []error{engine.ErrRolledBack, host.ErrTimeout}, "slow:/etc/slow", "20m0s")
			if took := time.Since(start); took != 20*time.Minute {
				t.Errorf("got %s, want 20 minutes", took)
			}
			r.wantSnapshot(before, "after the undo")
		})
	})

	t.Run("says what it waits for, and how long it took", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.mustApply(engine.Done, wantFile("a", "/etc/a", "a"), wantSlow("/etc/slow", time.Minute))
			type seen struct {
				Kind         engine.EventKind
				Step         string
				Index, Total int
				Took         time.Duration
				Message      string
			}
			var got []seen
			for _, event := range r.events {
				if event.Step == "slow" {
					got = append(got, seen{event.Kind, event.Step, event.Index, event.Total, event.Took, event.Message})
				}
			}
			want := []seen{
				{engine.OpBegun, "slow", 2, 2, 0, ""}, {engine.OpProgress, "slow", 2, 2, 0, "waiting for 1m0s"},
				{engine.OpMade, "slow", 2, 2, 0, ""}, {engine.OpEnded, "slow", 2, 2, time.Minute, ""},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events differ (-want +got):\n%s", diff)
			}
			if took := r.history()[0].Ops[1].Took; took != time.Minute {
				t.Errorf("got %s in the history, want 1 minute", took)
			}
		})
	})
}
