package window

import (
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Schedule is open while each of its sets has an open window, and no exclusion holds.
type Schedule struct {
	// Windows are sets of windows: one of each set must be open. An empty set is always open.
	Windows [][]v1alpha1.Window
	// Exclusions close it, whatever the windows say.
	Exclusions []v1alpha1.Exclusion
}

// State is what a schedule says of one moment.
type State struct {
	// Open is whether something may start now.
	Open bool
	// Since is when it opened, and Until is when it closes; both only where it is open, and zero where it has been, or
	// stays, open for longer than anybody plans.
	Since, Until time.Time
	// Next is when it opens; only where it is closed, and zero where it never does again.
	Next time.Time
	// Exclusion is the one that closes it, the one that ends last where there are several; nil where it is open, or closed
	// by its windows.
	Exclusion *v1alpha1.Exclusion
}

// Left is how long it stays open, and whether there is an end to it at all.
func (s State) Left(now time.Time) (left time.Duration, ends bool) {
	if s.Until.IsZero() {
		return 0, false
	}
	return s.Until.Sub(now), true
}

// Length is how long it is open from opening to closing, and whether there is an end to it at all.
func (s State) Length() (length time.Duration, ends bool) {
	if s.Since.IsZero() || s.Until.IsZero() {
		return 0, false
	}
	return s.Until.Sub(s.Since), true
}

// lookback is how far back an opening is looked for: what is open for longer than a week is always open, as far as
// anybody plans by it.
const lookback = 8 * day

// horizons are how far ahead the next change is looked for, nearest first: most are within a week; an exclusion may be
// long, and an exclusion every winter with windows only in it is odd but not wrong.
var horizons = []time.Duration{9 * day, 70 * day, 800 * day}

// At says what the schedule is at a moment.
func (s *Schedule) At(now time.Time) State {
	var state State
	for _, horizon := range horizons {
		end := s.end(now).Add(horizon)
		if horizon == horizons[0] {
			end = now.Add(horizon)
		}
		state = s.look(now, now.Add(-lookback), end)
		if state.Open && !state.Until.IsZero() || !state.Next.IsZero() {
			break
		}
	}
	state.Exclusion = s.excluded(now)
	return state
}

// look is At within bounds; what does not change before the bounds does not change.
func (s *Schedule) look(now, from, to time.Time) State {
	open := []span{{from, to}}
	for _, set := range s.Windows {
		if len(set) == 0 {
			continue
		}
		var all []span
		for i := range set {
			all = append(all, spans(&set[i], from, to)...)
		}
		open = intersect(open, union(all))
	}
	var state State
	for _, found := range without(open, s.holes()) {
		switch {
		case !found.to.After(now):
		case found.from.After(now):
			state.Next = found.from
			return state
		default:
			state.Open = true
			if found.from.After(from) {
				state.Since = found.from
			}
			if found.to.Before(to) {
				state.Until = found.to
			}
			return state
		}
	}
	return state
}

func (s *Schedule) holes() []span {
	var holes []span
	for _, e := range s.Exclusions {
		if e.From.Before(&e.To) {
			holes = append(holes, span{e.From.Time, e.To.Time})
		}
	}
	return holes
}

// end is when the last exclusion is over, or now.
func (s *Schedule) end(now time.Time) time.Time {
	for _, hole := range s.holes() {
		now = later(now, hole.to)
	}
	return now
}

func (s *Schedule) excluded(now time.Time) *v1alpha1.Exclusion {
	var last *v1alpha1.Exclusion
	for i := range s.Exclusions {
		e := &s.Exclusions[i]
		if !now.Before(e.From.Time) && now.Before(e.To.Time) && (last == nil || e.To.After(last.To.Time)) {
			last = e
		}
	}
	return last
}
