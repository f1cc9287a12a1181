// Package hugepages is the step that sets the kernel's mode of transparent huge
// pages, now and at each boot.
//
// At boot systemd-tmpfiles writes the mode, early enough for services. The kernel's
// own default comes from its command line (transparent_hugepage=), which is left
// alone: to change it takes the boot loader and a reboot, and buys only the moment
// before systemd-tmpfiles. When memory is defragmented ("defrag") is left alone too.
//
// A mode that leaves the NodeGroup takes the file away; the running kernel keeps it
// until the next boot.
package hugepages

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

// File sets the mode at each boot; see tmpfiles.d(5).
const File = "/etc/tmpfiles.d/90-hostler-hugepages.conf"

// attribute holds the mode; see the kernel's admin-guide/mm/transhuge.rst.
const attribute = "/sys/kernel/mm/transparent_hugepage/enabled"

// Mode is when the kernel uses huge pages unasked.
type Mode string

// The modes. Nothing said is Unmanaged.
const (
	Always    Mode = "Always"
	Madvise   Mode = "Madvise" // for programs that ask by madvise(2)
	Never     Mode = "Never"
	Unmanaged Mode = "Unmanaged"
)

// Spec is the wish.
type Spec struct{ Mode Mode }

// Step keeps the mode.
type Step struct{ spec Spec }

// New makes the step for a Spec; an unknown Mode is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "hugepages".
func (s Step) Name() string { return "hugepages" }

// Plan returns the file and the live value.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	word, err := s.word()
	if err != nil {
		return nil, err
	}
	if word != "" && v.Live() {
		if has, err := hasHugepages(v); err != nil || !has {
			return nil, s.without(err)
		}
	}
	file := op.OwnedFile{Path: File, Field: "operatingSystem.transparentHugepages"}
	if word != "" {
		file.Body = fmt.Appendf(nil, "w %s - - - - %s\n", attribute, word)
	}
	var ops []steps.Op
	write, err := op.PlanOwnedFile(v, file)
	if write != nil {
		ops = append(ops, write)
	}
	if word == "" || !v.Live() {
		return ops, err
	}
	set, errSet := op.PlanAttribute(v, attribute, word)
	if set != nil {
		ops = append(ops, set)
	}
	return ops, errors.Join(err, errSet, checkCommandLine(v, word))
}

// word is the kernel's word for the mode; empty where it is left alone.
func (s Step) word() (string, error) {
	switch s.spec.Mode {
	case Unmanaged, "":
		return "", nil
	case Always, Madvise, Never:
		return strings.ToLower(string(s.spec.Mode)), nil
	}
	return "", fmt.Errorf("mode %q of transparent huge pages is not one of %s, %s, %s, %s", s.spec.Mode, Always, Madvise, Never, Unmanaged)
}

func hasHugepages(v host.View) (bool, error) {
	_, err := v.Stat(attribute)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// without is the answer of a kernel that has no such pages: it never uses any.
func (s Step) without(err error) error {
	if err != nil || s.spec.Mode == Never {
		return err
	}
	return fmt.Errorf("the running kernel has no transparent huge pages (there is no %s): boot a kernel that is built with CONFIG_TRANSPARENT_HUGEPAGE, or set operatingSystem.transparentHugepages to %s",
		attribute, Unmanaged)
}

// checkCommandLine warns where the boot begins with another mode.
func checkCommandLine(v host.Files, word string) error {
	line, err := v.ReadFile("/proc/cmdline")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for argument := range strings.FieldsSeq(string(line)) {
		said, is := strings.CutPrefix(argument, "transparent_hugepage=")
		if is && said != word {
			return steps.Warning("the kernel's command line has %s, which holds at each boot until systemd-tmpfiles sets %s: change it in the boot loader's configuration if that is too late",
				argument, word)
		}
	}
	return nil
}
