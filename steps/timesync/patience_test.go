package timesync

import (
	"testing"
	"time"
)

func TestOverdue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		since time.Time
		want  bool
	}{
		"a daemon that just started has time":   {now.Add(-time.Minute), false},
		"one that runs for long should be done": {now.Add(-time.Hour), true},
		"one that does not run is no matter":    {time.Time{}, false},
	} {
		if got := overdue(c.since, now); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
