package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// exitCode is a contract with scripts: a number never changes its meaning.
type exitCode int

const (
	exitDone       exitCode = 0 // converged, or done
	exitFailed     exitCode = 1 // failed, or stopped by a signal; the error says what and the way out
	exitUsage      exitCode = 2 // wrong flags, or input that is not valid
	exitPending    exitCode = 3 // changes are pending (plan, verify)
	exitBlocked    exitCode = 4 // something must be waited for or allowed first
	exitRolledBack exitCode = 5 // failed, and the host is as it was before
	exitRestarting exitCode = 6 // the machine restarts, and the run goes on in its next boot
)

// usageError is a mistake in the command line, or in what it names.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// errPending makes plan and verify exit with exitPending; it is not printed.
var errPending = errors.New("changes are pending")

// code maps an error to the exit code.
func code(err error) exitCode {
	var (
		wrongUsage *usageError
		badInput   *input.Error
		locked     *engine.LockedError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPending):
		return exitPending
	case errors.As(err, &wrongUsage), errors.As(err, &badInput):
		return exitUsage
	// Before what may be its cause: a run whose impact grew above what is allowed
	// went back, and that the host is as before is what a script must know.
	case errors.Is(err, engine.ErrRolledBack):
		return exitRolledBack
	case errors.Is(err, steps.ErrRestarting):
		return exitRestarting
	case errors.As(err, &locked), errors.Is(err, errWaits), errors.Is(err, machine.ErrAgent), errors.Is(err, engine.ErrImpact), errors.Is(err, distros.ErrUnsupported):
		return exitBlocked
	default:
		return exitFailed
	}
}

// report prints an error for people. Problems of input come one a line, as
// compilers print them, so that editors find the place.
func report(stderr io.Writer, err error) {
	var (
		badInput *input.Error
		noPlan   *engine.PlanError
	)
	switch {
	case err == nil, errors.Is(err, errPending), errors.Is(err, errWaits), errors.Is(err, errUnwell):
		return
	case errors.As(err, &badInput):
		fmt.Fprintln(stderr, err)
	case errors.As(err, &noPlan) && noPlan.Error() == err.Error(): // and nothing around it
		fmt.Fprintln(stderr, "hostler: there is no plan:")
		reportFailures(stderr, noPlan.Failures)
	default:
		fmt.Fprintf(stderr, "hostler: %v\n", err)
	}
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		fmt.Fprintln(stderr, "hostler: this needs root rights: run it with sudo")
	}
}
