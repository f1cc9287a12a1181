package agent

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/files"
	"github.com/hostler-dev/hostler/steps/units"
)

func filesSpec(list []v1alpha1.File) (files.Spec, error) {
	var spec files.Spec
	var problems []error
	for i := range list {
		f := &list[i]
		impact := steps.None
		if f.Impact != "" {
			var err error
			if impact, err = steps.ParseImpact(string(f.Impact)); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", f.Path, err))
			}
		}
		spec.Files = append(spec.Files, files.File{
			Path: f.Path, Mode: fileMode(f.ModeBits()), Owner: f.Owner, Content: []byte(f.Content), Impact: impact, Restart: f.Restart,
		})
	}
	return spec, errors.Join(problems...)
}

// fileMode turns the bits of chmod(1) into Go's, which has its own for the upper three.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if bits&bit != 0 {
			mode |= flag
		}
	}
	return mode
}

func unitsSpec(list []v1alpha1.Unit) units.Spec {
	var spec units.Spec
	for _, u := range list {
		unit := units.Unit{Name: u.Name, Enabled: u.Enabled, Masked: u.Masked != nil && *u.Masked}
		switch u.State {
		case v1alpha1.UnitRunning:
			unit.State = units.Started
		case v1alpha1.UnitStopped:
			unit.State = units.Stopped
		}
		for _, d := range u.DropIns {
			unit.DropIns = append(unit.DropIns, units.DropIn{Name: d.Name, Content: []byte(d.Content)})
		}
		spec.Units = append(spec.Units, unit)
	}
	return spec
}
