package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

var errIll = errors.New("connection refused")

// reads is a probe that a file's contents decide: absent, ill, anything else.
func reads(path string) steps.Probe {
	return probe{"api", func(v host.View) error {
		content, err := v.ReadFile(path)
		switch {
		case err != nil:
			return steps.ErrAbsent
		case string(content) == "ill":
			return errIll
		}
		return nil
	}}
}

// inBubble runs a test whose clock moves on at once when all wait.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func TestHealth(t *testing.T) {
	t.Parallel()
	health := func(t *testing.T, options ...hosttest.Option) *rig {
		r := newRig(t, options...)
		r.opts.Probes = []steps.Probe{reads("/etc/api")}
		return r
	}
	well, ill := hosttest.File("/etc/api", "well"), hosttest.File("/etc/api", "ill")
	breaks := wantFile("breaks", "/etc/api", "ill")
	other := wantFile("other", "/etc/other", "x")

	inBubble(t, "that may not be judged counts as well, and is told of", func(t *testing.T) {
		r := health(t)
		r.opts.Probes = []steps.Probe{probe{"api", func(host.View) error { return steps.Warning("forbidden") }}}
		result, err := r.apply(other)
		if err != nil || result.Outcome != engine.Done {
			t.Fatalf("got outcome %q, %v, want done", result.Outcome, err)
		}
		if want := (engine.StepRemark{Step: "api", Text: "forbidden"}); !slices.Contains(result.Warnings, want) {
			t.Errorf("got warnings %v, want %v", result.Warnings, want)
		}
	})
	for name, options := range map[string][]hosttest.Option{"was well": {well}, "was not there": nil} {
		inBubble(t, "that "+name+" and is ill after the run takes it back", func(t *testing.T) {
			r := health(t, options...)
			before, start := r.snapshot(), time.Now()
			result, err := r.apply(breaks)
			wantError(t, err, []error{engine.ErrRolledBack, errIll}, "health: ", "within 5m0s", "api: ")
			if took := time.Since(start); result.Outcome != engine.RolledBack || took < 5*time.Minute {
				t.Errorf("got outcome %q after %s, want rolled back after 5 minutes", result.Outcome, took)
			}
			r.wantSnapshot(before, "after the undo")
		})
	}

	inBubble(t, "that was ill before is not the run's fault", func(t *testing.T) {
		r := health(t, ill)
		start := time.Now()
		r.mustApply(engine.Done, other)
		if took := time.Since(start); took != 0 {
			t.Errorf("got %s, want no wait for what is not watched", took)
		}
	})

	inBubble(t, "that is well must stay so for a while", func(t *testing.T) {
		r := health(t, well)
		start := time.Now()
		r.mustApply(engine.Done, other)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("got %s, want the settle time of 5 s", took)
		}
	})

	inBubble(t, "that comes late is waited for, and what it lacks is told", func(t *testing.T) {
		r := health(t, well)
		looks := 0
		r.opts.Probes = []steps.Probe{probe{"api", func(host.View) error {
			if looks++; looks > 1 && looks < 30 {
				return errIll
			}
			return nil
		}}}
		r.mustApply(engine.Done, other)
		told := false
		for _, event := range r.events {
			told = told || event.Kind == engine.AwaitingHealth && event.Message == "api: connection refused"
		}
		if !told {
			t.Error("no event says what is waited for")
		}
	})

	inBubble(t, "that comes and goes never settles, and the last fault is named", func(t *testing.T) {
		r := health(t, well)
		looks := 0
		r.opts.Probes = []steps.Probe{probe{"api", func(host.View) error {
			if looks++; looks%4 == 2 {
				return errIll
			}
			return nil
		}}}
		before := r.snapshot()
		_, err := r.apply(other)
		wantError(t, err, []error{errIll}, "not all was well for 5s within 5m0s", "api: ")
		r.wantSnapshot(before, "after the undo")
	})

	inBubble(t, "whose look the deadline cuts short does not hide the last fault", func(t *testing.T) {
		r := health(t, well)
		looks := 0
		r.opts.Probes = []steps.Probe{patientProbe{"api", func(ctx context.Context) error {
			switch looks++; looks {
			case 1:
				return nil
			case 2:
				return errIll
			default: // until the deadline, but for the looks after the undo
				if looks == 3 {
					<-ctx.Done()
				}
				return ctx.Err()
			}
		}}}
		_, err := r.apply(other)
		wantError(t, err, []error{errIll, engine.ErrRolledBack}, "the last fault was api: ")
	})

	inBubble(t, "that is gone after the run takes it back", func(t *testing.T) {
		r := health(t, well)
		before := r.snapshot()
		_, err := r.apply(step{"removes", func(v host.View) ([]steps.Op, error) { return planned(op.PlanRemove(v, "/etc/api")) }})
		wantError(t, err, []error{engine.ErrRolledBack, steps.ErrAbsent})
		r.wantSnapshot(before, "after the undo")
	})

	inBubble(t, "before the run counts also after a kill and for another revision", func(t *testing.T) {
		for _, revision := range []string{"r1", "r2"} {
			r := health(t, well)
			before := r.snapshot()
			// The harm is done by the time of the kill: a new look would call it old.
			r.killedInApply(at(engine.AwaitingHealth, ""), breaks)
			r.opts.Revision = revision
			_, err := r.apply(breaks)
			wantError(t, err, []error{engine.ErrRolledBack, errIll})
			r.wantSnapshot(before, "after the undo for "+revision)
		}
	})

	inBubble(t, "that does not come back after an undo makes it a failure", func(t *testing.T) {
		r := health(t, well)
		hurt := false
		r.opts.Probes = []steps.Probe{probe{"api", func(v host.View) error {
			if _, err := v.Lstat("/etc/other"); err == nil {
				hurt = true
			}
			if hurt {
				return errIll
			}
			return nil
		}}}
		before := r.snapshot()
		result, err := r.apply(other)
		wantError(t, err, []error{errIll}, "the way back did not work out")
		if errors.Is(err, engine.ErrRolledBack) || result.Outcome != engine.Failed {
			t.Errorf("got outcome %q, %v; want failed", result.Outcome, err)
		}
		r.wantSnapshot(before, "after the undo")
	})

	inBubble(t, "after an undo is waited for", func(t *testing.T) {
		r := health(t, well)
		var undone time.Time
		r.onEvent = func(event engine.Event) {
			if event.Kind == engine.OpEnded && event.Message == "undo" {
				undone = time.Now()
			}
		}
		r.opts.Probes = []steps.Probe{probe{"api", func(v host.View) error {
			if _, err := v.Lstat("/etc/other"); err == nil || !undone.IsZero() && time.Since(undone) < time.Minute {
				return errIll
			}
			return nil
		}}}
		result, err := r.apply(other)
		wantError(t, err, []error{engine.ErrRolledBack})
		if took := time.Since(undone); result.Outcome != engine.RolledBack || took < time.Minute+5*time.Second {
			t.Errorf("got outcome %q %s after the undo, want rolled back once the probe was well", result.Outcome, took)
		}
	})
}
