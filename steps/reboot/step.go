package reboot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Policy is when the machine is restarted.
type Policy string

// The policies; none is Unmanaged.
const (
	// WhenRequired restarts it when it says that it must be.
	WhenRequired Policy = "WhenRequired"
	// Unmanaged leaves that to people, and warns.
	Unmanaged Policy = "Unmanaged"
)

// Spec is the wish.
type Spec struct {
	Policy Policy
	// Signs are how the distribution says that a restart is needed.
	Signs Signs
}

// Step restarts the machine when that is needed.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "reboot".
func (s Step) Name() string { return "reboot" }

// Plan has one op at most. An image needs none: it boots when it is used.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	switch s.spec.Policy {
	case "", Unmanaged, WhenRequired:
	default:
		return nil, fmt.Errorf("reboot %q is not one of %s, %s", s.spec.Policy, WhenRequired, Unmanaged)
	}
	if !v.Live() {
		return nil, nil
	}
	boot, err := v.BootID()
	if err != nil {
		return nil, err
	}
	reasons, err := s.spec.Signs.find(ctx, v)
	remarks, failure := steps.Split(err)
	if failure != nil {
		return nil, failure
	}
	var said []error
	for _, remark := range remarks {
		said = append(said, remark)
	}
	stayed := readStamp(v).stayedIn(boot)
	fresh := slices.DeleteFunc(slices.Clone(reasons), func(reason string) bool { return slices.Contains(stayed, reason) })
	if len(fresh) < len(reasons) {
		stayed = slices.DeleteFunc(reasons, func(reason string) bool { return slices.Contains(fresh, reason) })
		said = append(said, steps.Warning("the machine was restarted for this, and it is still so: %s; find out why (the boot loader's default, perhaps), then restart it by hand",
			strings.Join(stayed, "; ")))
	}
	switch {
	case len(fresh) == 0:
		return nil, errors.Join(said...)
	case s.spec.Policy != WhenRequired:
		said = append(said, steps.Warning("the machine must be restarted: %s", strings.Join(fresh, "; ")))
		return nil, errors.Join(said...)
	}
	return []steps.Op{Restart{BootID: boot, Why: fresh, Signs: s.spec.Signs}}, errors.Join(said...)
}
