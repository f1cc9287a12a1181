package host

import "time"

// Command is a program to run on the host, as data.
type Command struct {
	// Argv is the program, absolute or found in the host's standard path, and
	// its arguments. No shell is involved.
	Argv []string `json:"argv"`
	// Env is added to a small clean environment (PATH, LC_ALL=C.UTF-8, HOME).
	Env []string `json:"env,omitempty"`
	// Stdin is fed to the command.
	Stdin []byte `json:"stdin,omitempty"`
	// Timeout ends the command with its whole process group: SIGTERM, then after
	// a grace of 10 s SIGKILL. Zero means DefaultTimeout.
	Timeout time.Duration `json:"timeout,omitempty"`
}

// DefaultTimeout is the deadline of a command that names none.
const DefaultTimeout = 2 * time.Minute

// Output is what a command printed. It may hold secrets: show it only where
// the op knows that it does not.
type Output struct {
	Stdout []byte
	Stderr []byte
}
