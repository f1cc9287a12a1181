// Package astra is the step that looks at what Astra Linux forbids even to root, and
// refuses a plan that would end half done.
//
// PARSEC, Astra's security module, has switches that an administrator sets by
// astra-*-control and that hostler never touches. Three of them stop a node from being
// set up; they are listed with where their state is read in the public check scripts
// and in Astra's own documentation (wiki.astralinux.ru, digsig). The step has no ops: it
// plans failures and warnings. Findings gives the same to who only reports.
package astra

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Severity is whether a finding stops a plan.
type Severity string

// The severities.
const (
	Refusal Severity = "Refusal"
	Warning Severity = "Warning"
)

// Finding is one thing that PARSEC forbids or may forbid.
type Finding struct {
	Severity Severity
	// What is the case, Why it matters to a node, and the Remedy: each a clause.
	What, Why, Remedy string
}

func (f Finding) String() string { return fmt.Sprintf("%s, and %s: %s", f.What, f.Why, f.Remedy) }

// Step refuses what PARSEC would break.
type Step struct{}

// New makes the step.
func New() Step { return Step{} }

// Name is "astra".
func (s Step) Name() string { return "astra" }

// Plan never has ops.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	findings, err := Findings(v)
	errs := []error{err}
	for _, f := range findings {
		if f.Severity == Refusal {
			errs = append(errs, errors.New(f.String()))
			continue
		}
		errs = append(errs, steps.Warning("%s", f))
	}
	return nil, errors.Join(errs...)
}

// Findings lists what is the case on a host. A host without PARSEC has none.
func Findings(v host.Files) ([]Finding, error) {
	var findings []Finding
	var errs []error
	for _, look := range []func(host.Files) (*Finding, error){closedEnvironment, noExecutableBit, integrity, strictMode, dockerIsolation} {
		found, err := look(v)
		errs = append(errs, err)
		if found != nil {
			findings = append(findings, *found)
		}
	}
	return findings, errors.Join(errs...)
}

// closedEnvironment is the closed software environment: only signed ELF files load.
// The kernel's state counts; in an image, what the next boot sets.
func closedEnvironment(v host.Files) (*Finding, error) {
	const live, atBoot = "/sys/digsig/elf_mode", "/etc/digsig/digsig_initramfs.conf"
	where := live
	mode, err := read(v, live)
	if mode == "" && err == nil {
		where = atBoot
		mode, err = setting(v, atBoot, "DIGSIG_ELF_MODE")
	}
	switch {
	case err != nil || mode == "" || mode == "0":
		return nil, err
	case mode != "1":
		return &Finding{Warning, fmt.Sprintf("the closed software environment is in mode %s (%s)", mode, where),
			"hostler knows only 0 and 1",
			"see what it does to programs that are not signed (dmesg, DIGSIG) before you go on"}, nil
	}
	return &Finding{Refusal, fmt.Sprintf("the closed software environment is on (%s is 1)", where),
		"programs that are not signed do not start: the container runtime, the kubelet, network plugins and hostler itself, whose signatures hostler cannot verify",
		"switch it off (astra-digsig-control disable; update-initramfs -u -k all; reboot), or keep this node out of hostler"}, nil
}

// noExecutableBit is the lock under which nobody can make a file executable.
func noExecutableBit(v host.Files) (*Finding, error) {
	for _, name := range []string{"/parsecfs/nochmodx", "/etc/parsec/nochmodx"} {
		state, err := read(v, name)
		if err != nil {
			return nil, err
		}
		if state == "1" {
			return &Finding{Refusal, fmt.Sprintf("nobody may set the executable bit (%s is 1)", name),
				"packages and network plugins cannot be installed",
				"switch the lock off while the node is set up (astra-nochmodx-lock disable)"}, nil
		}
	}
	return nil, nil
}

// integrity is mandatory integrity control. What level a process has cannot be
// read here without PARSEC's own library, so it is left at a warning.
func integrity(v host.Files) (*Finding, error) {
	level, err := read(v, "/sys/module/parsec/parameters/max_ilev")
	if err != nil || level == "" || level == "0" {
		return nil, err
	}
	return &Finding{Warning, fmt.Sprintf("mandatory integrity control is on (max_ilev is %s)", level),
		"root below that level cannot write what belongs to it, so writes may be refused",
		fmt.Sprintf("run hostler at level %s (PDPLabel= in its unit, or a session of high integrity)", level)}, nil
}

func strictMode(v host.Files) (*Finding, error) {
	state, err := read(v, "/sys/module/parsec/parameters/strict_mode")
	if err != nil || state != "Y" {
		return nil, err
	}
	return &Finding{Warning, "integrity control is strict (strict_mode is Y)",
		"more writes are refused than without it",
		"if ops fail for want of rights, switch it off while the node is set up (astra-strictmode-control disable)"}, nil
}

// dockerIsolation runs containers at a lower level. Only the tool tells its state.
func dockerIsolation(v host.Files) (*Finding, error) {
	_, err := v.Stat("/usr/share/docker.io/contrib/parsec/docker-isolation")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Finding{Warning, "this Docker can run containers at a lowered integrity level",
		"if it does, they cannot write host paths of a higher one",
		"look with astra-docker-isolation status"}, nil
}

// read returns a small file without blanks around; empty where it is not there.
func read(v host.Files, name string) (string, error) {
	content, err := v.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(content)), err
}

// setting returns the value of NAME=value; empty where there is none.
func setting(v host.Files, name, key string) (string, error) {
	content, err := read(v, name)
	for line := range strings.Lines(content) {
		if value, is := strings.CutPrefix(strings.TrimSpace(line), key+"="); is {
			return strings.Trim(value, `"' `), err
		}
	}
	return "", err
}
