package hosttest

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

func hasCommands(c Caps) bool { return c.Commands }

var commandCases = []conformanceCase{
	{name: "runs no command as a query that is not on the list", run: func(t *testing.T, s *suite) {
		for _, argv := range [][]string{nil, {"true"}, {"apt-get", "install", "x"}, {"/tmp/apt-cache", "policy"}} {
			_, err := s.Query(t.Context(), host.Command{Argv: argv})
			wantError(t, err, host.ErrNotReadOnly)
		}
	}},
	{name: "says when there is no such program", run: func(t *testing.T, s *suite) {
		_, err := s.Run(t.Context(), host.Command{Argv: []string{"hostler-no-such-program"}})
		wantError(t, err, fs.ErrNotExist)
		wantExit(t, err, -1)
		if _, err := s.Run(t.Context(), host.Command{}); err == nil {
			t.Error("empty command line: got no error")
		}
	}},
	{name: "hands over output and input", needs: hasCommands, run: func(t *testing.T, s *suite) {
		out, err := s.Run(t.Context(), host.Command{Argv: []string{"echo", "two  words", "$HOME"}})
		if err != nil || string(out.Stdout) != "two  words $HOME\n" {
			t.Errorf("echo: got %q, %v", out.Stdout, err)
		}
		out, err = s.Run(t.Context(), host.Command{Argv: []string{"cat"}, Stdin: []byte("in\n")})
		if err != nil || string(out.Stdout) != "in\n" {
			t.Errorf("cat: got %q, %v, want its input", out.Stdout, err)
		}
	}},
	{name: "makes exit codes errors", needs: hasCommands, run: func(t *testing.T, s *suite) {
		_, err := s.Run(t.Context(), host.Command{Argv: []string{"true"}})
		must(t, err)
		_, err = s.Run(t.Context(), host.Command{Argv: []string{"false"}})
		wantExit(t, err, 1)
	}},
	{name: "starts nothing when the context has ended", needs: hasCommands, run: func(t *testing.T, s *suite) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Run(ctx, host.Command{Argv: []string{"cp", "/dev/null", s.at("made")}})
		wantError(t, err, context.Canceled)
		s.wantNames(t, s.folder)
	}},
}

func wantExit(t *testing.T, err error, code int) {
	t.Helper()
	var failed *host.CommandError
	if !errors.As(err, &failed) || failed.ExitCode != code {
		t.Errorf("got %v, want a CommandError with exit code %d", err, code)
	}
}
