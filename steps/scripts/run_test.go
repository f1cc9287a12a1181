package scripts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const output = "/var/lib/hostler/output/banner.log"

func TestRunIsGivenAWorldOfItsOwn(t *testing.T) {
	t.Parallel()
	var got host.Command
	f := machine(hosttest.Handle("sh", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
		got = cmd
		if attr := f.Attr("/var/lib/hostler/scripts/banner.apply"); attr.Mode != 0o600 {
			t.Errorf("got a script of mode %v, want one that only root reads", attr.Mode)
		}
		return shell(f, cmd)
	}))
	spec := banner(func(s *Spec) { s.Apply = "#!/usr/bin/env python3\ntouch\n" })
	_ = Run{Spec: spec, Script: Apply}.Do(t.Context(), f) // the shell of this test knows no python
	want := host.Command{
		Argv:    []string{"/bin/sh", "-c", wrapper, "sh", "/usr/bin/env", "python3", "/var/lib/hostler/scripts/banner.apply"},
		Env:     []string{"LANG=C.UTF-8", "HOSTLER_NODE_NAME=node-7"},
		Timeout: spec.Timeout,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	if left, err := f.ReadDir("/var/lib/hostler/scripts"); err != nil || len(left) > 0 {
		t.Errorf("got %q, %v left of the script, want nothing", left, err)
	}
}

func TestRunTellsHowAScriptEndedAndNotWhatItPrinted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*Spec)
		script Which
		want   string
	}{
		"apply that fails":           {func(s *Spec) { s.Apply = "exit 3\n" }, Apply, "apply failed after 0s: exit code 3; what it printed is in " + output},
		"apply that hangs":           {func(s *Spec) { s.Apply = "hang\n" }, Apply, "apply failed after 0s: deadline passed; what it printed is in " + output},
		"apply that does too little": {func(s *Spec) { s.Apply = "true\n" }, Apply, "check still says that something is left to do (exit code 1)"},
		"undo that fails":            {func(s *Spec) { s.Undo = "exit 3\n" }, Undo, "undo failed after 0s: exit code 3; what it printed is in " + output},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := machine()
			err := Run{Spec: banner(c.edit), Script: c.script}.Do(t.Context(), f)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
			if strings.Contains(err.Error(), "1234") {
				t.Errorf("got %v, which holds what the script printed", err)
			}
			if got := f.Content(output); got != "the secret is 1234\n" || f.Attr(output).Mode != 0o600 {
				t.Errorf("got output %q with mode %v, want all that was printed, for root only", got, f.Attr(output).Mode)
			}
			if mode := f.Attr("/var/lib/hostler/output").Mode; mode != 0o700 {
				t.Errorf("got an output folder of mode %v, want 0700", mode)
			}
		})
	}
}

func TestRunAppliesOnce(t *testing.T) {
	t.Parallel()
	f := machine()
	for range 2 {
		if err := (Run{Spec: banner(), Script: Apply}).Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	runs := 0
	for _, call := range f.Calls() {
		if call.Method == "Run" {
			runs++
		}
	}
	if runs != 1 {
		t.Errorf("got %d runs, want 1: the second time its check is satisfied", runs)
	}
}

func TestInverseIsTheOtherScript(t *testing.T) {
	t.Parallel()
	there, back := Run{Spec: banner(), Script: Apply}, Run{Spec: banner(), Script: Undo}
	for _, c := range []struct{ op, want steps.Op }{
		{there, back}, {back, there}, {Run{Spec: banner(func(s *Spec) { s.Undo = "" }), Script: Apply}, nil},
	} {
		got, err := c.op.Inverse(t.Context(), machine())
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("inverse of %v: error %v (-want +got):\n%s", c.op, err, diff)
		}
		if _, err := codec(t).Encode(c.op); err != nil {
			t.Error(err)
		}
	}
}

// The shell around a script is a program too, so a real one must understand it.
func TestWrapperRunsAScript(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "apply")
	content := "echo \"out $1 ${LC_ALL-unset}\"; echo err >&2; echo end; exit 4\n"
	if err := os.WriteFile(script, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", wrapper, "sh", "/bin/sh", script, "two words")
	cmd.Env = []string{"LC_ALL=C.UTF-8"}
	got, err := cmd.Output()
	var exit *exec.ExitError
	if want := "out two words unset\nerr\nend\n"; string(got) != want || !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("got %q, %v, want %q and exit code 4", got, err, want)
	}
}
