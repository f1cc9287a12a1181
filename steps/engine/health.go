package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
)

// probeInterval is the pause between two looks at a probe.
const probeInterval = time.Second

// baseline is the health before a run, by the names of the probes, as it is kept
// in the journal: a run that is resumed must not take the harm that it did
// itself for an old fault.
type baseline struct {
	// Well were well, so they must be well after the run, and after an undo.
	Well []string `json:"well,omitempty"`
	// Absent were not there, so they must be well after the run.
	Absent []string `json:"absent,omitempty"`
}

// takeBaseline looks at each probe once. One that is broken now is left out: a
// fault that was there already is not the run's.
func (e *Engine) takeBaseline(ctx context.Context, probes []steps.Probe) baseline {
	var b baseline
	for _, probe := range probes {
		_, err := e.ask(ctx, probe)
		switch {
		case err == nil:
			b.Well = append(b.Well, probe.Name())
		case errors.Is(err, steps.ErrAbsent):
			b.Absent = append(b.Absent, probe.Name())
		default:
			e.Logger.Warn("probe is not well before the run, so it is not watched", zap.String("probe", probe.Name()), zap.Error(err))
		}
	}
	return b
}

// health is a baseline with its probes.
type health struct {
	// watched must be well after the run, well after an undo.
	watched, well []steps.Probe
}

// of finds the probes of a baseline.
func (b baseline) of(probes []steps.Probe) health {
	var h health
	for _, probe := range probes {
		wasWell := slices.Contains(b.Well, probe.Name())
		if wasWell {
			h.well = append(h.well, probe)
		}
		if wasWell || slices.Contains(b.Absent, probe.Name()) {
			h.watched = append(h.watched, probe)
		}
	}
	return h
}

// await waits until every probe has been well for the settle time. It returns what
// probes that may not judge said instead.
func (e *Engine) await(ctx context.Context, r *run, probes []steps.Probe) ([]StepRemark, error) {
	if len(probes) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.HealthTimeout)
	defer cancel()
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	var wellSince time.Time
	var ill error // the last fault seen
	for {
		warnings, probe, err := e.firstIll(ctx, probes)
		switch {
		case err != nil && ctx.Err() != nil && ill != nil:
			// The deadline cut this look short, so it tells nothing of the probe.
		case err != nil:
			wellSince = time.Time{}
			ill = fmt.Errorf("%s: %w", probe.Name(), err)
			e.Observe(Event{Kind: AwaitingHealth, Run: r.number, Message: ill.Error()})
		case wellSince.IsZero():
			wellSince = time.Now()
			e.Observe(Event{Kind: AwaitingHealth, Run: r.number, Message: "all well; watching that it stays so"})
		case time.Since(wellSince) >= e.Settle:
			return warnings, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if ill == nil {
				return nil, fmt.Errorf("health: %w while watching that all stays well", ctx.Err())
			}
			return nil, fmt.Errorf("health: not all was well for %s within %s; the last fault was %w", e.Settle, e.HealthTimeout, ill)
		}
	}
}

// firstIll returns the first probe that is not well and why. What is absent after
// the run is not well either: probes are given only for things that are wished for.
func (e *Engine) firstIll(ctx context.Context, probes []steps.Probe) ([]StepRemark, steps.Probe, error) {
	var warnings []StepRemark
	for _, probe := range probes {
		found, err := e.ask(ctx, probe)
		if err != nil {
			return nil, probe, err
		}
		warnings = append(warnings, found...)
	}
	return warnings, nil, nil
}

// ask looks at a probe. A warning alone is no fault.
func (e *Engine) ask(ctx context.Context, probe steps.Probe) ([]StepRemark, error) {
	err := probe.Check(ctx, e.Host)
	var warning *steps.Remark
	if errors.As(err, &warning) && err == error(warning) { //nolint:errorlint // one beside or below a fault is not alone
		return []StepRemark{{Step: probe.Name(), Text: warning.Text}}, nil
	}
	return nil, err
}
