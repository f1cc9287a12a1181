package scripts

import (
	"context"
	"errors"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Removal takes back what hostler applied and nobody wants any more. It comes before
// the configurations that stay, so that one under a new name is applied after the
// old name was taken back. There are two, because those that are optional must not
// stop the others.
type Removal struct {
	wanted   []string
	optional bool
}

var _ steps.Optional = Removal{}

// NewRemoval returns the step for the optional configurations or for the others;
// wanted are the names of all that the machine should have.
func NewRemoval(wanted []string, optional bool) Removal { return Removal{wanted, optional} }

// Name is "configurations" or "configurations/optional".
func (s Removal) Name() string {
	if s.optional {
		return "configurations/optional"
	}
	return "configurations"
}

// Optional implements steps.Optional.
func (s Removal) Optional() bool { return s.optional }

// Plan compares the records with what is wanted.
func (s Removal) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	records, err := recorded(v)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	var remarks []error
	// The other way round than they were applied, as far as names tell.
	for _, spec := range slices.Backward(records) {
		if spec.Optional != s.optional || slices.Contains(s.wanted, spec.Name) {
			continue
		}
		if !v.Live() {
			remarks = append(remarks, steps.Warning("configuration %s: scripts do not run in an image, so that it is taken back by the first run on the machine", spec.Name))
			continue
		}
		if spec.Undo != "" {
			ops = append(ops, Run{Spec: spec, Script: Undo})
		} else {
			remarks = append(remarks, steps.Warning("configuration %s has no undo script: what it did stays", spec.Name))
		}
		forget, err := op.PlanRemove(v, recordPath(spec.Name))
		if err != nil {
			return nil, err
		}
		ops = append(ops, forget)
	}
	return ops, errors.Join(remarks...)
}
