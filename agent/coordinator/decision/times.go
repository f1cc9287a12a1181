package decision

import (
	"fmt"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/agent/coordinator/window"
)

// times is a schedule, looked at once.
type times struct {
	window.Schedule
	state *window.State
}

func (t *times) at(now time.Time) window.State {
	if t.state == nil {
		state := t.At(now)
		t.state = &state
	}
	return *t.state
}

// closed says why nothing may start at this time, or nothing.
func (t *times) closed(d *decision) (Waiting, string) {
	state := t.at(d.o.Now)
	if state.Open {
		return "", ""
	}
	next := "no window opens again"
	if !state.Next.IsZero() {
		d.wakeAt(state.Next)
		next = "the next moment is " + clock(state.Next)
	}
	if e := state.Exclusion; e != nil {
		reason := e.Reason
		if reason == "" {
			reason = "no reason was given"
		}
		return WaitingExclusion, fmt.Sprintf("excluded until %s (%s); %s", clock(e.To.Time), reason, next)
	}
	return WaitingWindow, "no window is open; " + next
}

// fits says why a disruption does not fit into what is left of the window, or nothing. It is asked to fit the median
// of what the group's nodes took so far, so that one slow node does not keep all others waiting; and never more than half of
// the window, so that slow nodes have their turn at all: in its first half a window takes any.
func (t *times) fits(d *decision) (Waiting, string) {
	state := t.at(d.o.Now)
	left, ends := state.Left(d.o.Now)
	if !state.Open || !ends {
		return "", ""
	}
	need := d.usual()
	if length, known := state.Length(); known {
		need = min(need, length/2)
	}
	if need <= left {
		return "", ""
	}
	d.wakeAt(state.Until)
	return WaitingWindow, fmt.Sprintf("the window closes at %s, and nodes of this group took %s; it is asked again when the next opens", clock(state.Until), d.usual())
}

// usual is the median of what the group's nodes took from approval to proof; 0 where none is known.
func (d *decision) usual() time.Duration {
	var took []time.Duration
	for _, m := range d.members {
		if m.rollout.Took != nil {
			took = append(took, m.rollout.Took.Duration)
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)/2]
}
