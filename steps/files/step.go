package files

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Step writes the files.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "files".
func (s Step) Name() string { return "files" }

// Plan asks for a restart only together with the file whose contents change: who
// has read them need not read them again for another mode or owner. Whether the
// unit exists is not asked: a package of the same run may bring it. If it is still
// missing at the end of the run, its job fails and the run is taken back.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	users := &databases{v: v}
	var ops []steps.Op
	var errs []error
	for _, f := range s.spec.Files {
		found, err := f.plan(v, users)
		if err != nil {
			errs = append(errs, naming(f, err)...)
		}
		ops = append(ops, found...)
	}
	return ops, errors.Join(errs...)
}

// naming puts the file before each remark and failure, and keeps them apart.
func naming(f File, err error) []error {
	remarks, failure := steps.Split(err)
	var named []error
	for _, r := range remarks {
		named = append(named, &steps.Remark{Kind: r.Kind, Text: fmt.Sprintf("file %s: %s", f.Path, r.Text)})
	}
	if failure != nil {
		named = append(named, fmt.Errorf("file %s: %w", f.Path, failure))
	}
	return named
}

func (f File) plan(v host.View, users *databases) ([]steps.Op, error) {
	attr, err := users.attr(f)
	if err != nil {
		return nil, err
	}
	write, err := op.PlanFile(v, op.FileWish{Path: f.Path, Content: f.Content, Attr: attr, Cost: f.Impact})
	if err != nil || write == nil {
		return nil, err
	}
	ops := []steps.Op{write}
	changes, err := op.NewContent(v, write)
	if err != nil || !changes || !v.Live() {
		return ops, err
	}
	if isUnitFile(f.Path) {
		ops = append(ops, op.DaemonReload{})
	}
	for _, unit := range f.Restart {
		ops = append(ops, op.Job{Unit: unit, Verb: host.JobRestart, Cost: steps.Restart, Why: f.Path + " changed"})
	}
	return ops, nil
}
