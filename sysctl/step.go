package sysctl

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Step keeps File and, on a host that runs, the live values.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "sysctl".
func (s Step) Name() string { return "sysctl" }

// Plan says Later for keys of modules that are not loaded, and warns of files
// that are read after ours and contradict it.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	settings, err := s.spec.planned(v)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	file, err := planFile(v, settings)
	errs := []error{err}
	if file != nil {
		ops = append(ops, file)
	}
	if v.Live() {
		live, err := planLive(ctx, v, settings)
		ops = append(ops, live...)
		errs = append(errs, err)
	}
	errs = append(errs, warnings(v, settings))
	return ops, errors.Join(errs...)
}

// warnings tells of later files that contradict ours.
func warnings(v host.Files, settings []setting) error {
	if len(settings) == 0 {
		return nil
	}
	var errs []error
	later, err := linesAfter(v, path.Base(File))
	if err != nil {
		errs = append(errs, steps.Warning("not all files that may contradict %s can be read: %v", File, err))
	}
	for _, c := range conflicts(settings, later) {
		errs = append(errs, steps.Warning("%s", c.explain(v)))
	}
	return errors.Join(errs...)
}

// planLive returns the ops for the values that the kernel has otherwise.
func planLive(ctx context.Context, v host.View, settings []setting) ([]steps.Op, error) {
	var ops []steps.Op
	var errs []error
	var switched []Key
	for _, s := range settings {
		live, err := v.Sysctl(string(s.key))
		switch {
		case errors.Is(err, host.ErrNoSysctl):
			errs = append(errs, missing(ctx, v, s.key))
			continue
		case err != nil:
			errs = append(errs, unreadable(v, s.key, err))
			continue
		}
		from := strings.Join(strings.Fields(live), " ")
		if s.holds(live) {
			// The value is right only until a switch before it is written.
			by, reset := resetter(switched, s.key)
			if !reset {
				continue
			}
			from += " until " + string(by) + " is set"
		}
		if isReadOnly(v, s.key) && s.profile {
			errs = append(errs, steps.Warning("sysctl %q is %q, the profile wants %q, and the running kernel lets nobody change it", s.key, from, s.value))
			continue
		}
		if isReadOnly(v, s.key) {
			errs = append(errs, fmt.Errorf("sysctl %q is %q and cannot be changed in the running kernel: "+
				"remove it from operatingSystem.sysctl, or set it where the kernel takes it from (its command line, its build)", s.key, from))
			continue
		}
		ops = append(ops, op.Sysctl{Name: string(s.key), From: from, To: s.value})
		if isForwardingSwitch(s.key) {
			switched = append(switched, s.key)
		}
	}
	return ops, errors.Join(errs...)
}

func resetter(switched []Key, k Key) (Key, bool) {
	for _, by := range switched {
		if resetBy(by, k) {
			return by, true
		}
	}
	return "", false
}

// missing explains a key that the kernel does not have, and decides what it
// means: a module that an earlier step may load, an interface that may appear,
// or a mistake.
func missing(ctx context.Context, v host.View, k Key) error {
	if module := moduleOf(k); module != "" {
		state, err := v.Module(module)
		if err != nil {
			return err
		}
		if state == host.ModuleAbsent {
			return steps.Later("sysctl %q comes with kernel module %s, which is not loaded: add %s to operatingSystem.kernelModules", k, module, module)
		}
	}
	if name := interfaceOf(k); name != "" {
		interfaces, err := v.Interfaces(ctx)
		if err != nil {
			return err
		}
		if !hasInterface(interfaces, name) {
			return steps.Warning("sysctl %q: there is no network interface %s now; udev sets the value when it appears", k, name)
		}
	}
	msg := fmt.Sprintf("sysctl %q: this kernel has no such key", k)
	if near := nearest(v, k); len(near) > 0 {
		msg += fmt.Sprintf("; it has %s", joinKeys(near))
	}
	return errors.New(msg + ": correct the name, add the module that brings the key to operatingSystem.kernelModules, or remove the key")
}

func hasInterface(interfaces []host.Interface, name string) bool {
	for _, i := range interfaces {
		if i.Name == name {
			return true
		}
	}
	return false
}

func joinKeys(keys []Key) string {
	var names []string
	for _, k := range keys {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// unreadable explains a key that exists and does not tell its value.
func unreadable(v host.Files, k Key, err error) error {
	if info, statErr := v.Stat(k.Path()); statErr == nil && info.Mode.Perm()&0o444 == 0 {
		return fmt.Errorf("sysctl %q starts something when it is written and holds no value, so hostler cannot keep it: remove it from operatingSystem.sysctl", k)
	}
	return fmt.Errorf("reading sysctl %q: %w", k, err)
}

// isReadOnly goes by the mode of the file, which the kernel enforces for root
// too. Where the file cannot be looked at, writing will tell.
func isReadOnly(v host.Files, k Key) bool {
	info, err := v.Stat(k.Path())
	return err == nil && info.Mode.Perm()&0o222 == 0
}
