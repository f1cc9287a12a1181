package hosttest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

func hasScripts(c Caps) bool { return c.Scripts }

// checkedEnvironment is a check of all that a script may see around it.
const checkedEnvironment = `[ "$(env | sort)" = "HOME=/root
HOSTLER_NODE_NAME=node-7
LANG=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PWD=/" ] && [ "$(pwd)" = / ] && [ -z "$(cat)" ] && [ "$(ls -A /tmp)" = hostler-check ]
`

var scriptCases = []conformanceCase{
	{name: "runs no check in an image", needs: func(c Caps) bool { return isImage(c) && !c.Scripts }, run: func(t *testing.T, s *suite) {
		_, err := s.Check(t.Context(), host.Script{Content: "exit 0\n"})
		wantError(t, err, host.ErrNotLive)
	}},
	{name: "hands over a check's exit code", needs: hasScripts, run: func(t *testing.T, s *suite) {
		for _, code := range []int{0, 1, 3, 127} {
			s.wantCode(t, fmt.Sprintf("exit %d\n", code), code)
		}
		s.wantCode(t, "kill -9 $$\n", 137)
	}},
	{name: "runs a check by the program of its first line", needs: hasScripts, run: func(t *testing.T, s *suite) {
		s.wantCode(t, "#!/bin/sh -e\nfalse\nexit 0\n", 1)
		for _, first := range []string{"#!/no/such/program", "#!python3"} {
			if got, err := s.Check(t.Context(), host.Script{Content: first + "\nexit 0\n"}); err == nil {
				t.Errorf("%s: got %+v, want an error", first, got)
			}
		}
	}},
	{name: "lets a check change nothing", needs: hasScripts, run: func(t *testing.T, s *suite) {
		s.write(t, s.at("there"), "before")
		s.wantCode(t, "[ \"$(cat "+s.at("there")+")\" = before ]\n", 0)
		for _, line := range []string{": > there", ": > made", "rm -f there || exit 5; [ -e there ]", "mkdir folder"} {
			script := fmt.Sprintf("cd %s\n%s\n", s.folder, line)
			if got, err := s.Check(t.Context(), host.Script{Content: script}); err != nil || got.Satisfied() {
				t.Errorf("%s: got %+v, %v, want it to fail", line, got, err)
			}
		}
		s.wantNames(t, s.folder, "there")
		s.wantContent(t, s.at("there"), "before")
	}},
	{name: "gives a check a place to write that nobody else sees", needs: hasScripts, run: func(t *testing.T, s *suite) {
		const name = "/tmp/hostler-conformance-of-checks"
		s.wantCode(t, "echo here > "+name+" && cat "+name+"\n", 0)
		_, err := s.Lstat(name)
		wantError(t, err, fs.ErrNotExist)
	}},
	{name: "gives a check a clean environment, / and nothing on standard input", needs: hasScripts, run: func(t *testing.T, s *suite) {
		s.wantCode(t, checkedEnvironment, 0)
	}},
	{name: "ends a check and its children when the deadline passes", needs: hasScripts, run: func(t *testing.T, s *suite) {
		_, err := s.Check(t.Context(), host.Script{Content: "sleep 3600 & wait\n", Timeout: 100 * time.Millisecond})
		wantError(t, err, host.ErrTimeout)
	}},
	{name: "starts no check when the context has ended", needs: hasScripts, run: func(t *testing.T, s *suite) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Check(ctx, host.Script{Content: "exit 0\n"})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}},
}

func (s *suite) wantCode(t *testing.T, script string, want int) {
	t.Helper()
	got, err := s.Check(t.Context(), host.Script{Content: script, NodeName: "node-7"})
	if err != nil || got.ExitCode != want {
		t.Errorf("%q: got %+v, %v, want exit code %d", script, got, err, want)
	}
}
