package scripts

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Which says which script of a configuration an op runs.
type Which string

// The scripts that ops run.
const (
	Apply Which = "apply"
	Undo  Which = "undo"
)

// Run runs a script of a configuration. It holds all three, because each is the way
// back of another.
type Run struct {
	Spec   Spec  `json:"spec"`
	Script Which `json:"script"`
}

// Kinds are the ops of this package by their names in journals; see op.Kinds.
func Kinds() map[string]steps.Op { return map[string]steps.Op{"script": Run{}} }

// Key is "script:" and the configuration's name.
func (o Run) Key() string { return "script:" + o.Spec.Name }

// Impact is the configuration's.
func (o Run) Impact() steps.Impact { return o.Spec.Impact }

// Diff shows the script as it is: it is in the API for all to read.
func (o Run) Diff() steps.Diff {
	if o.Script == Undo {
		return steps.Diff{Action: "undo", Text: o.Spec.Undo}
	}
	diff := steps.Diff{Action: "run", Text: o.Spec.Apply}
	if o.Spec.Undo == "" {
		diff.Irreversible = "the configuration has no undo script"
	}
	return diff
}

// Inverse is the other script; nil where there is none.
func (o Run) Inverse(context.Context, host.View) (steps.Op, error) {
	switch {
	case o.Script == Undo:
		return Run{Spec: o.Spec, Script: Apply}, nil
	case o.Spec.Undo == "":
		return nil, nil
	}
	return Run{Spec: o.Spec, Script: Undo}, nil
}

// Do runs undo, or apply where check asks for it; then check decides whether apply
// succeeded, whatever it says itself.
func (o Run) Do(ctx context.Context, h host.Host) error {
	if o.Script == Undo {
		return o.execute(ctx, h, o.Spec.Undo)
	}
	before, err := h.Check(ctx, o.Spec.check())
	if err != nil || before.Satisfied() {
		return err
	}
	if err := o.execute(ctx, h, o.Spec.Apply); err != nil {
		return err
	}
	after, err := h.Check(ctx, o.Spec.check())
	if err != nil {
		return fmt.Errorf("check after apply: %w", err)
	}
	if !after.Satisfied() {
		return fmt.Errorf("apply ended with 0, and check still says that something is left to do (exit code %d); what apply printed is in %s on the node",
			after.ExitCode, OutputPath(o.Spec.Name))
	}
	return nil
}

// wrapper joins what the script prints in the order in which it does, and takes away
// what host.Command's environment has beside the one that scripts are promised.
const wrapper = `unset LC_ALL; exec "$@" 2>&1`

// execute runs a script from a file that only root may read, and keeps what it prints.
func (o Run) execute(ctx context.Context, h host.Host, script string) error {
	interpreter, err := host.Interpreter(script)
	if err != nil {
		return err
	}
	at := path.Join(scriptFolder, o.Spec.Name+"."+string(o.Script))
	if err := writePrivate(h, at, []byte(script)); err != nil {
		return err
	}
	began := time.Now()
	argv := append([]string{"/bin/sh", "-c", wrapper, "sh"}, interpreter...)
	out, err := h.Run(ctx, host.Command{
		Argv: append(argv, at), Timeout: o.Spec.timeout(),
		Env: []string{"LANG=C.UTF-8", "HOSTLER_NODE_NAME=" + o.Spec.NodeName},
	})
	if err != nil {
		err = o.failure(err, time.Since(began))
	}
	return errors.Join(err, writePrivate(h, OutputPath(o.Spec.Name), out.Stdout), h.Remove(at))
}

// failure says how a script ended, and nothing of what it printed.
func (o Run) failure(err error, took time.Duration) error {
	took = took.Round(time.Millisecond)
	var failed *host.CommandError
	if !errors.As(err, &failed) {
		return fmt.Errorf("%s failed after %s: %w", o.Script, took, err)
	}
	how := fmt.Errorf("exit code %d", failed.ExitCode)
	if failed.Err != nil {
		how = failed.Err
	}
	return fmt.Errorf("%s failed after %s: %w; what it printed is in %s on the node", o.Script, took, how, OutputPath(o.Spec.Name))
}

// writePrivate writes a file in a folder of the state folder.
func writePrivate(h host.Host, file string, content []byte) error {
	for _, folder := range []string{host.DefaultStateDir, path.Dir(file)} {
		if err := h.Mkdir(folder, host.Attr{Mode: 0o700}); err != nil {
			return err
		}
	}
	return h.WriteFile(file, content, host.Attr{Mode: 0o600})
}
