package steps

import (
	"context"

	"github.com/hostler-dev/hostler/steps/host"
)

// Step is one slice of a host's desired state, such as "sysctl" or
// "cri/containerd".
//
// A step is built anew for every plan from its own input type and holds no
// state between calls. What it wants is in its fields; what is there it learns
// from the View.
type Step interface {
	// Name is unique within a plan and stable between versions: it is in plans,
	// journals, metrics and logs.
	Name() string

	// Plan says what is missing on the host, in the order in which it must be
	// done. Nothing missing is nil, nil. It must not change anything, which the
	// View's type makes hard, and must give the same answer when asked twice.
	//
	// The error may carry remarks beside or instead of a failure (see Later and
	// Warning); ops returned with remarks alone are valid. With a failure the
	// ops are ignored and nothing of the plan is run.
	Plan(ctx context.Context, v host.View) ([]Op, error)
}

// Probe tells whether something that a run may harm is well: a runtime that
// answers, a kubelet that is healthy, a node that is Ready.
type Probe interface {
	// Name is what people read when the probe fails: "kubelet /healthz".
	Name() string

	// Check returns nil when all is well, ErrAbsent when there is nothing to
	// judge yet (the service is not installed), and otherwise why it is not well.
	// A Warning alone says that it may not be judged: nobody is to blame, so it
	// counts as well, and the result of the run tells of it.
	// It must be quick; the engine repeats it until its own deadline.
	Check(ctx context.Context, v host.View) error
}

// Optional is a step whose failure is its own: what it did is taken back, the
// failure is reported, and the run goes on as if the step were not there.
type Optional interface {
	Step

	// Optional tells whether that holds for this step.
	Optional() bool
}
