package proxy

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/overrides"
)

// dropIn is the name of all of systemd's files.
const dropIn = "90-hostler-proxy.conf"

// SystemFile is the default environment of services.
const SystemFile = "/etc/systemd/system.conf.d/" + dropIn

// Step keeps the files.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "proxy".
func (s Step) Name() string { return "proxy" }

// Plan configures the package manager first: later steps install with it.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	var ops []steps.Op
	manager, err := s.spec.planManager(v)
	if manager != nil {
		ops = append(ops, manager)
	}
	errs := []error{err, s.spec.warnings()}
	environment, err := s.planEnvironment(v)
	ops, errs = append(ops, environment...), append(errs, err)
	for _, unit := range s.spec.Units {
		found, err := s.planUnit(ctx, v, unit)
		ops, errs = append(ops, found...), append(errs, err)
	}
	return ops, errors.Join(errs...)
}

// planEnvironment is one line: all versions of systemd read that alike.
func (s Step) planEnvironment(v host.View) ([]steps.Op, error) {
	var body []byte
	if s.spec.wanted() {
		var quoted []string
		for _, set := range s.spec.environment() {
			quoted = append(quoted, fmt.Sprintf(`"%s=%s"`, set.name, set.value))
		}
		body = fmt.Appendf(nil, "[Manager]\nDefaultEnvironment=%s\n", strings.Join(quoted, " "))
	}
	return s.planDropIn(v, overrides.DropIn{Folder: "system.conf.d", Name: dropIn, Keys: []string{"DefaultEnvironment"}}, body)
}

// planUnit also restarts the unit where it runs.
func (s Step) planUnit(ctx context.Context, v host.View, u Unit) ([]steps.Op, error) {
	var body []byte
	if s.spec.wanted() {
		body = []byte("[Service]\n")
		for _, set := range s.spec.environment() {
			body = fmt.Appendf(body, "Environment=\"%s=%s\"\n", set.name, set.value)
		}
	}
	ops, err := s.planDropIn(v, overrides.DropIn{Folder: path.Join("system", u.Name+".d"), Name: dropIn, Keys: []string{"Environment"}}, body)
	if len(ops) == 0 || !v.Live() {
		return ops, err
	}
	unit, failure := v.Unit(ctx, u.Name)
	if failure != nil {
		return nil, failure
	}
	if unit.Active() {
		ops = append(ops, op.Job{Unit: u.Name, Verb: host.JobRestart, Cost: u.Cost, Why: "its proxy changes"})
	}
	return ops, err
}

func (s Step) planDropIn(v host.View, d overrides.DropIn, body []byte) ([]steps.Op, error) {
	file, err := op.PlanOwnedFile(v, op.OwnedFile{Path: d.Path(), Field: field, Body: body})
	if body != nil {
		err = errors.Join(err, overrides.Warnings(v, d, aboutProxy))
	}
	if file == nil {
		return nil, err
	}
	if !v.Live() {
		return []steps.Op{file}, err
	}
	return []steps.Op{file, op.DaemonReload{}}, err
}

// aboutProxy tells whether a later assignment of variables takes ours back: an
// empty one forgets all, and the rest adds up.
func aboutProxy(value string) bool {
	return value == "" || strings.Contains(strings.ToUpper(value), "_PROXY=")
}
