package op

import (
	"context"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Stop stops a unit at once. It is for units that are masked in the same run: any
// script of a package may have systemd read its units again before the end of the
// run, and a timer whose service is masked by then fails ("unit to trigger vanished").
type Stop struct {
	Unit string       `json:"unit"`
	Cost steps.Impact `json:"cost"`
	// Why says what is wrong with the unit, for people.
	Why string `json:"why,omitempty"`
}

// Key is that of the unit's jobs.
func (o Stop) Key() string { return o.job().Key() }

// Impact is what the unit's end costs, as the step knows it.
func (o Stop) Impact() steps.Impact { return o.Cost }

// Diff gives the reason.
func (o Stop) Diff() steps.Diff { return o.job().Diff() }

// Inverse leaves the unit running if it runs now. It is a Job, so it runs when the
// unit's files are back.
func (o Stop) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	return o.job().Inverse(ctx, v)
}

// Do stops the unit; one that does not exist is stopped.
func (o Stop) Do(ctx context.Context, h host.Host) error { return o.job().Do(ctx, h) }

func (o Stop) job() Job { return Job{Unit: o.Unit, Verb: host.JobStop, Cost: o.Cost, Why: o.Why} }
