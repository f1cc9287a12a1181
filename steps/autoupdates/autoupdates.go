// Package autoupdates is the step that keeps the distribution from updating
// packages on its own: a kubelet or runtime that changes behind hostler's back, at a
// time of its own choosing, is what the update windows are there to prevent.
//
// Timers and services are stopped and masked, those that the machine has. A service
// that is at work is left to the next run, because a package manager that is killed
// between two packages leaves a machine that somebody has to repair. That is
// told by the unit (the jobs of apt and dnf are one-shots, and "activating" while
// they work) and by the lock of the package database. To mask it at once and
// stop it later would not do: a masked unit cannot be started, so that the stop
// could not be taken back.
//
// apt's own schedule is switched off by a file of ours beside
// /etc/apt/apt.conf.d/20auto-upgrades, which belongs to a package and to people.
package autoupdates

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/masks"
	"github.com/hostler-dev/hostler/steps/op"
)

// File switches apt's schedule off.
const File = "/etc/apt/apt.conf.d/99hostler-no-periodic"

const field = "operatingSystem.unattendedUpgrades"

// periodic are the settings of apt's daily script; Enable alone stops all of it
// (the head of /usr/lib/apt/apt.systemd.daily), and the others are what people and
// other tools look at.
const periodic = `APT::Periodic::Enable "0";
APT::Periodic::Update-Package-Lists "0";
APT::Periodic::Download-Upgradeable-Packages "0";
APT::Periodic::Unattended-Upgrade "0";
`

// Mode is what is wanted.
type Mode string

// The modes. The empty Mode is Unmanaged.
const (
	// Unmanaged takes File away and leaves all else.
	Unmanaged Mode = "Unmanaged"
	// Disabled lets nothing update packages on its own.
	Disabled Mode = "Disabled"
)

// Spec is the wish, with the facts of the distribution.
type Spec struct {
	Mode Mode
	// Units are the timers and services that may be there, by their own names.
	Units []string
	// AptPeriodic is whether the distribution has apt's own schedule.
	AptPeriodic bool
}

// Step switches updates off.
type Step struct{ spec Spec }

// New makes the step for a Spec; an unknown Mode is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "unattended-upgrades".
func (s Step) Name() string { return "unattended-upgrades" }

// Plan masks timers before services, so that none starts in between.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	off := s.spec.Mode == Disabled
	if !off && s.spec.Mode != Unmanaged && s.spec.Mode != "" {
		return nil, fmt.Errorf("mode %q of %s is not one of %s, %s", s.spec.Mode, field, Disabled, Unmanaged)
	}
	ops, err := s.planFile(v, off)
	if !off {
		return ops, err
	}
	errs := []error{err}
	for _, timers := range []bool{true, false} {
		for _, name := range s.spec.Units {
			if isTimer(name) != timers {
				continue
			}
			found, err := planUnit(ctx, v, name)
			ops = append(ops, found...)
			errs = append(errs, err)
		}
	}
	return ops, errors.Join(errs...)
}

func isTimer(name string) bool { return path.Ext(name) == ".timer" }

func (s Step) planFile(v host.View, off bool) ([]steps.Op, error) {
	file := op.OwnedFile{Path: File, Field: field}
	var warnings error
	if off && s.spec.AptPeriodic {
		file.Body = []byte(periodic)
		warnings = overriddenBy(v)
	}
	planned, err := op.PlanOwnedFile(v, file)
	if err = errors.Join(err, warnings); planned == nil {
		return nil, err
	}
	return []steps.Op{planned}, err
}

func planUnit(ctx context.Context, v host.View, name string) ([]steps.Op, error) {
	off := masks.Unit{Name: name, Why: "hostler decides when packages change"}
	if isTimer(name) || !v.Live() {
		return masks.Plan(ctx, v, off)
	}
	ops, err := masks.Plan(ctx, v, off)
	if len(ops) == 0 {
		return nil, err
	}
	busy, err := atWork(ctx, v, name)
	if busy != nil || err != nil {
		return nil, errors.Join(busy, err)
	}
	return ops, nil
}

// locks are those of the package databases: dpkg's (since 1.9 for its frontends, and
// its own) and rpm's, whose database moved.
var locks = []string{"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"}

// atWork returns a warning that says why a service must not be stopped now, or
// nil. It is no reason to wait: the next run stops what is idle by then.
func atWork(ctx context.Context, v host.View, name string) (warning, failure error) {
	unit, err := v.Unit(ctx, name)
	if err != nil {
		return nil, err
	}
	if unit.ActiveState == "activating" {
		return steps.Warning("%s is at work: it is left to finish, and the next run switches it off", name), nil
	}
	if !unit.Active() {
		return nil, nil
	}
	for _, lock := range locks {
		holder, held, err := v.LockHolder(lock)
		if err != nil {
			return nil, err
		}
		if held {
			return steps.Warning("%s may be at work, because %s (process %d) holds %s: it is left to finish, and the next run switches it off",
				name, holder.Command, holder.PID, lock), nil
		}
	}
	return nil, nil
}
