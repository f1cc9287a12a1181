//go:build cluster

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// Where things are on a machine.
const (
	hostlerPath = "/usr/local/bin/hostler"
	groupFile   = "/root/group.yaml"
	stateDir    = "/var/lib/hostler"
)

// machine is a node of the test bed as an installer would leave it, with hostler on it.
type machine struct{ *cluster.Node }

// boot boots a bare machine. When the test fails, what the machine says about it is logged.
func boot(t *testing.T, config cluster.NodeConfig, binary string) machine {
	t.Helper()
	node, err := shared.Node(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	m := machine{node}
	t.Cleanup(func() {
		if t.Failed() {
			m.logEvidence(t)
		}
		// Its memory and its share of the processors are for the tests that follow.
		if err := node.PowerCut(context.Background()); err != nil {
			t.Error(err)
		}
	})
	must(t, node.CopyIn(t.Context(), binary, hostlerPath))
	if slices.Contains(cluster.Suites, node.Suite) {
		must(t, bed.Mirror(t.Context(), shared, node))
	}
	return m
}

// logEvidence logs what a person would look at first. The test's own context has ended.
func (m machine) logEvidence(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, script := range []string{
		"hostler history --ops",
		"systemctl status --state=failed --full --no-pager || true",
		"journalctl --boot --unit=containerd --lines=30 --no-pager --output=short-monotonic",
		"journalctl --boot --unit=kubelet --lines=40 --no-pager --output=short-monotonic",
	} {
		out, err := m.Shell(ctx, script)
		if err != nil {
			out += err.Error()
		}
		t.Logf("%s# %s\n%s", m.Name, script, out)
	}
}

// result is how a command ended.
type result struct {
	command        string
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("%s: exit code %d\n%s%s", r.command, r.code, r.stdout, r.stderr)
}

// hostler runs hostler on the machine, with NAME=VALUE before the command as in a shell.
func (m machine) hostler(t *testing.T, args ...string) result {
	t.Helper()
	at := slices.IndexFunc(args, func(arg string) bool { return !strings.Contains(arg, "=") })
	argv := slices.Concat([]string{"env"}, args[:at], []string{hostlerPath}, args[at:])
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd, err := m.Command(ctx, argv...)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s# hostler %s: %v\n%s%s", m.Name, strings.Join(args, " "), errors.Join(err, ctx.Err()), &stdout, &stderr)
	}
	return result{
		command: m.Name + "# hostler " + strings.Join(args, " "), code: cmd.ProcessState.ExitCode(),
		stdout: stdout.String(), stderr: stderr.String(),
	}
}

// wantHostler runs hostler and ends the test unless the exit code is the wanted one.
func (m machine) wantHostler(t *testing.T, code int, args ...string) result {
	t.Helper()
	r := m.hostler(t, args...)
	if r.code != code {
		t.Fatalf("want exit code %d, got %s", code, r)
	}
	return r
}

// converged ends the test unless verify finds nothing.
func (m machine) converged(t *testing.T) {
	t.Helper()
	m.wantHostler(t, 0, "verify", "-f", groupFile)
}

// output runs a command on the machine, which must succeed.
func (m machine) output(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := m.Output(t.Context(), argv...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// shell runs a script on the machine, which must succeed.
func (m machine) shell(t *testing.T, script string) string {
	t.Helper()
	return m.output(t, "sh", "-e", "-c", script)
}

// give writes a NodeGroup to the machine.
func (m machine) give(t *testing.T, group string) {
	t.Helper()
	must(t, m.WriteFile(t.Context(), groupFile, group, 0o644))
}

// document is a plan as `plan -o json` prints it.
type document struct {
	Node, NodeGroup, Revision, Impact, Hash string
	Distro                                  struct{ ID, Version, Family, PackageManager string }
	Ops                                     []plannedOp
	Waits, Warnings                         []struct{ Step, Reason string }
}

type plannedOp struct {
	Step, Key, Action, Impact, From, To string
	Undo                                bool
}

// plan plans, which must find something missing.
func (m machine) plan(t *testing.T) document {
	t.Helper()
	return readDocument(t, m.wantHostler(t, 3, "plan", "-f", groupFile, "-o", "json").stdout)
}

func readDocument(t *testing.T, text string) document {
	t.Helper()
	var d document
	must(t, json.Unmarshal([]byte(text), &d))
	return d
}

func (d document) keys() []string {
	keys := make([]string, 0, len(d.Ops))
	for _, op := range d.Ops {
		keys = append(keys, op.Key)
	}
	return keys
}

// runs is the history, newest first.
func (m machine) runs(t *testing.T) []pastRun {
	t.Helper()
	var runs []pastRun
	must(t, json.Unmarshal([]byte(m.wantHostler(t, 0, "history", "-o", "json").stdout), &runs))
	return runs
}

type pastRun struct {
	Run     int
	Outcome string
	Impact  string
	Ops     []struct{ Step, Key, State string }
}

func (r pastRun) keys() []string {
	keys := make([]string, 0, len(r.Ops))
	for _, op := range r.Ops {
		keys = append(keys, op.Key)
	}
	return keys
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
