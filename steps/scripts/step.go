package scripts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Step is the step "configuration/NAME".
type Step struct{ spec Spec }

var _ steps.Optional = Step{}

// New returns the step. What is wrong with the wish Plan says, because a broken
// configuration that is optional must not stop others.
func New(spec Spec) Step { return Step{spec} }

// Name is "configuration/" and the configuration's.
func (s Step) Name() string { return "configuration/" + s.spec.Name }

// Optional implements steps.Optional.
func (s Step) Optional() bool { return s.spec.Optional }

// Plan runs check.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.validate(); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", s.spec.Name, err)
	}
	if !v.Live() {
		return nil, steps.Warning("configuration %s: scripts do not run in an image, so that it is applied by the first run on the machine", s.spec.Name)
	}
	result, err := v.Check(ctx, s.spec.check())
	if err != nil {
		return nil, fmt.Errorf("check of configuration %s did not run to its end: %w; it may take %s, or the configuration's timeout where that is less",
			s.spec.Name, err, MaxCheckTimeout)
	}
	record, err := s.planRecord(v, result.Satisfied())
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	if record != nil {
		ops = append(ops, record)
	}
	if !result.Satisfied() {
		// After the record: a kill between the two must not leave an edit that nobody
		// knows how to take back.
		ops = append(ops, Run{Spec: s.spec, Script: Apply})
	}
	return ops, nil
}

// planRecord returns the op that makes the record say how to take this back, or nil.
func (s Step) planRecord(v host.View, satisfied bool) (steps.Op, error) {
	at := recordPath(s.spec.Name)
	old, err := v.ReadFile(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if satisfied {
			return nil, nil // others did it, and hostler takes nothing back
		}
	case err != nil:
		return nil, err
	}
	content, err := encode(s.spec)
	if err != nil || bytes.Equal(old, content) {
		return nil, err
	}
	return op.PlanFile(v, op.FileWish{Path: at, Content: content, Attr: host.Attr{Mode: 0o600}})
}
