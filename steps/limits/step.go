package limits

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/overrides"
)

// The files of the step.
const (
	SessionFile = "/etc/security/limits.d/90-hostler.conf"
	SystemFile  = "/etc/systemd/system.conf.d/90-hostler-limits.conf"
	UserFile    = "/etc/systemd/user.conf.d/90-hostler-limits.conf"
)

const field = "operatingSystem.limits"

// Step keeps the files.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "limits".
func (s Step) Name() string { return "limits" }

// Plan makes systemd read its defaults again when they change.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	var ops []steps.Op
	var errs []error
	plan := func(file string, body []byte) bool {
		planned, err := op.PlanOwnedFile(v, op.OwnedFile{Path: file, Field: field, Body: body})
		errs = append(errs, err)
		if planned != nil {
			ops = append(ops, planned)
		}
		return planned != nil
	}
	plan(SessionFile, s.spec.sessions())
	services := plan(SystemFile, s.spec.services())
	plan(UserFile, s.spec.services())
	errs = append(errs, s.overridden(v))
	if !v.Live() {
		return ops, errors.Join(errs...)
	}
	if services {
		ops = append(ops, op.DaemonReload{})
		errs = append(errs, s.whenItCounts())
	}
	return ops, errors.Join(append(errs, s.aboveKernel(v))...)
}

// whenItCounts says what a person will look for in vain right after the run.
func (s Step) whenItCounts() error {
	when := "services that run keep their limits until they are started again"
	if version := s.spec.SystemdVersion; version != 0 && version < soonestReload {
		when = "systemd " + strconv.Itoa(version) + " reads default limits only when the machine starts"
	}
	errs := []error{steps.Warning("%s, and people's sessions until the next login", when)}
	if !s.spec.takesPairs() {
		for _, l := range s.spec.sorted() {
			if l.Soft != l.Hard {
				errs = append(errs, steps.Warning("systemd %d takes one value for both limits, so services get %s of %s as the soft one too",
					s.spec.SystemdVersion, name(l.Hard), l.Item))
			}
		}
	}
	return errors.Join(errs...)
}

// aboveKernel warns of a number of open files that the kernel refuses: pam_limits
// then refuses logins.
func (s Step) aboveKernel(v host.View) error {
	at := slices.IndexFunc(s.spec.Limits, func(l Limit) bool { return l.Item == "nofile" })
	if at < 0 {
		return nil
	}
	text, err := v.Sysctl("fs.nr_open")
	if errors.Is(err, host.ErrNoSysctl) {
		return nil
	}
	if err != nil {
		return err
	}
	most, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return err
	}
	wish := s.spec.Limits[at].session(s.spec.Limits[at].Hard)
	if number, err := strconv.ParseInt(wish, 10, 64); err == nil && number > most {
		return steps.Warning("nofile %s is more than fs.nr_open of this kernel, %d, so that nobody can log in: raise fs.nr_open in operatingSystem.sysctl, or wish for less", wish, most)
	}
	return nil
}

// overridden warns of files that are read after ours and say something else.
func (s Step) overridden(v host.View) error {
	if len(s.spec.Limits) == 0 {
		return nil
	}
	system := overrides.DropIn{Folder: "system.conf.d", Name: path.Base(SystemFile), Keys: s.spec.keys()}
	user := overrides.DropIn{Folder: "user.conf.d", Name: path.Base(UserFile), Keys: s.spec.keys()}
	return errors.Join(s.laterLines(v), overrides.Warnings(v, system, nil), overrides.Warnings(v, user, nil))
}

// laterLines looks at files of limits.d that come after ours. Lines for users and
// groups are wishes of their own; those for everybody and for root replace ours.
func (s Step) laterLines(v host.View) error {
	folder := path.Dir(SessionFile)
	names, err := v.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var warnings []error
	for _, other := range names {
		if other <= path.Base(SessionFile) || !strings.HasSuffix(other, ".conf") {
			continue
		}
		content, err := v.ReadFile(path.Join(folder, other))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[0] != "*" && fields[0] != "root" || !s.spec.has(fields[2]) {
				continue
			}
			warnings = append(warnings, steps.Warning("%s says %q, and it is read after %s: remove the line there for the NodeGroup's to count",
				path.Join(folder, other), strings.Join(fields, " "), SessionFile))
		}
	}
	return errors.Join(warnings...)
}

func (s Spec) has(item string) bool {
	return slices.ContainsFunc(s.Limits, func(l Limit) bool { return l.Item == item })
}
