// Package journald is the step that limits how much journald keeps.
//
// The wish is a drop-in, so /etc/systemd/journald.conf stays as the distribution
// or somebody else has it. journald reads it when it starts, so it is restarted, at
// the end of the run.
//
// A restart loses nothing: systemd holds the connections to which services print
// meanwhile (the file descriptor store, systemd 219; systemd/systemd#2236 and
// systemd-journald.service(8)). Before 235 it held at most 1024 of them and the
// services beyond lost theirs (systemd/systemd#6348), so there it counts as a Restart.
package journald

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/overrides"
)

// File is the drop-in.
const File = "/etc/systemd/journald.conf.d/90-hostler.conf"

const (
	unit  = "systemd-journald.service"
	field = "operatingSystem.journald"
	// keepsAllStreams is the systemd that keeps every connection over a restart.
	keepsAllStreams = 235
	// hasSecNames is a systemd that surely knows RateLimitIntervalSec. journald.conf(5)
	// of EL7's 219 and Ubuntu 16.04's 229 has RateLimitInterval, which newer ones still
	// read.
	hasSecNames = 235
)

// Spec is the wish; see journald.conf(5). What is nil has systemd's default, and
// a Spec with nothing set means no drop-in.
type Spec struct {
	// MaxUse, KeepFree and MaxFileSize are bytes on disk: SystemMaxUse, SystemKeepFree
	// and SystemMaxFileSize. systemd takes no MaxUse of 0 for "nothing": use at
	// least one file's size.
	MaxUse, KeepFree, MaxFileSize *int64
	// MaxRetention is how long entries are kept, in whole seconds: MaxRetentionSec. 0 is
	// no limit.
	MaxRetention *time.Duration
	// RateLimitInterval and RateLimitBurst: of one service, messages beyond the
	// burst in an interval are dropped. 0 in either turns the limit off.
	RateLimitInterval *time.Duration
	RateLimitBurst    *int64
	// SystemdVersion is systemd's major version; 0: not known, which is taken for a
	// present one.
	SystemdVersion int
}

// Step keeps File.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "journald".
func (s Step) Name() string { return "journald" }

// Plan restarts journald when what it reads changes, and only where it runs.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	file, err := op.PlanOwnedFile(v, op.OwnedFile{Path: File, Field: field, Body: s.spec.body()})
	warnings := errors.Join(err, s.overridden(v))
	if file == nil {
		return nil, warnings
	}
	ops := []steps.Op{file}
	if !v.Live() {
		return ops, warnings
	}
	running, err := v.Unit(ctx, unit)
	if err != nil {
		return nil, err
	}
	if running.Active() {
		ops = append(ops, op.Job{Unit: unit, Verb: host.JobRestart, Cost: s.spec.restartCost(), Why: "its limits change"})
	}
	return ops, warnings
}

func (s Step) overridden(v host.View) error {
	d := overrides.DropIn{Folder: "journald.conf.d", Name: "90-hostler.conf"}
	for _, set := range s.spec.settings() {
		d.Keys = append(d.Keys, set.key)
	}
	return overrides.Warnings(v, d, nil)
}

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	for name, value := range map[string]*int64{"maxUse": s.MaxUse, "maxFileSize": s.MaxFileSize} {
		if value != nil && *value <= 0 {
			errs = append(errs, fmt.Errorf("%s.%s is %d: it must be more than 0", field, name, *value))
		}
	}
	for name, value := range map[string]*int64{"keepFree": s.KeepFree, "rateLimitBurst": s.RateLimitBurst} {
		if value != nil && *value < 0 {
			errs = append(errs, fmt.Errorf("%s.%s is %d: it must be 0 or more", field, name, *value))
		}
	}
	for name, value := range map[string]*time.Duration{"maxRetention": s.MaxRetention, "rateLimitInterval": s.RateLimitInterval} {
		if value != nil && (*value < 0 || *value%time.Second != 0) {
			errs = append(errs, fmt.Errorf("%s.%s is %s: it must be whole seconds, 0 or more", field, name, *value))
		}
	}
	return errors.Join(errs...)
}

func (s Spec) restartCost() steps.Impact {
	if s.SystemdVersion != 0 && s.SystemdVersion < keepsAllStreams {
		return steps.Restart
	}
	return steps.Reload
}

type setting struct{ key, value string }

func (s Spec) settings() []setting {
	var all []setting
	number := func(key string, value *int64) {
		if value != nil {
			all = append(all, setting{key, fmt.Sprint(*value)})
		}
	}
	seconds := func(key string, value *time.Duration) {
		if value != nil {
			all = append(all, setting{key, fmt.Sprintf("%ds", *value/time.Second)})
		}
	}
	number("SystemMaxUse", s.MaxUse)
	number("SystemKeepFree", s.KeepFree)
	number("SystemMaxFileSize", s.MaxFileSize)
	seconds("MaxRetentionSec", s.MaxRetention)
	interval := "RateLimitIntervalSec"
	if s.SystemdVersion != 0 && s.SystemdVersion < hasSecNames {
		interval = "RateLimitInterval"
	}
	seconds(interval, s.RateLimitInterval)
	number("RateLimitBurst", s.RateLimitBurst)
	return all
}

func (s Spec) body() []byte {
	settings := s.settings()
	if len(settings) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("[Journal]\n")
	for _, set := range settings {
		fmt.Fprintf(&b, "%s=%s\n", set.key, set.value)
	}
	return []byte(b.String())
}
