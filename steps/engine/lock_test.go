package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/engine"
)

func TestLock(t *testing.T) {
	t.Parallel()

	t.Run("keeps a second engine out and tells who holds it", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		other := *r
		other.onEvent = nil
		tried := false
		r.onEvent = func(engine.Event) {
			if tried {
				return
			}
			tried = true
			before := r.host.Snapshot()
			_, err := other.apply(list...)
			wantLocked(t, err)
			_, err = other.rollback(0)
			wantLocked(t, err)
			if r.host.Snapshot() != before {
				t.Error("the engine that was kept out changed the host")
			}
			if _, err := other.engine().Plan(context.Background(), list); err != nil {
				t.Errorf("planning meanwhile: %v", err)
			}
			if got := other.outcomes(); got != "1 interrupted" {
				t.Errorf("got runs %q meanwhile, want one under way", got)
			}
		}
		r.mustApply(engine.Done, list...)
		if !tried {
			t.Error("no second engine tried")
		}
	})

	t.Run("is free when its holder is done, failed or dead", func(t *testing.T) {
		t.Parallel()
		r, list := world(t)
		_, err := r.apply(says("bad", errors.New("no")))
		wantError(t, err, nil, "no")
		r.killedInApply(at(engine.OpMade, ""), list...)
		r.mustApply(engine.Done, list...)
		r.mustApply(engine.Converged, list...)
	})
}

func wantLocked(t *testing.T, err error) {
	t.Helper()
	var locked *engine.LockedError
	if !errors.As(err, &locked) {
		t.Errorf("got error %v, want a locked one", err)
		return
	}
	if want := fmt.Sprintf("process %d (%s", os.Getpid(), os.Args[0]); !strings.HasPrefix(locked.Holder, want) {
		t.Errorf("got holder %q, want one that starts with %q", locked.Holder, want)
	}
	wantError(t, err, nil, locked.Holder, "wait for it")
}
