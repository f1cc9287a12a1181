package timesync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Mode is what is wanted.
type Mode string

// The modes. The empty Mode is Unmanaged.
const (
	Unmanaged Mode = "Unmanaged"
	// Enabled wants one daemon that runs now and at every boot.
	Enabled Mode = "Enabled"
)

// Spec is the wish, with the facts of the distribution.
type Spec struct {
	Mode Mode
	// Units are all daemons that may be there, the likeliest first. Names that are
	// aliases of each other count once.
	Units []string
	// Package plans the installation of Unit, where the host has none of Units; nil:
	// somebody else's business, and the run fails there.
	Package steps.Step
	// Unit is what Package brings.
	Unit string
}

// Step keeps one daemon.
type Step struct{ spec Spec }

// New makes the step for a Spec; an unknown Mode is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "time-sync".
func (s Step) Name() string { return "time-sync" }

// containerMark is made by systemd at the boot of a container
// (https://systemd.io/CONTAINER_INTERFACE).
const containerMark = "/run/systemd/container"

// Plan stops the other daemons before it starts the one that stays.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	switch s.spec.Mode {
	case Unmanaged, "":
		return nil, nil
	case Enabled:
	default:
		return nil, fmt.Errorf("mode %q of operatingSystem.timeSync is not one of %s, %s", s.spec.Mode, Enabled, Unmanaged)
	}
	if inContainer, err := isContainer(v); err != nil || inContainer {
		return nil, errors.Join(err, warnIf(inContainer, "this machine is a container, so its clock is that of its host: see that the host has a time daemon"))
	}
	daemons, err := present(ctx, v, s.candidates())
	if err != nil {
		return nil, err
	}
	chosen := keep(daemons)
	if chosen == nil {
		return s.planNew(ctx, v, daemons)
	}
	ops, warnings := planOthers(v, daemons, chosen.Name)
	mine, err := planDaemon(ctx, v, *chosen)
	if err != nil {
		return nil, err
	}
	if ops = append(ops, mine...); len(ops) > 0 || !v.Live() {
		return ops, warnings
	}
	return nil, errors.Join(warnings, judgeClock(v, chosen.Unit))
}

// candidates are Units, and Unit where the facts do not list it.
func (s Step) candidates() []string {
	if s.spec.Unit == "" || slices.Contains(s.spec.Units, s.spec.Unit) {
		return s.spec.Units
	}
	return append(slices.Clone(s.spec.Units), s.spec.Unit)
}

func isContainer(v host.View) (bool, error) {
	if !v.Live() {
		return false, nil
	}
	_, err := v.Stat(containerMark)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func warnIf(so bool, text string) error {
	if !so {
		return nil
	}
	return steps.Warning("%s", text)
}

// planNew installs the distribution's daemon.
func (s Step) planNew(ctx context.Context, v host.View, masked []daemon) ([]steps.Op, error) {
	if len(masked) > 0 {
		return nil, fmt.Errorf("%s is masked, and there is no other time daemon: unmask it (systemctl unmask %s), or set operatingSystem.timeSync to %s",
			masked[0].Name, masked[0].Name, Unmanaged)
	}
	if s.spec.Package == nil || s.spec.Unit == "" {
		return nil, fmt.Errorf("there is no time daemon (%v), and it is not known which package brings one here: install one, or set operatingSystem.timeSync to %s", s.spec.Units, Unmanaged)
	}
	ops, err := s.spec.Package.Plan(ctx, v)
	remarks, failure := steps.Split(err)
	if failure != nil || !v.Live() {
		return ops, err
	}
	if len(ops) == 0 && len(remarks) == 0 {
		return nil, steps.Later("unit %s is not there although its package is: put the package's file back (reinstall it)", s.spec.Unit)
	}
	if len(ops) == 0 {
		return nil, err
	}
	return append(ops,
		op.UnitFile{Name: s.spec.Unit, State: "enabled"}, op.DaemonReload{},
		op.Job{Unit: s.spec.Unit, Verb: host.JobStart, Why: "one daemon must keep the clock"}), err
}

// planOthers stops and disables all daemons but one; the error is warnings.
func planOthers(v host.View, daemons []daemon, chosen string) ([]steps.Op, error) {
	var ops []steps.Op
	var warnings []error
	for _, d := range daemons {
		if d.Name == chosen {
			continue
		}
		if d.enabled() {
			ops = append(ops, op.UnitFile{Name: d.Name, State: "disabled", From: d.UnitFileState})
		}
		switch {
		case !v.Live() || !d.running:
		case d.masked(): // systemd starts no masked unit, so that a stop could not be taken back
			warnings = append(warnings, steps.Warning("%s is masked and still runs beside %s: stop it (systemctl stop %s)", d.Name, chosen, d.Name))
		default:
			ops = append(ops, op.Job{Unit: d.Name, Verb: host.JobStop, Cost: steps.Restart, Why: chosen + " keeps the clock, and two fight"})
		}
	}
	return ops, errors.Join(warnings...)
}

// planDaemon enables and starts the daemon that stays.
func planDaemon(ctx context.Context, v host.View, d daemon) ([]steps.Op, error) {
	var ops []steps.Op
	enable, err := op.PlanUnitFile(ctx, v, d.Name, "enabled")
	if err != nil {
		return nil, err
	}
	if enable != nil {
		ops = append(ops, enable)
	}
	if v.Live() && !d.running {
		ops = append(ops, op.Job{Unit: d.Name, Verb: host.JobStart, Why: "one daemon must keep the clock"})
	}
	return ops, nil
}

// patience is how long a daemon may take to reach its servers: chrony and
// timesyncd poll again after 64 s and 32 s, and double that while nobody answers.
const patience = 10 * time.Minute

// judgeClock warns of a daemon that runs in vain.
func judgeClock(v host.View, unit host.Unit) error {
	synchronised, err := v.ClockSynchronised()
	if err != nil || synchronised || !overdue(unit.ActiveSince, time.Now()) {
		return err
	}
	return steps.Warning("%s runs, and the clock is not synchronised: see that its servers can be reached (UDP port 123), and what it says (journalctl -u %s)", unit.Name, unit.Name)
}

// overdue tells whether a daemon that runs since then should be done by now.
func overdue(since, now time.Time) bool { return !since.IsZero() && now.Sub(since) > patience }
