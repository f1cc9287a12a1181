package engine_test

import (
	"context"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// probe is a Probe from a function.
type probe struct {
	name  string
	check func(v host.View) error
}

func (p probe) Name() string { return p.name }

func (p probe) Check(_ context.Context, v host.View) error { return p.check(v) }

// patientProbe is a Probe from a function that may wait.
type patientProbe struct {
	name  string
	check func(ctx context.Context) error
}

func (p patientProbe) Name() string { return p.name }

func (p patientProbe) Check(ctx context.Context, _ host.View) error { return p.check(ctx) }

func wellProbe(name string) steps.Probe {
	return probe{name, func(host.View) error { return nil }}
}

func absentProbe(name string) steps.Probe {
	return probe{name, func(host.View) error { return steps.ErrAbsent }}
}
