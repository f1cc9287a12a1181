package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"syscall"
	"time"
)

// standardPath is where programs are looked for, whatever the environment of
// this process says.
var standardPath = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

const (
	// stopGrace is how long a process group may take to end by itself.
	stopGrace = 10 * time.Second
	// outputDelay is how long output is read on after the program has ended: a
	// daemon that it left behind may keep its standard output open for ever.
	outputDelay = 2 * time.Second
	// outputCap is how much of standard output and of standard error is kept.
	outputCap = 1 << 20
	// stderrLines is how many lines of standard error an error quotes.
	stderrLines = 20
)

// Query implements Commands.
func (h *OS) Query(ctx context.Context, cmd Command) (Output, error) {
	if err := CheckReadOnly(cmd.Argv); err != nil {
		return Output{}, err
	}
	return h.Run(ctx, cmd)
}

// Run implements Host. Where the root is not "/" the command sees the root as
// its own (chroot), which needs root rights.
func (h *OS) Run(ctx context.Context, cmd Command) (Output, error) {
	prepared, err := h.prepare(cmd)
	if err != nil {
		return Output{}, &CommandError{Command: cmd, ExitCode: -1, Err: err}
	}
	stdout, stderr := newCapped(outputCap), newCapped(outputCap)
	prepared.Stdout, prepared.Stderr = stdout, stderr
	err = runGroup(ctx, prepared, timeoutOf(cmd), h.grace)
	out := Output{Stdout: stdout.bytes(), Stderr: stderr.bytes()}
	if err == nil {
		return out, nil
	}
	failure := &CommandError{Command: cmd, ExitCode: -1, Stderr: lastLines(out.Stderr, stderrLines), Err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		failure.ExitCode, failure.Err = exit.ExitCode(), nil
	}
	return out, failure
}

func timeoutOf(cmd Command) time.Duration {
	if cmd.Timeout > 0 {
		return cmd.Timeout
	}
	return DefaultTimeout
}

// prepare turns a Command into a process that can be started.
func (h *OS) prepare(cmd Command) (*exec.Cmd, error) {
	if len(cmd.Argv) == 0 || cmd.Argv[0] == "" {
		return nil, fmt.Errorf("empty command line: %w", fs.ErrInvalid)
	}
	program, err := h.lookPath(cmd.Argv[0])
	if err != nil {
		return nil, err
	}
	prepared := &exec.Cmd{
		Path: program,
		Args: cmd.Argv,
		Env: append([]string{
			"PATH=" + strings.Join(standardPath, ":"),
			"LC_ALL=C.UTF-8",
			"HOME=/root",
		}, cmd.Env...),
		Dir: "/",
		// A group of its own can be killed as a whole, and a Ctrl-C on the terminal
		// reaches hostler alone, which then decides.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
		WaitDelay:   outputDelay,
	}
	if h.rootPath != "/" {
		prepared.SysProcAttr.Chroot = h.rootPath
	}
	if cmd.Stdin != nil {
		prepared.Stdin = bytes.NewReader(cmd.Stdin)
	}
	return prepared, nil
}

// lookPath finds a program on the host.
func (h *OS) lookPath(program string) (string, error) {
	if path.IsAbs(program) {
		return program, nil
	}
	if strings.Contains(program, "/") {
		return "", fmt.Errorf("program %q: want an absolute path or a plain name: %w", program, fs.ErrInvalid)
	}
	for _, folder := range standardPath {
		candidate := path.Join(folder, program)
		info, err := h.Stat(candidate)
		if err == nil && info.Mode.IsRegular() && info.Mode&0o111 != 0 {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("program %q is not in %s: %w", program, strings.Join(standardPath, ":"), fs.ErrNotExist)
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
