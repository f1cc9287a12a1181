package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// lines is a plan as text: step, action, key.
func lines(plan *engine.Plan) []string {
	var all []string
	for _, planned := range plan.Ops {
		all = append(all, fmt.Sprintf("%s: %s %s", planned.Step, planned.Op.Diff().Action, planned.Op.Key()))
	}
	return all
}

func makePlan(t *testing.T, list ...steps.Step) *engine.Plan {
	t.Helper()
	plan, err := engine.MakePlan(t.Context(), hosttest.New(), list)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestPlan(t *testing.T) {
	t.Parallel()

	t.Run("keeps the order of the steps and puts deferred ops last, the reload first", func(t *testing.T) {
		t.Parallel()
		plan := makePlan(t,
			wantFile("a", "/etc/a", "a", restart("z.service")),
			wantFile("b", "/etc/b", "b", op.Job{Unit: "a.service", Verb: host.JobStart}, op.DaemonReload{}),
			wantFile("c", "/etc/c", "c", op.Job{Unit: "a.service", Verb: host.JobRestart, Cost: steps.Drain, Why: "c"}, restart("z.service")),
		)
		want := []string{
			"a: create file:/etc/a", "b: create file:/etc/b", "c: create file:/etc/c",
			"b: daemon-reload systemd:daemon-reload", "a: restart unit:z.service", "b: restart unit:a.service",
		}
		if diff := cmp.Diff(want, lines(plan)); diff != "" {
			t.Errorf("plan differs (-want +got):\n%s", diff)
		}
		if got := plan.Impact(); got != steps.Drain {
			t.Errorf("got impact %s, want that of the dearest asker, Drain", got)
		}
	})

	t.Run("reports a contradiction between steps as a failure of the later one", func(t *testing.T) {
		t.Parallel()
		_, err := engine.MakePlan(t.Context(), hosttest.New(), []steps.Step{
			always("a", op.Job{Unit: "u.service", Verb: host.JobStop}), always("b", restart("u.service")),
		})
		var failed *engine.PlanError
		if !errors.As(err, &failed) || len(failed.Failures) != 1 || failed.Failures[0].Step != "b" {
			t.Fatalf("got error %v, want a failure of step b", err)
		}
		wantError(t, err, nil, "u.service", "both stopped and running")
	})

	t.Run("reports the failures of all steps together", func(t *testing.T) {
		t.Parallel()
		_, err := engine.MakePlan(t.Context(), hosttest.New(), []steps.Step{
			says("a", fs.ErrPermission), wantFile("b", "/etc/b", "b"), says("c", errors.Join(steps.Warning("hm"), host.ErrNotRegular)),
		})
		var failed *engine.PlanError
		if !errors.As(err, &failed) || len(failed.Failures) != 2 {
			t.Fatalf("got error %v, want two failures", err)
		}
		wantError(t, err, []error{fs.ErrPermission, host.ErrNotRegular}, "step a: ", "step c: ")
	})

	t.Run("is not converged while a step waits, and is with a warning", func(t *testing.T) {
		t.Parallel()
		waiting := makePlan(t, says("w", errors.Join(steps.Later("the module is missing"), steps.Warning("overridden"))))
		if diff := cmp.Diff([]engine.StepRemark{{Step: "w", Text: "the module is missing"}}, waiting.Waits); diff != "" || waiting.Converged() {
			t.Errorf("converged %v, waits differ (-want +got):\n%s", waiting.Converged(), diff)
		}
		warning := makePlan(t, says("w", steps.Warning("overridden")))
		if diff := cmp.Diff([]engine.StepRemark{{Step: "w", Text: "overridden"}}, warning.Warnings); diff != "" || !warning.Converged() {
			t.Errorf("converged %v, warnings differ (-want +got):\n%s", warning.Converged(), diff)
		}
	})

	t.Run("is converged, free and without a hash when nothing is missing", func(t *testing.T) {
		t.Parallel()
		plan := makePlan(t, says("a", nil))
		hash, err := plan.Hash()
		if err != nil || hash != "" || !plan.Converged() || plan.Impact() != steps.None {
			t.Errorf("got hash %q, %v, converged %v, impact %s; want none, converged, None", hash, err, plan.Converged(), plan.Impact())
		}
	})

	t.Run("does not blame a step for the end of the context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := engine.MakePlan(ctx, hosttest.New(), []steps.Step{says("a", nil)})
		var failed *engine.PlanError
		if !errors.Is(err, context.Canceled) || errors.As(err, &failed) {
			t.Errorf("got error %v, want the context's", err)
		}
	})
}

func secret(content string) op.File {
	return op.File{Path: "/etc/secret", Content: []byte(content), Attr: host.Attr{Mode: 0o600}, Shown: steps.Diff{Action: "create", To: "0600 root:root"}}
}

func TestPlanHash(t *testing.T) {
	t.Parallel()
	hash := func(list ...steps.Step) string {
		plan := makePlan(t, list...)
		sum, err := plan.Hash()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	valid := []steps.Step{always("a", secret("s3cret")), always("b", op.Sysctl{Name: "vm.swappiness", From: "60", To: "10"})}
	// Approvals hold hashes: a version that hashes otherwise makes all of them void.
	const golden = "7df00b726b4d38b9"
	if got := hash(valid...); got != golden {
		t.Errorf("got hash %s, want %s as ever", got, golden)
	}
	if diff := cmp.Diff(secret("s3cret").Diff(), secret("other").Diff()); diff != "" {
		t.Fatalf("the hidden contents must not show in the diff:\n%s", diff)
	}
	for name, list := range map[string][]steps.Step{
		"hidden contents":  {always("a", secret("other")), valid[1]},
		"another order":    {valid[1], valid[0]},
		"another step":     {always("x", secret("s3cret")), valid[1]},
		"one op less":      {valid[0]},
		"a wait":           {valid[0], valid[1], says("w", steps.Later("the module is missing"))},
		"a value that was": {valid[0], always("b", op.Sysctl{Name: "vm.swappiness", From: "1", To: "10"})},
	} {
		if hash(list...) == golden {
			t.Errorf("%s: got the same hash, want another", name)
		}
	}
	if hash(valid[0], valid[1], says("w", steps.Warning("hm"))) != golden {
		t.Error("a warning changes the hash, and it changes nothing on the host")
	}
}
