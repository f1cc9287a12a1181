package op_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

func TestJobMerge(t *testing.T) {
	t.Parallel()
	job := func(verb host.JobVerb, cost steps.Impact, why string) op.Job {
		return op.Job{Unit: "a.service", Verb: verb, Cost: cost, Why: why}
	}
	for name, c := range map[string]struct{ a, b, want op.Job }{
		"two reloads":                        {job(host.JobReload, steps.Reload, "x"), job(host.JobReload, steps.Reload, "y"), job(host.JobReload, steps.Reload, "x; y")},
		"two starts":                         {job(host.JobStart, steps.None, ""), job(host.JobStart, steps.None, "y"), job(host.JobStart, steps.None, "y")},
		"two restarts for one reason":        {job(host.JobRestart, steps.Restart, "x"), job(host.JobRestart, steps.Restart, "x"), job(host.JobRestart, steps.Restart, "x")},
		"two stops":                          {job(host.JobStop, steps.Restart, "x"), job(host.JobStop, steps.None, ""), job(host.JobStop, steps.Restart, "x")},
		"reload and restart":                 {job(host.JobReload, steps.Reload, "x"), job(host.JobRestart, steps.Restart, "y"), job(host.JobRestart, steps.Restart, "x; y")},
		"reload and start":                   {job(host.JobReload, steps.Reload, "x"), job(host.JobStart, steps.None, "y"), job(host.JobStart, steps.Reload, "x; y")},
		"start and restart":                  {job(host.JobStart, steps.None, "x"), job(host.JobRestart, steps.Restart, "y"), job(host.JobRestart, steps.Restart, "x; y")},
		"restarts of different costs":        {job(host.JobRestart, steps.Restart, "x"), job(host.JobRestart, steps.Drain, "y"), job(host.JobRestart, steps.Drain, "x; y")},
		"a reason that is among several":     {job(host.JobStart, steps.None, "x; y"), job(host.JobStart, steps.None, "y"), job(host.JobStart, steps.None, "x; y")},
		"a merged job with one of its parts": {job(host.JobRestart, steps.Restart, "x; y"), job(host.JobReload, steps.Reload, "x"), job(host.JobRestart, steps.Restart, "x; y")},
	} {
		t.Run("merges "+name, func(t *testing.T) {
			t.Parallel()
			got, err := c.a.Merge(c.b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(steps.Op(c.want), got); diff != "" {
				t.Errorf("job (-want +got):\n%s", diff)
			}
			turned, err := c.b.Merge(c.a)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := turned.(op.Job), c.want; got.Verb != want.Verb || got.Cost != want.Cost {
				t.Errorf("the other way round: got %s at %s, want %s at %s", got.Verb, got.Cost, want.Verb, want.Cost)
			}
		})
	}

	for _, verb := range []host.JobVerb{host.JobStart, host.JobRestart, host.JobReload} {
		t.Run("refuses stop and "+string(verb), func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]op.Job{
				{job(host.JobStop, steps.None, "x"), job(verb, steps.None, "y")}, {job(verb, steps.None, "y"), job(host.JobStop, steps.None, "x")},
			} {
				_, err := pair[0].Merge(pair[1])
				if err == nil || !strings.Contains(err.Error(), "a.service is wanted both stopped and running") {
					t.Errorf("got %v, want an error that names the contradiction", err)
				}
			}
		})
	}

	t.Run("refuses another unit and another op", func(t *testing.T) {
		t.Parallel()
		for _, other := range []steps.Op{op.Job{Unit: "b.service"}, op.DaemonReload{}} {
			if _, err := job(host.JobStart, steps.None, "").Merge(other); err == nil {
				t.Errorf("got no error for %v", other)
			}
		}
	})
}

func TestJobInverse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state string
		verb  host.JobVerb
		want  host.JobVerb
	}{
		"stops what was started":                        {"inactive", host.JobStart, host.JobStop},
		"stops what was restarted and did not run":      {"failed", host.JobRestart, host.JobStop},
		"starts what was stopped":                       {"active", host.JobStop, host.JobStart},
		"leaves what ran and was to be started":         {"active", host.JobStart, host.JobStart},
		"restarts what was restarted":                   {"active", host.JobRestart, host.JobRestart},
		"reloads what was reloaded":                     {"active", host.JobReload, host.JobReload},
		"restarts what systemd keeps trying to start":   {"activating", host.JobRestart, host.JobRestart},
		"starts again what systemd was trying to start": {"activating", host.JobStop, host.JobStart},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := inState{hosttest.New(hosttest.UnitFile("a.service", service)), c.state}
			got, err := op.Job{Unit: "a.service", Verb: c.verb, Cost: steps.Drain}.Inverse(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			want := op.Job{Unit: "a.service", Verb: c.want, Cost: steps.Drain, Why: "undo of " + string(c.verb)}
			if diff := cmp.Diff(steps.Op(want), got); diff != "" {
				t.Errorf("inverse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanUnitFile(t *testing.T) {
	t.Parallel()
	// What is to be done, by the state that is there and the state that is wanted.
	for current, actions := range map[string]map[string]string{
		"":               {"enabled": "enable", "disabled": "", "masked": "mask"},
		"enabled":        {"enabled": "", "disabled": "disable", "masked": "mask"},
		"disabled":       {"enabled": "enable", "disabled": "", "masked": "mask"},
		"static":         {"enabled": "", "disabled": "", "masked": "mask"},
		"generated":      {"enabled": "", "disabled": "", "masked": "mask"},
		"indirect":       {"enabled": "", "disabled": "", "masked": "mask"},
		"masked":         {"enabled": "enable", "disabled": "disable", "masked": ""},
		"masked-runtime": {"enabled": "enable", "disabled": "disable", "masked": "mask"},
	} {
		for wanted, action := range actions {
			t.Run("turns "+current+" into "+wanted, func(t *testing.T) {
				t.Parallel()
				got, err := op.PlanUnitFile(t.Context(), withFileState{hosttest.New(), current}, "a.service", wanted)
				if err != nil {
					t.Fatal(err)
				}
				if action == "" {
					if got != nil {
						t.Errorf("got %+v, want no op", got)
					}
					return
				}
				if got == nil {
					t.Fatalf("got no op, want %s", action)
				}
				if diff := cmp.Diff(steps.Diff{Action: action, From: current, To: wanted}, got.Diff()); diff != "" {
					t.Errorf("diff (-want +got):\n%s", diff)
				}
			})
		}
	}
}
