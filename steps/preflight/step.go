package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Step refuses a host on which a plan would be of no use. It never has ops.
type Step struct {
	spec  Spec
	extra []Check
}

// New makes the step. The extra checks are run after the package's own, those of them that are InPlan.
func New(spec Spec, extra ...Check) Step { return Step{spec, extra} }

// Name is "preflight".
func (Step) Name() string { return "preflight" }

// Plan fails with all errors at once. Warnings become remarks; what is only good to know is left to the doctor.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	var checks []Check
	for _, check := range append(Checks(), s.extra...) {
		if check.InPlan {
			checks = append(checks, check)
		}
	}
	var errs []error
	for _, f := range run(ctx, v, s.spec, checks) {
		switch f.Severity {
		case Error:
			errs = append(errs, &Refused{f})
		case Warning:
			errs = append(errs, steps.Warning("%s", f))
		case Info:
		}
	}
	return nil, errors.Join(errs...)
}

// Refused is a finding that keeps a plan from being made.
type Refused struct{ Finding Finding }

func (r *Refused) Error() string { return r.Finding.String() }

// String is the finding on a line: its check, what is the matter, and what to do.
func (f Finding) String() string {
	if f.Remedy == "" {
		return fmt.Sprintf("%s: %s", f.Check, f.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", f.Check, f.Reason, f.Remedy)
}
