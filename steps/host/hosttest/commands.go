package hosttest

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// Handle gives the host a program. Command lines find it by the base name of
// their first word.
func Handle(program string, handler Handler) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.handlers[program] = handler
	}
}

// Prints is a Handler that prints a text and changes nothing.
func Prints(stdout string) Handler {
	return func(*Fake, host.Command) (host.Output, error) {
		return host.Output{Stdout: []byte(stdout)}, nil
	}
}

// Exit is the error of a command that ends with an exit code.
func Exit(cmd host.Command, code int, stderr string) error {
	return &host.CommandError{Command: cmd, ExitCode: code, Stderr: stderr}
}

// Run implements host.Host.
func (f *Fake) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	var out host.Output
	err := f.call("Run", strings.Join(cmd.Argv, " "), func() (err error) {
		out, err = f.execute(ctx, cmd)
		return err
	})
	return out, err
}

// Query implements host.Commands.
func (f *Fake) Query(ctx context.Context, cmd host.Command) (host.Output, error) {
	if err := host.CheckReadOnly(cmd.Argv); err != nil {
		return host.Output{}, err
	}
	return f.execute(ctx, cmd)
}

func (f *Fake) execute(ctx context.Context, cmd host.Command) (host.Output, error) {
	if len(cmd.Argv) == 0 {
		return host.Output{}, fmt.Errorf("running a command: empty command line: %w", fs.ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return host.Output{}, &host.CommandError{Command: cmd, ExitCode: -1, Err: err}
	}
	f.mu.Lock()
	handler, ok := f.handlers[path.Base(cmd.Argv[0])]
	f.mu.Unlock()
	if !ok {
		return host.Output{}, &host.CommandError{Command: cmd, ExitCode: -1,
			Err: fmt.Errorf("program %q: %w", cmd.Argv[0], fs.ErrNotExist)}
	}
	return handler(f, cmd)
}
