package engine_test

import (
	"context"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// curious is a step that asks about a unit, and wants nothing.
type curious struct{ name, unit string }

func (c curious) Name() string { return c.name }

func (c curious) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	_, err := v.Unit(ctx, c.unit)
	return nil, err
}

// askedHost counts questions about units.
type askedHost struct {
	*hosttest.Fake
	asked int
}

func (h *askedHost) Unit(ctx context.Context, name string) (host.Unit, error) {
	h.asked++
	return h.Fake.Unit(ctx, name)
}

func TestPlanAsksOnce(t *testing.T) {
	t.Parallel()
	asked := &askedHost{Fake: hosttest.New()}
	r := newRig(t)
	r.adjust = func(config *engine.Config) { config.Host = asked }
	e := r.engine()
	list := []steps.Step{curious{"first", "a.service"}, curious{"second", "a.service"}, curious{"third", "b.service"}}
	for plan, want := range []int{2, 4} {
		if _, err := e.Plan(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if asked.asked != want {
			t.Errorf("after %d plans: units were asked about %d times, want %d: each once a plan", plan+1, asked.asked, want)
		}
	}
}
