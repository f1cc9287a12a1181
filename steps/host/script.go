package host

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Script is a check that somebody wrote: it looks at the host and says by its exit
// code whether all is as it should be.
type Script struct {
	// Content is the script; its #! line names who runs it, /bin/sh where there is none.
	Content string
	// NodeName is HOSTLER_NODE_NAME in its environment; the rest is PATH, HOME and LANG.
	NodeName string
	// Timeout ends the script with its whole process group, as that of a Command.
	// Zero means DefaultTimeout.
	Timeout time.Duration
}

// CheckResult is how a script ended.
type CheckResult struct {
	// ExitCode is 128 and the signal's number where a signal ended it, as shells count.
	ExitCode int
}

// Satisfied tells whether nothing is left to do.
func (r CheckResult) Satisfied() bool { return r.ExitCode == 0 }

// defaultShell runs scripts that name nobody.
const defaultShell = "/bin/sh"

// Interpreter returns the command line that runs a script, without the script's
// path. It reads the #! line as the kernel does: a program, and all that follows as
// one argument (execve(2)). To ask the kernel itself would take a file system that
// allows programs, and state folders may be mounted noexec.
func Interpreter(script string) ([]string, error) {
	first, _, _ := strings.Cut(script, "\n")
	line, named := strings.CutPrefix(first, "#!")
	if !named {
		return []string{defaultShell}, nil
	}
	if strings.HasSuffix(line, "\r") {
		return nil, fmt.Errorf("its first line ends in a carriage return, which would be part of the program's name: save it with the line ends of Unix: %w", fs.ErrInvalid)
	}
	line = strings.Trim(line, " \t")
	program, argument, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if !path.IsAbs(program) {
		return nil, fmt.Errorf("its first line is %q: want #! and the absolute path of a program: %w", first, fs.ErrInvalid)
	}
	if argument = strings.Trim(argument, " "); argument == "" {
		return []string{program}, nil
	}
	return []string{program, argument}, nil
}
