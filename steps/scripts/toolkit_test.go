package scripts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// banner wants a file; its scripts say "test FILE", "touch FILE" and "rm FILE", and
// the host of these tests understands no more.
func banner(edits ...func(*Spec)) Spec {
	s := Spec{
		Name: "banner", Check: "test /etc/banner\n", Apply: "touch /etc/banner\n", Undo: "rm /etc/banner\n",
		Impact: steps.Restart, Timeout: 2 * time.Minute, NodeName: "node-7",
	}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

// machine is a host whose shell can do what banner asks for.
func machine(more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{
		hosttest.Answers("", func(v host.View, script host.Script) (int, error) {
			if _, err := v.Lstat(strings.TrimSpace(strings.TrimPrefix(script.Content, "test "))); err != nil {
				return 1, nil //nolint:nilerr // that is the answer
			}
			return 0, nil
		}),
		hosttest.Handle("sh", shell),
	}, more...)...)
}

// shell runs the last argument's file.
func shell(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	file := cmd.Argv[len(cmd.Argv)-1]
	verb, argument, _ := strings.Cut(strings.TrimSpace(f.Content(file)), " ")
	out := host.Output{Stdout: []byte("the secret is 1234\n"), Stderr: []byte("1234\n")}
	switch verb {
	case "touch":
		f.Change(hosttest.File(argument, "welcome\n"))
	case "rm":
		f.Change(hosttest.Absent(argument))
	case "exit":
		return out, &host.CommandError{Command: cmd, ExitCode: 3, Stderr: "1234"}
	case "hang":
		return out, &host.CommandError{Command: cmd, ExitCode: -1, Stderr: "1234", Err: host.ErrTimeout}
	case "true":
	default:
		return out, fmt.Errorf("the shell of this test does not know %q", verb)
	}
	return out, nil
}

// applied is a machine on which hostler has applied the configurations.
func applied(t *testing.T, specs ...Spec) *hosttest.Fake {
	t.Helper()
	f := machine()
	for _, spec := range specs {
		ops, err := Step{spec}.Plan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range ops {
			if err := o.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	return f.Clone()
}

func codec(t *testing.T) *op.Codec {
	t.Helper()
	c, err := op.NewCodec(op.Kinds(), Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return c
}
