package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
)

// parcel is an op that wants something brought ahead.
type parcel struct {
	op   firm
	have *[]string
	fail error
}

func (p parcel) Key() string                                          { return p.op.Key() }
func (p parcel) Impact() steps.Impact                                 { return p.op.Impact() }
func (p parcel) Diff() steps.Diff                                     { return p.op.Diff() }
func (p parcel) Inverse(context.Context, host.View) (steps.Op, error) { return nil, nil }
func (p parcel) Do(ctx context.Context, h host.Host) error            { return p.op.Do(ctx, h) }
func (p parcel) Prefetch(ctx context.Context, _ host.Host, plan []steps.Op) error {
	host.Progress(ctx, "fetching")
	*p.have = append(*p.have, fmt.Sprintf("%s of %d", p.Key(), len(plan)))
	return p.fail
}

func TestPrefetch(t *testing.T) {
	t.Parallel()
	var missing = errors.New("no such parcel")
	// plan is three parcels among ops that need nothing, and what was fetched.
	plan := func(second error, wrap func(steps.Step) steps.Step) (list []steps.Step, have *[]string) {
		have = new([]string)
		return []steps.Step{
			wantFile("files", "/etc/a", "a"),
			always("first", parcel{firm{"/1"}, have, nil}),
			wrap(always("second", parcel{firm{"/2"}, have, second})),
			always("third", parcel{firm{"/3"}, have, nil}),
		}, have
	}
	plain := func(s steps.Step) steps.Step { return s }

	t.Run("fetches in the order of the plan, tells of it, and makes no run", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		before := r.host.Snapshot()
		list, have := plan(nil, plain)
		result, err := r.engine().Prefetch(t.Context(), list)
		if err != nil || result.Fetched != 3 || result.Took <= 0 {
			t.Errorf("got %+v, %v, want 3 fetched and a duration", result, err)
		}
		if diff := cmp.Diff([]string{"firm:/1 of 4", "firm:/2 of 4", "firm:/3 of 4"}, *have); diff != "" {
			t.Errorf("fetched (-want +got):\n%s", diff)
		}
		if r.host.Snapshot() != before || r.outcomes() != "" {
			t.Errorf("got runs %q, want none and an untouched host", r.outcomes())
		}
		var got []string
		for _, event := range r.events[:4] {
			got = append(got, fmt.Sprintf("%d %s %d/%d %s run %d", event.Kind, event.Step, event.Index, event.Total, event.Message, event.Run))
		}
		want := []string{
			fmt.Sprintf("%d first 2/4 prefetch run 0", engine.OpBegun), fmt.Sprintf("%d first 2/4 fetching run 0", engine.OpProgress),
			fmt.Sprintf("%d first 2/4 prefetch run 0", engine.OpMade), fmt.Sprintf("%d first 2/4 prefetch run 0", engine.OpEnded),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})

	t.Run("stops at the first that fails", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list, have := plan(missing, plain)
		result, err := r.engine().Prefetch(t.Context(), list)
		wantError(t, err, []error{missing}, "step second: fetching for firm:/2 ahead")
		if result.Fetched != 1 || len(*have) != 2 {
			t.Errorf("got %+v after %v, want 1 fetched and no third", result, *have)
		}
	})

	t.Run("goes on where what fails is optional", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list, _ := plan(missing, func(s steps.Step) steps.Step { return optional{s} })
		list = append(list, optional{says("bad", errors.New("cannot be planned"))})
		result, err := r.engine().Prefetch(t.Context(), list)
		if err != nil || result.Fetched != 2 || len(result.Failures) != 2 || !errors.Is(result.Failures[1].Err, missing) {
			t.Errorf("got %+v, %v, want 2 fetched and the failures of bad and second", result, err)
		}
	})

	t.Run("waits for an unfinished run to be dealt with", func(t *testing.T) {
		t.Parallel()
		r, done := cutShort(t)
		list, have := plan(nil, plain)
		_, err := r.engine().Prefetch(t.Context(), list)
		wantError(t, err, []error{engine.ErrUnfinished}, "run 1")
		if len(*have) > 0 {
			t.Errorf("fetched %v, want nothing", *have)
		}
		r.mustApply(engine.Done, done...)
		if _, err := r.engine().Prefetch(t.Context(), list); err != nil {
			t.Errorf("after the run: %v", err)
		}
	})

	t.Run("keeps others from the host while it fetches", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list, _ := plan(nil, plain)
		var during error
		r.onEvent = func(event engine.Event) {
			if event.Kind == engine.OpProgress && during == nil {
				_, during = r.apply(list...)
			}
		}
		if _, err := r.engine().Prefetch(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		var locked *engine.LockedError
		if !errors.As(during, &locked) {
			t.Errorf("apply while fetching: got %v, want a LockedError", during)
		}
	})

	t.Run("ends when it is told to", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		list, have := plan(nil, plain)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.onEvent = func(event engine.Event) {
			if event.Kind == engine.OpEnded {
				cancel()
			}
		}
		_, err := r.engine().Prefetch(ctx, list)
		wantError(t, err, []error{engine.ErrInterrupted})
		if len(*have) != 1 {
			t.Errorf("fetched %v, want the first alone", *have)
		}
	})
}
