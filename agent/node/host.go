package node

import (
	"context"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// Host is the host that is kept; see package machine, which has all this.
type Host interface {
	Facts(ctx context.Context) (machine.Facts, error)
	History(ctx context.Context) ([]engine.Run, error)
	Rollback(ctx context.Context, to int) (engine.Result, error)
	// Wish makes a revision the host's.
	Wish(revision render.Revision) (Wish, error)
}

// Wish is a revision for the host.
type Wish interface {
	Plan(ctx context.Context) (*engine.Plan, error)
	// Stage downloads what Apply will need.
	Stage(ctx context.Context) (engine.Prefetched, error)
	Apply(ctx context.Context, ceiling steps.Impact) (engine.Result, error)
	// Without is the wish less the ops, each with the name of its step, for which leave is true.
	Without(leave func(step string, op steps.Op) bool) Wish
}

// On is the host that a machine is.
func On(m *machine.Machine) Host { return opened{m} }

type opened struct{ *machine.Machine }

func (o opened) Wish(revision render.Revision) (Wish, error) {
	w, err := o.Machine.Wish(revision)
	if err != nil {
		return nil, err
	}
	return wish{w}, nil
}

type wish struct{ *machine.Wish }

func (w wish) Without(leave func(string, steps.Op) bool) Wish { return wish{w.Wish.Without(leave)} }
