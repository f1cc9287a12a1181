package window

import (
	"slices"
	"time"
	_ "time/tzdata" // windows mean the same on a machine that has no time zone database

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

const day = 24 * time.Hour

// span is a time from its start up to, and without, its end.
type span struct{ from, to time.Time }

// spans are the times between from and to at which the window is open, oldest first, cut at neither. A window that
// says nothing that can be understood, which validation refuses, has none.
func spans(w *v1alpha1.Window, from, to time.Time) []span {
	zone, err := time.LoadLocation(w.TimeZone)
	opens, err2 := minutes(w.From)
	closes, err3 := minutes(w.To)
	if err != nil || err2 != nil || err3 != nil || opens == closes {
		return nil
	}
	if closes < opens {
		closes += 24 * 60
	}
	var open []span
	// Dates are counted in UTC, where each has 24 hours, so that a date that the zone skipped has its turn too. No
	// zone is further than a day from UTC, and no window is longer than a day.
	for date := from.UTC().Truncate(day).Add(-3 * day); date.Before(to.Add(2 * day)); date = date.Add(day) {
		if !onDay(w.Days, date.Weekday()) {
			continue
		}
		s := span{moment(date, opens, zone), moment(date, closes, zone)}
		if !s.from.Before(s.to) {
			s.to = s.from.Add(time.Duration(closes-opens) * time.Minute)
		}
		if s.to.After(from) && s.from.Before(to) {
			open = append(open, s)
		}
	}
	return open
}

// moment is the first moment at which a clock in the zone shows the date and time, in minutes since midnight, or a later one.
//
// The zone's history is a list of stretches with one offset each. Within a stretch the clock runs evenly, so it is
// the first stretch whose end shows a later time, and there either the moment itself or, if the clock jumped
// over it, the stretch's beginning.
func moment(date time.Time, minute int, zone *time.Location) time.Time {
	wanted := date.Add(time.Duration(minute) * time.Minute)
	for at := wanted.Add(-2 * day).In(zone); ; {
		_, offset := at.Zone()
		begin, end := at.ZoneBounds()
		shown := wanted.Add(-time.Duration(offset) * time.Second)
		if !begin.IsZero() && shown.Before(begin) {
			return begin.UTC()
		}
		if end.IsZero() || shown.Before(end) {
			return shown
		}
		at = end
	}
}

func minutes(clock string) (int, error) {
	t, err := time.Parse("15:04", clock)
	return t.Hour()*60 + t.Minute(), err
}

func onDay(days []v1alpha1.Weekday, d time.Weekday) bool {
	return len(days) == 0 || slices.Contains(days, v1alpha1.Weekday(d.String()[:3]))
}

// union joins spans that overlap or abut.
func union(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	var joined []span
	for _, s := range all {
		if last := len(joined) - 1; last >= 0 && !s.from.After(joined[last].to) {
			if s.to.After(joined[last].to) {
				joined[last].to = s.to
			}
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// intersect is when both are open. Both are sorted, and so is the result.
func intersect(a, b []span) []span {
	var both []span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		s := span{later(a[i].from, b[j].from), earlier(a[i].to, b[j].to)}
		if s.from.Before(s.to) {
			both = append(both, s)
		}
		if a[i].to.Before(b[j].to) {
			i++
		} else {
			j++
		}
	}
	return both
}

// without is what is left of the spans when the holes are cut out.
func without(open, holes []span) []span {
	for _, hole := range holes {
		var left []span
		for _, s := range open {
			if before := (span{s.from, earlier(s.to, hole.from)}); before.from.Before(before.to) {
				left = append(left, before)
			}
			if after := (span{later(s.from, hole.to), s.to}); after.from.Before(after.to) {
				left = append(left, after)
			}
		}
		open = left
	}
	return open
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
