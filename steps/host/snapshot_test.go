package host_test

import (
	"errors"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	type key string
	look := func(v host.View, k key, answers ...error) (asked int) {
		for _, answer := range answers {
			_, err := host.Once(v, k, func() (int, error) { asked++; return asked, answer })
			if asked == len(answers) && !errors.Is(err, answer) {
				t.Errorf("got error %v, want %v", err, answer)
			}
		}
		return asked
	}
	t.Run("looks once", func(t *testing.T) {
		t.Parallel()
		v := host.Snapshot(hosttest.New())
		if asked := look(v, "a", nil, nil, nil); asked != 1 {
			t.Errorf("looked %d times, want once", asked)
		}
		if asked := look(v, "b", nil); asked != 1 {
			t.Errorf("looked %d times for something else, want once", asked)
		}
	})
	t.Run("looks again after an error", func(t *testing.T) {
		t.Parallel()
		if asked := look(host.Snapshot(hosttest.New()), "a", errors.New("busy"), nil, nil); asked != 2 {
			t.Errorf("looked %d times, want twice", asked)
		}
	})
	t.Run("is the only view that remembers", func(t *testing.T) {
		t.Parallel()
		if asked := look(hosttest.New(), "a", nil, nil); asked != 2 {
			t.Errorf("looked %d times, want each time", asked)
		}
	})
	t.Run("keeps the answer about a unit, and the next one sees the change", func(t *testing.T) {
		t.Parallel()
		const name = "a.service"
		fake := hosttest.New(hosttest.UnitFile(name, "[Service]\nExecStart=/bin/true\n"))
		v := host.Snapshot(fake)
		active := func(v host.View) bool {
			unit, err := v.Unit(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return unit.Active()
		}
		if active(v) {
			t.Fatalf("%s is active, want it not to be", name)
		}
		fake.Change(hosttest.Running(name))
		if active(v) {
			t.Errorf("%s became active within one snapshot", name)
		}
		if !active(host.Snapshot(fake)) {
			t.Errorf("%s is not active in the next snapshot", name)
		}
	})
}
