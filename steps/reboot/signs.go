package reboot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Signs are where a distribution says that the machine must be restarted. What is empty is not looked at.
type Signs struct {
	// File is there when a restart is needed, and Packages lists who asked for it, one a line.
	File     string `json:"file,omitempty"`
	Packages string `json:"packages,omitempty"`
	// Query is a command that exits with 1 (needs-restarting -r) or 102 (zypper needs-rebooting) when one is needed. It must be on the list of those
	// that only read.
	Query []string `json:"query,omitempty"`
	// KernelDir holds the modules of the installed kernels, a folder a release: /lib/modules.
	KernelDir string `json:"kernelDir,omitempty"`
}

// find returns the reasons for a restart, a sentence each, in an order that stays. The error may be a
// warning, of a sign that cannot be looked at.
func (s Signs) find(ctx context.Context, v host.View) ([]string, error) {
	var reasons []string
	var errs []error
	for _, look := range []func(context.Context, host.View) (string, error){s.askedFor, s.newerKernel, replaced, s.askOnce} {
		reason, err := look(ctx, v)
		errs = append(errs, err)
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return reasons, errors.Join(errs...)
}

// askedFor looks for the file that packages leave.
func (s Signs) askedFor(_ context.Context, v host.View) (string, error) {
	if s.File == "" {
		return "", nil
	}
	if _, err := v.Stat(s.File); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	names, err := lines(v, s.Packages)
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return s.File + " is there", nil
	}
	return fmt.Sprintf("%s is there, for %s", s.File, strings.Join(names, ", ")), nil
}

// lines are the lines of a file, sorted, each once; none where it is not there.
func lines(v host.View, name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	content, err := v.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	found := strings.Fields(string(content))
	slices.Sort(found)
	return slices.Compact(found), err
}

// newerKernel looks for an installed kernel that the machine would boot and does not run.
func (s Signs) newerKernel(_ context.Context, v host.View) (string, error) {
	if s.KernelDir == "" {
		return "", nil
	}
	running, err := v.Sysctl("kernel.osrelease")
	if err != nil {
		return "", err
	}
	installed, err := v.ReadDir(s.KernelDir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	bootable := slices.DeleteFunc(installed, func(release string) bool { return !hasImage(v, s.KernelDir, release) })
	if newest := newestLike(running, bootable); newest != running {
		return fmt.Sprintf("kernel %s is installed, and %s runs", newest, running), nil
	}
	return "", nil
}

// hasImage tells whether a kernel can be booted: modules stay behind when a kernel is removed, and
// are built for kernels that are not there. Fedora and its kin keep the image beside the modules.
func hasImage(v host.View, dir, release string) bool {
	for _, image := range []string{"/boot/vmlinuz-" + release, path.Join(dir, release, "vmlinuz")} {
		if _, err := v.Stat(image); err == nil {
			return true
		}
	}
	return false
}

// core begins the names of the files that every process, or the first one, runs from.
var core = []string{"libc.so", "libc-", "ld-linux", "ld-", "libsystemd", "systemd"}

// replaced looks at the first process, whose mapped files show as deleted when a package has replaced them;
// proc_pid_maps(5). Only root may look, and packages of systemd make it start itself anew, so mostly there is nothing.
func replaced(_ context.Context, v host.View) (string, error) {
	maps, err := v.ReadFile("/proc/1/maps")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var gone []string
	for line := range strings.Lines(string(maps)) {
		name, deleted := strings.CutSuffix(strings.TrimSpace(line), " (deleted)")
		_, name, isPath := strings.Cut(name, " /")
		isCore := slices.ContainsFunc(core, func(prefix string) bool { return strings.HasPrefix(path.Base(name), prefix) })
		if deleted && isPath && isCore {
			gone = append(gone, "/"+name)
		}
	}
	if len(gone) == 0 {
		return "", nil
	}
	slices.Sort(gone)
	return "the first process runs from files that were replaced: " + strings.Join(slices.Compact(gone), ", "), nil
}

// required are the exit codes by which a Query says yes: those of needs-restarting(1) and zypper(8).
var required = []int{1, 102}

// ask runs the distribution's own command.
func (s Signs) ask(ctx context.Context, v host.View) (string, error) {
	if len(s.Query) == 0 {
		return "", nil
	}
	line := strings.Join(s.Query, " ")
	out, err := v.Query(ctx, host.Command{Argv: s.Query})
	var ended *host.CommandError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &ended) && slices.Contains(required, ended.ExitCode):
	case errors.Is(err, host.ErrNotReadOnly):
		return "", err
	default:
		return "", steps.Warning("whether the machine must be restarted is not known: %v", err)
	}
	var names []string
	for text := range strings.Lines(string(out.Stdout)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(text), "* "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	if len(names) == 0 {
		return line + " says so", nil
	}
	return fmt.Sprintf("%s names %s", line, strings.Join(names, ", ")), nil
}
