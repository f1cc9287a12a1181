package window

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// at is a moment as the table writes it: 11-18 22:00 in UTC and the year 2026, or with another year before it.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	if strings.Count(text, "-") == 1 {
		text = "2026-" + text
	}
	moment, err := time.Parse("2006-01-02 15:04:05", text+":00"[:3*(2-strings.Count(text, ":"))])
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func show(moment time.Time) string {
	if moment.IsZero() {
		return "-"
	}
	if moment.Year() == 2026 {
		return moment.UTC().Format("01-02 15:04")
	}
	return moment.UTC().Format("2006-01-02 15:04")
}

// parse reads "Mon,Tue 22:00-06:00 Europe/Berlin; …": several windows of one set.
func parse(text string) []v1alpha1.Window {
	var set []v1alpha1.Window
	for _, one := range strings.Split(text, ";") {
		w := v1alpha1.Window{TimeZone: "UTC"}
		for _, word := range strings.Fields(one) {
			switch {
			case strings.Contains(word, ":"):
				w.From, w.To, _ = strings.Cut(word, "-")
			case strings.Contains(word, "/"):
				w.TimeZone = word
			default:
				for _, day := range strings.Split(word, ",") {
					w.Days = append(w.Days, v1alpha1.Weekday(day))
				}
			}
		}
		set = append(set, w)
	}
	return set
}

// windowCase is one line of the table. The wanted state is "open SINCE to UNTIL", "closed, opens NEXT" or "excluded, opens
// NEXT"; - is never, or longer than anybody plans.
type windowCase struct {
	name       string
	windows    []string // the sets
	exclusions []string // "FROM to UNTIL"
	now        string
	want       string
}

// 2026-11-16 is a Monday.
var windowCases = []windowCase{
	// Sets, bounds, days.
	{name: "no windows at all", now: "11-18 12:00", want: "open - to -"},
	{name: "before it opens", windows: []string{"10:00-12:00"}, now: "11-18 09:59:59", want: "closed, opens 11-18 10:00"},
	{name: "the moment it opens", windows: []string{"10:00-12:00"}, now: "11-18 10:00", want: "open 11-18 10:00 to 11-18 12:00"},
	{name: "its last second", windows: []string{"10:00-12:00"}, now: "11-18 11:59:59", want: "open 11-18 10:00 to 11-18 12:00"},
	{name: "the moment it closes", windows: []string{"10:00-12:00"}, now: "11-18 12:00", want: "closed, opens 11-19 10:00"},
	{name: "on a day of the set", windows: []string{"Tue,Thu 10:00-12:00"}, now: "11-19 11:00", want: "open 11-19 10:00 to 11-19 12:00"},
	{name: "between days of the set", windows: []string{"Tue,Thu 10:00-12:00"}, now: "11-18 11:00", want: "closed, opens 11-19 10:00"},
	{name: "after the last day of the set in a week", windows: []string{"Tue,Thu 10:00-12:00"}, now: "11-20 11:00", want: "closed, opens 11-24 10:00"},
	{name: "once a week, a minute after it closed", windows: []string{"Wed 10:00-12:00"}, now: "11-18 12:01", want: "closed, opens 11-25 10:00"},
	{name: "Monday to Friday at the weekend", windows: []string{"Mon,Tue,Wed,Thu,Fri 09:00-17:00"}, now: "11-21 12:00", want: "closed, opens 11-23 09:00"},

	// Overnight: the day is the day on which it opens.
	{name: "overnight, in the evening", windows: []string{"Fri 22:00-06:00"}, now: "11-20 23:00", want: "open 11-20 22:00 to 11-21 06:00"},
	{name: "overnight, the next morning", windows: []string{"Fri 22:00-06:00"}, now: "11-21 05:59", want: "open 11-20 22:00 to 11-21 06:00"},
	{name: "overnight, the morning of its own day", windows: []string{"Fri 22:00-06:00"}, now: "11-20 05:00", want: "closed, opens 11-20 22:00"},
	{name: "overnight, when it has closed", windows: []string{"Fri 22:00-06:00"}, now: "11-21 06:00", want: "closed, opens 11-27 22:00"},
	{name: "overnight from Sunday to Monday", windows: []string{"Sun 22:00-06:00"}, now: "11-23 01:00", want: "open 11-22 22:00 to 11-23 06:00"},
	{name: "overnight from Sunday is closed in the night to Sunday", windows: []string{"Sun 22:00-06:00"}, now: "11-22 01:00", want: "closed, opens 11-22 22:00"},
	{name: "up to midnight", windows: []string{"Wed 20:00-00:00"}, now: "11-18 23:59", want: "open 11-18 20:00 to 11-19 00:00"},
	{name: "from midnight", windows: []string{"Wed 00:00-04:00"}, now: "11-18 00:00", want: "open 11-18 00:00 to 11-18 04:00"},
	{name: "a minute short of a day", windows: []string{"Wed 12:00-11:59"}, now: "11-19 11:58", want: "open 11-18 12:00 to 11-19 11:59"},
	{name: "overnight across the new year", windows: []string{"Thu 22:00-06:00"}, now: "2027-01-01 02:00", want: "open 12-31 22:00 to 2027-01-01 06:00"},
	{name: "overnight to the day that only leap years have", windows: []string{"Mon 22:00-06:00"}, now: "2028-02-29 03:00", want: "open 2028-02-28 22:00 to 2028-02-29 06:00"},

	// Unions.
	{name: "two windows of a day, between them", windows: []string{"08:00-10:00; 14:00-16:00"}, now: "11-18 11:00", want: "closed, opens 11-18 14:00"},
	{name: "windows that overlap are one", windows: []string{"08:00-11:00; 10:00-16:00"}, now: "11-18 09:00", want: "open 11-18 08:00 to 11-18 16:00"},
	{name: "windows that abut are one", windows: []string{"08:00-12:00; 12:00-16:00"}, now: "11-18 12:00", want: "open 11-18 08:00 to 11-18 16:00"},
	{name: "a window within another changes nothing", windows: []string{"08:00-16:00; 10:00-11:00"}, now: "11-18 10:30", want: "open 11-18 08:00 to 11-18 16:00"},
	{name: "overnight windows that abut from Sunday to Monday", windows: []string{"Sun 22:00-06:00; Mon 06:00-08:00"}, now: "11-23 07:00", want: "open 11-22 22:00 to 11-23 08:00"},
	{name: "windows that cover every day never close", windows: []string{"00:00-12:00; 12:00-00:00"}, now: "11-18 12:00", want: "open - to -"},
	{name: "a weekend of three windows is one", windows: []string{"Fri 20:00-00:00; Sat 00:00-00:01; Sat 00:01-23:59; Sun 00:00-20:00"}, now: "11-21 01:00", want: "open 11-20 20:00 to 11-21 23:59"},

	// Time zones.
	{name: "the day is the zone's: Wednesday in Tokyo is Tuesday evening in UTC", windows: []string{"Wed 06:00-08:00 Asia/Tokyo"}, now: "11-17 22:00", want: "open 11-17 21:00 to 11-17 23:00"},
	{name: "the day is the zone's: Tuesday evening in Los Angeles is Wednesday in UTC", windows: []string{"Tue 20:00-22:00 America/Los_Angeles"}, now: "11-18 04:30", want: "open 11-18 04:00 to 11-18 06:00"},
	{name: "a zone of half an hour", windows: []string{"10:00-12:00 Asia/Kolkata"}, now: "11-18 04:29", want: "closed, opens 11-18 04:30"},
	{name: "a zone of three quarters of an hour", windows: []string{"10:00-12:00 Asia/Kathmandu"}, now: "11-18 04:15", want: "open 11-18 04:15 to 11-18 06:15"},
	{name: "the zone that is furthest ahead", windows: []string{"Wed 00:00-01:00 Pacific/Kiritimati"}, now: "11-17 10:00", want: "open 11-17 10:00 to 11-17 11:00"},
	{name: "the zone that is furthest behind", windows: []string{"Wed 23:00-00:00 Pacific/Niue"}, now: "11-19 10:30", want: "open 11-19 10:00 to 11-19 11:00"},
	{name: "windows of several zones are joined", windows: []string{"08:00-10:00 Europe/Berlin; 09:00-10:00 Europe/London"}, now: "11-18 09:30", want: "open 11-18 07:00 to 11-18 10:00"},
	{name: "a zone that nobody knows never opens", windows: []string{"08:00-10:00 Mars/Olympus"}, now: "11-18 09:00", want: "closed, opens -"},
	{name: "a time that nobody can read never opens", windows: []string{"25:00-26:00"}, now: "11-18 09:00", want: "closed, opens -"},

	// Several sets: all must be open.
	{name: "both sets are open", windows: []string{"08:00-12:00", "10:00-16:00"}, now: "11-18 11:00", want: "open 11-18 10:00 to 11-18 12:00"},
	{name: "one set is closed", windows: []string{"08:00-12:00", "10:00-16:00"}, now: "11-18 09:00", want: "closed, opens 11-18 10:00"},
	{name: "sets that only share a day", windows: []string{"Mon,Wed 08:00-12:00", "Tue,Wed 08:00-12:00"}, now: "11-18 13:00", want: "closed, opens 11-25 08:00"},
	{name: "sets that share nothing never open", windows: []string{"Mon 08:00-12:00", "Tue 08:00-12:00"}, now: "11-16 09:00", want: "closed, opens -"},
	{name: "sets that abut share nothing", windows: []string{"08:00-12:00", "12:00-16:00"}, now: "11-18 12:00", want: "closed, opens -"},
	{name: "sets of different zones", windows: []string{"08:00-12:00 Europe/Berlin", "08:00-12:00 America/New_York"}, now: "11-18 10:00", want: "closed, opens -"},
	{name: "sets whose zones are closer while only one has summer time", windows: []string{"17:00-18:00 Europe/Berlin", "12:00-13:00 America/New_York"}, now: "03-01 00:00", want: "closed, opens 03-08 16:00"},

	// Exclusions.
	{name: "excluded without windows", exclusions: []string{"11-18 00:00 to 11-20 00:00"}, now: "11-18 12:00", want: "excluded, opens 11-20 00:00"},
	{name: "the moment an exclusion starts", exclusions: []string{"11-18 00:00 to 11-20 00:00"}, now: "11-18 00:00", want: "excluded, opens 11-20 00:00"},
	{name: "the moment an exclusion ends", exclusions: []string{"11-18 00:00 to 11-20 00:00"}, now: "11-20 00:00", want: "open 11-20 00:00 to -"},
	{name: "before an exclusion", exclusions: []string{"11-18 00:00 to 11-20 00:00"}, now: "11-17 12:00", want: "open - to 11-18 00:00"},
	{name: "an exclusion closes a window early", windows: []string{"10:00-16:00"}, exclusions: []string{"11-18 14:00 to 11-20 00:00"}, now: "11-18 13:00", want: "open 11-18 10:00 to 11-18 14:00"},
	{name: "an exclusion opens a window late", windows: []string{"10:00-16:00"}, exclusions: []string{"11-17 00:00 to 11-18 12:00"}, now: "11-18 11:00", want: "excluded, opens 11-18 12:00"},
	{name: "before an exclusion in the middle of a window", windows: []string{"10:00-16:00"}, exclusions: []string{"11-18 12:00 to 11-18 13:00"}, now: "11-18 11:00", want: "open 11-18 10:00 to 11-18 12:00"},
	{name: "in an exclusion in the middle of a window", windows: []string{"10:00-16:00"}, exclusions: []string{"11-18 12:00 to 11-18 13:00"}, now: "11-18 12:30", want: "excluded, opens 11-18 13:00"},
	{name: "after an exclusion in the middle of a window", windows: []string{"10:00-16:00"}, exclusions: []string{"11-18 12:00 to 11-18 13:00"}, now: "11-18 13:30", want: "open 11-18 13:00 to 11-18 16:00"},
	{name: "an exclusion ends while the window is closed", windows: []string{"Wed 10:00-16:00"}, exclusions: []string{"11-18 00:00 to 11-20 00:00"}, now: "11-18 12:00", want: "excluded, opens 11-25 10:00"},
	{name: "exclusions that overlap", exclusions: []string{"11-18 00:00 to 11-19 00:00", "11-18 12:00 to 11-21 00:00"}, now: "11-18 13:00", want: "excluded, opens 11-21 00:00"},
	{name: "exclusions that abut", exclusions: []string{"11-18 00:00 to 11-19 00:00", "11-19 00:00 to 11-20 00:00"}, now: "11-18 13:00", want: "excluded, opens 11-20 00:00"},
	{name: "closed by the window is not excluded by a later exclusion", windows: []string{"10:00-11:00"}, exclusions: []string{"11-19 00:00 to 11-20 00:00"}, now: "11-18 12:00", want: "closed, opens 11-20 10:00"},
	{name: "a frozen quarter", windows: []string{"Sat 02:00-04:00"}, exclusions: []string{"10-01 00:00 to 2027-01-01 00:00"}, now: "10-02 00:00", want: "excluded, opens 2027-01-02 02:00"},
	{name: "frozen for years", windows: []string{"Sat 02:00-04:00"}, exclusions: []string{"10-01 00:00 to 2036-01-01 00:00"}, now: "10-02 00:00", want: "excluded, opens 2036-01-05 02:00"},
	{name: "an exclusion that ends before it starts excludes nothing", exclusions: []string{"11-20 00:00 to 11-18 00:00"}, now: "11-19 00:00", want: "open - to -"},

	// Clocks go forward in Berlin: 03-29 01:00 UTC, 02:00 becomes 03:00.
	{name: "forward: a window over the jump is shorter", windows: []string{"Sun 01:00-05:00 Europe/Berlin"}, now: "03-29 02:00", want: "open 03-29 00:00 to 03-29 03:00"},
	{name: "forward: it opens at the jump where its start does not exist", windows: []string{"Sun 02:30-04:00 Europe/Berlin"}, now: "03-29 01:00", want: "open 03-29 01:00 to 03-29 02:00"},
	{name: "forward: it is not open before the jump", windows: []string{"Sun 02:30-04:00 Europe/Berlin"}, now: "03-29 00:59", want: "closed, opens 03-29 01:00"},
	{name: "forward: it closes at the jump where its end does not exist", windows: []string{"Sun 01:00-02:30 Europe/Berlin"}, now: "03-29 00:59", want: "open 03-29 00:00 to 03-29 01:00"},
	{name: "forward: a window that does not exist opens at the jump", windows: []string{"Sun 02:10-02:40 Europe/Berlin"}, now: "03-29 01:10", want: "open 03-29 01:00 to 03-29 01:30"},
	{name: "forward: up to the jump", windows: []string{"Sun 01:00-02:00 Europe/Berlin"}, now: "03-29 00:30", want: "open 03-29 00:00 to 03-29 01:00"},
	{name: "forward: from the jump", windows: []string{"Sun 03:00-04:00 Europe/Berlin"}, now: "03-29 01:00", want: "open 03-29 01:00 to 03-29 02:00"},
	{name: "forward: overnight", windows: []string{"Sat 22:00-06:00 Europe/Berlin"}, now: "03-29 03:59", want: "open 03-28 21:00 to 03-29 04:00"},
	{name: "forward: the next day is an hour earlier in UTC", windows: []string{"08:00-10:00 Europe/Berlin"}, now: "03-28 12:00", want: "closed, opens 03-29 06:00"},

	// Clocks go back in Berlin: 10-25 01:00 UTC, 03:00 becomes 02:00.
	{name: "back: a window over the jump is longer", windows: []string{"Sun 01:00-05:00 Europe/Berlin"}, now: "10-25 03:59", want: "open 10-24 23:00 to 10-25 04:00"},
	{name: "back: it opens the first time where its start comes twice", windows: []string{"Sun 02:30-04:00 Europe/Berlin"}, now: "10-25 00:30", want: "open 10-25 00:30 to 10-25 03:00"},
	{name: "back: it closes the first time where its end comes twice", windows: []string{"Sun 01:00-02:30 Europe/Berlin"}, now: "10-25 00:29", want: "open 10-24 23:00 to 10-25 00:30"},
	{name: "back: it does not open again", windows: []string{"Sun 01:00-02:30 Europe/Berlin"}, now: "10-25 01:15", want: "closed, opens 11-01 00:00"},
	{name: "back: a window that comes twice is open once", windows: []string{"Sun 02:10-02:40 Europe/Berlin"}, now: "10-25 00:10", want: "open 10-25 00:10 to 10-25 00:40"},
	{name: "back: overnight", windows: []string{"Sat 22:00-06:00 Europe/Berlin"}, now: "10-25 04:59", want: "open 10-24 20:00 to 10-25 05:00"},

	// New York: forward 03-08 07:00 UTC, back 11-01 06:00 UTC.
	{name: "New York forward: it opens at the jump", windows: []string{"Sun 02:15-03:15 America/New_York"}, now: "03-08 07:00", want: "open 03-08 07:00 to 03-08 07:15"},
	{name: "New York back: it opens the first time", windows: []string{"Sun 01:30-03:00 America/New_York"}, now: "11-01 05:30", want: "open 11-01 05:30 to 11-01 08:00"},
	{name: "New York back: overnight into the hour that comes twice", windows: []string{"Sat 23:00-01:30 America/New_York"}, now: "11-01 05:29", want: "open 11-01 03:00 to 11-01 05:30"},

	// Lord Howe moves by half an hour: forward 10-03 15:30 UTC, 02:00 becomes 02:30; back 04-04 15:00 UTC, 02:00 becomes 01:30.
	{name: "Lord Howe forward: a window over the jump is half an hour shorter", windows: []string{"Sun 01:00-04:00 Australia/Lord_Howe"}, now: "10-03 15:00", want: "open 10-03 14:30 to 10-03 17:00"},
	{name: "Lord Howe forward: a window that does not exist opens at the jump", windows: []string{"Sun 02:05-02:20 Australia/Lord_Howe"}, now: "10-03 15:30", want: "open 10-03 15:30 to 10-03 15:45"},
	{name: "Lord Howe back: a window over the jump is half an hour longer", windows: []string{"Sun 01:00-04:00 Australia/Lord_Howe"}, now: "04-04 15:00", want: "open 04-04 14:00 to 04-04 17:30"},
	{name: "Lord Howe back: it opens the first time", windows: []string{"Sun 01:45-02:30 Australia/Lord_Howe"}, now: "04-04 14:45", want: "open 04-04 14:45 to 04-04 16:00"},

	// Clocks that change at midnight. Sao Paulo 2018-11-04 03:00 UTC: 00:00 becomes 01:00. Cairo 2024-10-31 21:00 UTC: 24:00 becomes 23:00.
	{name: "midnight does not exist", windows: []string{"Sun 00:00-02:00 America/Sao_Paulo"}, now: "2018-11-04 03:00", want: "open 2018-11-04 03:00 to 2018-11-04 04:00"},
	{name: "up to a midnight that does not exist", windows: []string{"Sat 22:00-00:00 America/Sao_Paulo"}, now: "2018-11-04 02:59", want: "open 2018-11-04 01:00 to 2018-11-04 03:00"},
	{name: "the hour before midnight comes twice", windows: []string{"Thu 22:00-00:00 Africa/Cairo"}, now: "2024-10-31 21:30", want: "open 2024-10-31 19:00 to 2024-10-31 22:00"},

	// Samoa went from 2011-12-29 to 2011-12-31, at 2011-12-30 10:00 UTC.
	{name: "a day that does not exist: its window is not lost", windows: []string{"Fri 22:00-23:00 Pacific/Apia"}, now: "2011-12-30 10:00", want: "open 2011-12-30 10:00 to 2011-12-30 11:00"},
	{name: "a day that does not exist: overnight into it", windows: []string{"Thu 22:00-06:00 Pacific/Apia"}, now: "2011-12-30 09:00", want: "open 2011-12-30 08:00 to 2011-12-30 10:00"},
	{name: "a day that does not exist: overnight out of it", windows: []string{"Fri 22:00-06:00 Pacific/Apia"}, now: "2011-12-30 11:00", want: "open 2011-12-30 10:00 to 2011-12-30 16:00"},
	{name: "a day that does not exist: the days after it are right", windows: []string{"Sat 08:00-09:00 Pacific/Apia"}, now: "2011-12-30 11:00", want: "closed, opens 2011-12-30 18:00"},
}

func TestScheduleAtAMoment(t *testing.T) {
	t.Parallel()
	for _, c := range windowCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s Schedule
			for _, set := range c.windows {
				s.Windows = append(s.Windows, parse(set))
			}
			for _, e := range c.exclusions {
				from, to, _ := strings.Cut(e, " to ")
				s.Exclusions = append(s.Exclusions, v1alpha1.Exclusion{From: metav1.NewTime(at(t, from)), To: metav1.NewTime(at(t, to))})
			}
			if got := describe(s.At(at(t, c.now))); got != c.want {
				t.Errorf("at %s got %q, want %q", c.now, got, c.want)
			}
		})
	}
}

func TestTheTableOfWindowsIsLongEnough(t *testing.T) {
	t.Parallel()
	const least = 60
	if len(windowCases) < least {
		t.Errorf("got %d cases, want at least %d", len(windowCases), least)
	}
	names := map[string]bool{}
	for _, c := range windowCases {
		if names[c.name] {
			t.Errorf("got the case %q twice, want each once", c.name)
		}
		names[c.name] = true
	}
}

func describe(s State) string {
	switch {
	case s.Open:
		return fmt.Sprintf("open %s to %s", show(s.Since), show(s.Until))
	case s.Exclusion != nil:
		return "excluded, opens " + show(s.Next)
	}
	return "closed, opens " + show(s.Next)
}

func TestStateSaysHowLongItIsOpen(t *testing.T) {
	t.Parallel()
	now := at(t, "11-18 11:00")
	s := Schedule{Windows: [][]v1alpha1.Window{parse("10:00-16:00")}}
	state := s.At(now)
	if left, ends := state.Left(now); left != 5*time.Hour || !ends {
		t.Errorf("got %s left (ends: %t), want 5h", left, ends)
	}
	if length, ends := state.Length(); length != 6*time.Hour || !ends {
		t.Errorf("got a length of %s (ends: %t), want 6h", length, ends)
	}
	always := new(Schedule).At(now)
	if left, ends := always.Left(now); ends {
		t.Errorf("got %s left of no windows, want no end", left)
	}
}

func TestTheExclusionThatEndsLastIsNamed(t *testing.T) {
	t.Parallel()
	exclusion := func(reason, to string) v1alpha1.Exclusion {
		return v1alpha1.Exclusion{From: metav1.NewTime(at(t, "11-18 00:00")), To: metav1.NewTime(at(t, to)), Reason: reason}
	}
	s := Schedule{Exclusions: []v1alpha1.Exclusion{exclusion("sale", "11-19 00:00"), exclusion("audit", "11-22 00:00"), exclusion("holiday", "11-20 00:00")}}
	state := s.At(at(t, "11-18 12:00"))
	if state.Exclusion == nil || state.Exclusion.Reason != "audit" {
		t.Errorf("got %+v, want the audit, which ends last", state.Exclusion)
	}
}

// What a schedule says of one moment must be what it says of the next, up to the change that it promised.
func TestSchedulePromisesHold(t *testing.T) {
	t.Parallel()
	s := Schedule{
		Windows: [][]v1alpha1.Window{parse("Sat,Sun 01:15-03:45 Europe/Berlin; Fri 22:00-02:10 America/New_York; Tue 12:00-12:30 Australia/Lord_Howe"),
			parse("23:00-05:00; 10:00-12:00 Asia/Kolkata; Tue,Wed 00:00-23:59")},
		Exclusions: []v1alpha1.Exclusion{{From: metav1.NewTime(at(t, "03-28 23:40")), To: metav1.NewTime(at(t, "03-29 00:20"))}},
	}
	for _, start := range []string{"03-06 00:00", "03-27 00:00", "10-02 00:00", "10-23 00:00", "10-30 00:00"} {
		now := at(t, start)
		promise := s.At(now)
		for range 3 * 24 * 12 {
			now = now.Add(5 * time.Minute)
			state := s.At(now)
			change := promise.Next
			if promise.Open {
				change = promise.Until
			}
			if state.Open != promise.Open != (!now.Before(change)) {
				t.Fatalf("at %s got open %t, want a change at %s and none before", show(now), state.Open, show(change))
			}
			if state.Open != promise.Open {
				promise = state
			}
		}
	}
}
