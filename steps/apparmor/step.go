// Package apparmor is the step that sees to it that the profiles of AppArmor are
// loaded, now and at each boot.
//
// Whether the kernel has AppArmor on is decided on its command line, which hostler
// does not change: a kernel that has it off is a failure with the way out. The
// profiles are loaded by apparmor.service, which comes with the package apparmor.
package apparmor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Spec is the wish.
type Spec struct {
	// Enabled is whether AppArmor must work; false leaves it alone.
	Enabled bool
}

// Step keeps the profiles loaded.
type Step struct{ spec Spec }

// New makes the step for a Spec.
func New(spec Spec) Step { return Step{spec} }

// Name is "apparmor".
func (s Step) Name() string { return "apparmor" }

const (
	// unit loads the profiles.
	unit = "apparmor.service"
	// enabled says Y where the kernel has AppArmor on.
	enabled = "/sys/module/apparmor/parameters/enabled"
)

// Plan says Later where the unit is missing, because the package may come earlier
// in the run.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if !s.spec.Enabled {
		return nil, nil
	}
	if v.Live() {
		if err := checkKernel(v); err != nil {
			return nil, err
		}
	}
	found, err := v.Unit(ctx, unit)
	if err != nil {
		return nil, err
	}
	if !found.Exists() && found.UnitFileState == "" {
		return nil, steps.Later("unit %s is not there: install the package apparmor (packages.install)", unit)
	}
	var ops []steps.Op
	enable, err := op.PlanUnitFile(ctx, v, unit, "enabled")
	if err != nil {
		return nil, err
	}
	if enable != nil {
		ops = append(ops, enable)
	}
	if !v.Live() {
		return ops, nil
	}
	if enable != nil {
		ops = append(ops, op.DaemonReload{})
	}
	if !found.Active() {
		ops = append(ops, op.Job{Unit: unit, Verb: host.JobStart, Why: "profiles are not loaded"})
	}
	return ops, nil
}

// checkKernel fails where the running kernel has AppArmor off.
func checkKernel(v host.Files) error {
	content, err := v.ReadFile(enabled)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case err != nil:
		return fmt.Errorf("the running kernel has no AppArmor (there is no %s): boot a kernel that is built with it, or set operatingSystem.appArmor to Unmanaged", enabled)
	case strings.TrimSpace(string(content)) != "Y":
		return fmt.Errorf("AppArmor is off in the running kernel (%s says %q): take apparmor=0 off the kernel's command line, or put apparmor=1 security=apparmor on it, and reboot",
			enabled, strings.TrimSpace(string(content)))
	}
	return nil
}
