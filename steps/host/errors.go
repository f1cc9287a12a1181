package host

import (
	"errors"
	"fmt"
	"strings"
)

// The errors that callers decide on.
var (
	// ErrNotLive: the host is an image folder; there is nothing running to ask.
	ErrNotLive = errors.New("the host is not running")
	// ErrNoSysctl: the running kernel does not have the key.
	ErrNoSysctl = errors.New("no such sysctl in this kernel")
	// ErrNotRegular: a path that should be a regular file is something else.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNotReadOnly: Query was asked to run a command that is not known to only read.
	ErrNotReadOnly = errors.New("command is not on the read-only list")
	// ErrTimeout: a command or job passed its deadline and was ended.
	ErrTimeout = errors.New("deadline passed")
)

// CommandError is a command that did not exit with 0.
type CommandError struct {
	Command Command
	// ExitCode is -1 when a signal ended the command or it did not start.
	ExitCode int
	// Stderr holds the last lines of standard error.
	Stderr string
	// Err is the cause, such as ErrTimeout; nil for a plain exit code.
	Err error
}

func (e *CommandError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "command %q", strings.Join(e.Command.Argv, " "))
	switch {
	case e.Err != nil:
		fmt.Fprintf(&b, ": %v", e.Err)
	default:
		fmt.Fprintf(&b, ": exit code %d", e.ExitCode)
	}
	if s := strings.TrimSpace(e.Stderr); s != "" {
		fmt.Fprintf(&b, ": %s", s)
	}
	return b.String()
}

func (e *CommandError) Unwrap() error { return e.Err }

// JobError is a unit job that systemd did not finish well.
type JobError struct {
	Unit   string
	Verb   JobVerb
	Result string // canceled, timeout, failed, dependency, skipped
	// Log holds the unit's last lines in the journal, oldest first.
	Log []string
}

func (e *JobError) Error() string {
	msg := fmt.Sprintf("%s of %s: job result %q", e.Verb, e.Unit, e.Result)
	if len(e.Log) > 0 {
		msg += "; its last log lines:\n  " + strings.Join(e.Log, "\n  ")
	}
	return msg
}
