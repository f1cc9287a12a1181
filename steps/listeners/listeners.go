// Package listeners is the step that switches off network services that a node has
// no use for: each is a port that somebody can knock at, and some hold ports that
// pods or the cluster's own services want.
//
// The services are a list with a reason each (services.go). A service that this
// host needs all the same, as rpcbind is needed by NFS 3, is left alone with
// a warning.
package listeners

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/masks"
)

// Mode is what is wanted.
type Mode string

// The modes. The empty Mode is Unmanaged.
const (
	// Unmanaged leaves all services as they are. Masks that hostler made stay; see
	// package masks.
	Unmanaged Mode = "Unmanaged"
	// Disabled stops and masks the services that are there.
	Disabled Mode = "Disabled"
)

// Spec is the wish.
type Spec struct{ Mode Mode }

// Step switches services off.
type Step struct{ spec Spec }

// New makes the step for a Spec; an unknown Mode is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "unneeded-services".
func (s Step) Name() string { return "unneeded-services" }

// Plan goes through the list.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	switch s.spec.Mode {
	case Unmanaged, "":
		return nil, nil
	case Disabled:
	default:
		return nil, fmt.Errorf("mode %q of operatingSystem.unneededServices is not one of %s, %s", s.spec.Mode, Disabled, Unmanaged)
	}
	var ops []steps.Op
	var errs []error
	for _, service := range services {
		found, err := plan(ctx, v, service)
		ops = append(ops, found...)
		errs = append(errs, err)
	}
	return ops, errors.Join(errs...)
}

func plan(ctx context.Context, v host.View, s service) ([]steps.Op, error) {
	var ops []steps.Op
	var errs []error
	for _, name := range s.units {
		found, err := masks.Plan(ctx, v, masks.Unit{Name: name, Why: s.why})
		ops = append(ops, found...)
		errs = append(errs, err)
	}
	err := errors.Join(errs...)
	if len(ops) == 0 || s.needed == nil {
		return ops, err
	}
	reason, failure := s.needed(ctx, v)
	if failure != nil {
		return nil, failure
	}
	if reason != "" {
		return nil, errors.Join(err, steps.Warning("%s is left on, because %s", s.units[len(s.units)-1], reason))
	}
	return ops, err
}
