package cri

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// shownLogLines is how much of a unit's log an error shows.
const shownLogLines = 5

// Stays is a probe that a unit is active, and is the same process as at the look
// before. It remembers the last look, so it serves one run, and one goroutine.
type Stays struct {
	unit string
	last *look
}

// look is what tells one start of a unit from the next.
type look struct {
	restarts int
	since    time.Time
}

var _ steps.Probe = (*Stays)(nil)

// NewStays makes the probe for a unit.
func NewStays(unit string) *Stays { return &Stays{unit: unit} }

// Name implements steps.Probe.
func (s *Stays) Name() string { return s.unit + " stays active" }

// Check implements steps.Probe. The first look, and the first after a unit was
// down, has nothing to compare with.
func (s *Stays) Check(ctx context.Context, v host.View) error {
	unit, err := v.Unit(ctx, s.unit)
	if err != nil {
		return err
	}
	if !unit.Exists() {
		s.last = nil
		return steps.ErrAbsent
	}
	if !unit.Active() {
		s.last = nil
		return fmt.Errorf("it is %s (%s), result %s%s", unit.ActiveState, unit.SubState, unit.Result, s.log(ctx, v))
	}
	now := look{restarts: unit.Restarts, since: unit.ActiveSince}
	before := s.last
	s.last = &now
	switch {
	case before == nil:
		return nil
	case now.restarts > before.restarts:
		return fmt.Errorf("systemd restarted it %d times since the last look%s", now.restarts-before.restarts, s.log(ctx, v))
	case !now.since.Equal(before.since):
		return fmt.Errorf("it was started again since the last look")
	}
	return nil
}

// log shows why the unit may be down; not having it must not hide that it is.
func (s *Stays) log(ctx context.Context, v host.View) string {
	lines, err := v.UnitLog(ctx, s.unit, shownLogLines)
	if err != nil || len(lines) == 0 {
		return ""
	}
	return "; its last log lines:\n  " + strings.Join(lines, "\n  ")
}
