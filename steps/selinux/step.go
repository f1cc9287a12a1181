// Package selinux is the step that keeps SELinux in a mode, now and at each boot.
//
// Enforcing and Permissive change at once. On and off do not: the policy is loaded
// at boot, and what was written while it was off has no labels, so a machine that
// boots into Enforcing then may not come up. From off the step goes to Permissive,
// has the file system labelled at the next boot, and to Enforcing after that, as Red Hat's "SELinux
// User's and Administrator's Guide" (4.4.1) says. It starts no reboot.
//
// Off by the configuration file became a trap: since Fedora 34 and RHEL 9 the kernel
// cannot drop SELinux any more, and SELINUX=disabled means a kernel with SELinux
// and without a policy (fedoraproject.org, Changes/Remove_support_for_SELinux_runtime_disable);
// only selinux=0 on the kernel's command line is off. The step says so.
package selinux

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

const (
	// configFile is the mode at boot; see selinux(8).
	configFile = "/etc/selinux/config"
	// enforceFile is there while SELinux is on: 1 is enforcing, 0 permissive.
	enforceFile = "/sys/fs/selinux/enforce"
	// relabelFile has the next boot label all files; it goes away with that.
	relabelFile = "/.autorelabel"
	// containerPolicy is what package container-selinux installs: without it pods that
	// mount host paths, and the runtime itself, run into denials.
	containerPolicy = "/usr/share/selinux/packages/container.pp.bz2"
)

// Mode is the mode of SELinux.
type Mode string

// The modes. Nothing said is Unmanaged.
const (
	Enforcing  Mode = "Enforcing"
	Permissive Mode = "Permissive"
	Disabled   Mode = "Disabled"
	Unmanaged  Mode = "Unmanaged"
)

// word is the mode as the configuration file has it.
func (m Mode) word() string { return strings.ToLower(string(m)) }

// Spec is the wish.
type Spec struct {
	Mode Mode
	// OffByKernelOnly: SELINUX=disabled leaves the kernel's part on, as since Fedora 34
	// and RHEL 9.
	OffByKernelOnly bool
}

// Step keeps the mode.
type Step struct{ spec Spec }

// New makes the step for a Spec; an unknown Mode is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "selinux".
func (s Step) Name() string { return "selinux" }

// Plan returns the configuration file and the live mode.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	switch s.spec.Mode {
	case Unmanaged, "":
		return nil, nil
	case Enforcing, Permissive, Disabled:
	default:
		return nil, fmt.Errorf("mode %q of SELinux is not one of %s, %s, %s, %s", s.spec.Mode, Enforcing, Permissive, Disabled, Unmanaged)
	}
	content, err := v.ReadFile(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this machine has no SELinux (there is no %s): install its policy (selinux-policy-targeted), or set operatingSystem.selinux to %s", configFile, Unmanaged)
	}
	if err != nil {
		return nil, err
	}
	now, err := look(v, content)
	if err != nil {
		return nil, err
	}
	return s.plan(v, now, content)
}

// state is what SELinux is on a host.
type state struct {
	// atBoot is the word in the configuration file.
	atBoot string
	// on is whether SELinux is on now; in an image, whether it was to be when the
	// image was made.
	on bool
	// offByKernel is whether the kernel was told at boot to leave SELinux off.
	offByKernel bool
}

func look(v host.View, config []byte) (state, error) {
	now := state{atBoot: configured(config)}
	if !v.Live() {
		now.on = now.atBoot != Disabled.word()
		return now, nil
	}
	_, err := v.Stat(enforceFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return state{}, err
	}
	now.on = err == nil
	line, err := v.ReadFile("/proc/cmdline")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return state{}, err
	}
	for argument := range strings.FieldsSeq(string(line)) {
		now.offByKernel = now.offByKernel || argument == "selinux=0"
	}
	return now, nil
}

func (s Step) plan(v host.View, now state, config []byte) ([]steps.Op, error) {
	atBoot, relabel := s.spec.Mode, s.spec.Mode != Disabled && !now.on
	if relabel && v.Live() {
		atBoot = Permissive // Enforcing when the labels are there
	}
	var ops []steps.Op
	file, err := planConfig(v, config, atBoot)
	if err != nil {
		return nil, err
	}
	if file != nil {
		ops = append(ops, file)
	}
	if relabel {
		sign, err := op.PlanFile(v, op.FileWish{Path: relabelFile, Attr: host.Attr{Mode: 0o644}})
		if err != nil {
			return nil, err
		}
		if sign != nil {
			ops = append(ops, sign)
		}
	}
	if now.on && v.Live() {
		set, err := op.PlanAttribute(v, enforceFile, map[bool]string{true: "1", false: "0"}[s.spec.Mode == Enforcing])
		if err != nil {
			return nil, err
		}
		if set != nil {
			ops = append(ops, set)
		}
	}
	return ops, errors.Join(s.remarks(v, now)...)
}

// remarks are what people should know beside the plan.
func (s Step) remarks(v host.View, now state) []error {
	var remarks []error
	switch {
	case !v.Live():
	case s.spec.Mode == Disabled && now.on:
		remarks = append(remarks, steps.Warning("SELinux is permissive until the machine reboots, and off after that"))
	case s.spec.Mode != Disabled && now.offByKernel:
		remarks = append(remarks, steps.Warning("SELinux is off by selinux=0 on the kernel's command line: take it away (grubby --update-kernel ALL --remove-args selinux) and reboot"))
	case s.spec.Mode != Disabled && !now.on:
		remarks = append(remarks, steps.Warning("SELinux is off: a reboot labels all files, which takes time, and brings it up in mode %s; %s follows after that", Permissive, s.spec.Mode))
	}
	if s.spec.Mode == Disabled && s.spec.OffByKernelOnly && !now.offByKernel {
		remarks = append(remarks, steps.Warning("this release has the kernel's part of SELinux on even with SELINUX=disabled, only without a policy: to have it off add selinux=0 to the kernel's command line (grubby --update-kernel ALL --args selinux=0)"))
	}
	if s.spec.Mode == Enforcing {
		if _, err := v.Stat(containerPolicy); errors.Is(err, fs.ErrNotExist) {
			remarks = append(remarks, steps.Warning("SELinux enforces without the policy for containers (there is no %s): install the package container-selinux, or pods may be denied what they need", containerPolicy))
		}
	}
	return remarks
}

// planConfig returns the op that sets the mode at boot, or nil.
func planConfig(v host.View, config []byte, mode Mode) (steps.Op, error) {
	if configured(config) == mode.word() {
		return nil, nil
	}
	info, err := v.Lstat(configFile)
	if err != nil {
		return nil, err
	}
	return op.PlanFile(v, op.FileWish{Path: configFile, Content: withMode(config, mode.word()), Attr: info.Attr()})
}
