package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// newCommand returns a command that dies with all its children when ctx ends.
func newCommand(ctx context.Context, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// outputOf runs cmd and returns its standard output. An error names the command and carries the last lines that it wrote.
func outputOf(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.String(), nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	// The reason can be in either: dpkg's is on the output, apt's on the error output says only that dpkg failed.
	said := lastLines(strings.TrimSpace(stdout.String()), 15) + "\n" + lastLines(strings.TrimSpace(stderr.String()), 15)
	return stdout.String(), &CommandError{Args: cmd.Args, Output: strings.TrimSpace(said), Err: err}
}

// output runs argv and returns its standard output.
func output(ctx context.Context, argv ...string) (string, error) {
	return outputOf(ctx, newCommand(ctx, argv...))
}

// CommandError is a command that failed.
type CommandError struct {
	Args   []string // with the program
	Output string   // last lines of its output and of its error output
	Err    error    // *exec.ExitError, or why it was stopped
}

// Error names the command, the reason and what the command said.
func (e *CommandError) Error() string {
	line := strings.Join(e.Args, " ")
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return fmt.Sprintf("%s: %v\n%s", line, e.Err, e.Output)
}

// Unwrap returns the reason.
func (e *CommandError) Unwrap() error { return e.Err }

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
