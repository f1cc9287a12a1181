package machine

import (
	"context"
	"slices"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
)

// Adoption is what it means to put a host under a wish that somebody else has set up.
type Adoption struct {
	Found *Found
	// Plan is what would change.
	Plan *engine.Plan
	// Same are the steps that find everything as they want it: they take it over as it is. Those to which the NodeGroup says
	// nothing take nothing over.
	Same []string
}

// Adoption looks at the host and changes nothing.
func (w *Wish) Adoption(ctx context.Context) (*Adoption, error) {
	idle := agent.Idle(&w.Revision.Spec.Host)
	busy := slices.DeleteFunc(slices.Clone(w.steps), func(s steps.Step) bool { return slices.Contains(idle, s.Name()) })
	return adoption(ctx, host.Snapshot(w.machine.host), w.steps, busy)
}

// adoption plans a whole list, and asks the busy steps of it whether they find what they want.
func adoption(ctx context.Context, v host.View, list, busy []steps.Step) (*Adoption, error) {
	found, err := find(ctx, v)
	if err != nil {
		return nil, err
	}
	a := &Adoption{Found: found, Same: []string{}}
	if a.Plan, err = engine.MakePlan(ctx, v, list); err != nil {
		return nil, err
	}
	for _, step := range busy {
		// Alone, because in the whole plan an op that several steps want names only the first.
		alone, err := engine.MakePlan(ctx, v, []steps.Step{step})
		if err != nil {
			return nil, err
		}
		if alone.Converged() && len(alone.Failures) == 0 {
			a.Same = append(a.Same, step.Name())
		}
	}
	return a, nil
}
