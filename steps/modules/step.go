// Package modules is the step that keeps kernel modules loaded, now and after
// each boot.
//
// The names are kept in File for systemd-modules-load, which runs before
// systemd-sysctl, so that keys that come with a module are there when they are
// set. A module that leaves the Spec leaves the file and stays loaded until
// the next boot: others may have come to need it.
package modules

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// File names the modules for systemd-modules-load(8).
const File = "/etc/modules-load.d/hostler.conf"

// Spec is the wish.
type Spec struct {
	// Names are the modules in the order in which they are loaded, by name or by
	// an alias that modprobe knows. Dashes and underscores are the same, and a
	// name that comes twice counts once, so that people and other parts of
	// hostler may ask for the same module. No names mean no file.
	Names []string
}

// Step loads the modules and keeps File.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "modules".
func (s Step) Name() string { return "modules" }

// Plan does not look for module files: a kernel package may bring them earlier
// in the run. A module that modprobe does not find fails when it is loaded.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	names, err := s.spec.names()
	if err != nil {
		return nil, err
	}
	file, err := planFile(v, names)
	errs := []error{err}
	var ops []steps.Op
	if file != nil {
		ops = append(ops, file)
	}
	if !v.Live() {
		return ops, errors.Join(errs...)
	}
	for _, name := range names {
		load, err := op.PlanModule(v, name)
		if err != nil {
			errs = append(errs, err)
		} else if load != nil {
			ops = append(ops, load)
		}
	}
	return ops, errors.Join(errs...)
}

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	_, err := s.names()
	return err
}

// names returns the modules in the kernel's spelling, each once.
func (s Spec) names() ([]string, error) {
	var names []string
	var errs []error
	seen := map[string]bool{}
	for _, spelling := range s.Names {
		name := host.ModuleName(spelling)
		if err := checkName(name); err != nil {
			errs = append(errs, fmt.Errorf("kernel module %q: %w", spelling, err))
			continue
		}
		if !seen[name] {
			names = append(names, name)
		}
		seen[name] = true
	}
	return names, errors.Join(errs...)
}

// checkName keeps out what modprobe would take for an option, a path or a
// pattern, and parameters, which belong into modprobe.d(5).
func checkName(name string) error {
	if name == "" {
		return errors.New("the name is empty")
	}
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
		default:
			return fmt.Errorf("the name holds %q; it has letters, digits, dashes and underscores only, and parameters go into a file of /etc/modprobe.d", r)
		}
	}
	return nil
}

// planFile returns the op that File lacks, or nil.
func planFile(v host.View, names []string) (steps.Op, error) {
	file := op.OwnedFile{Path: File, Field: "operatingSystem.kernelModules"}
	if len(names) > 0 {
		file.Body = []byte(strings.Join(names, "\n") + "\n")
	}
	return op.PlanOwnedFile(v, file)
}
