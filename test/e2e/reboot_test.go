//go:build cluster

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// rebootable wants a file, and the machine restarted when it says that it must be.
func rebootable(spec map[string]any) {
	system := bed.Child(spec, "operatingSystem")
	system["reboot"] = "WhenRequired"
	system["files"] = []any{map[string]any{"path": "/etc/hostler-reboot", "content": "written before the restart\n"}}
}

// TestRestartOfTheMachine lets a run restart the machine, which ends hostler with all the rest, and goes on with the run in the next boot. In
// the end hostler leaves: what runs have done before and after the restart comes back all the same.
func TestRestartOfTheMachine(t *testing.T) {
	t.Parallel()
	m := boot(t, cluster.NodeConfig{Name: "restarted"}, binaries.plain)
	m.give(t, systemGroup(t, rebootable))
	bare := m.look(t)
	m.shell(t, "touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs")
	before, err := m.BootID(t.Context())
	must(t, err)

	r := m.wantHostler(t, 4, "apply", "-f", groupFile, "--max-impact", "Drain")
	if !strings.Contains(r.stderr, "machine:reboot") {
		t.Errorf("a run that may not restart the machine does not say so: %s", r)
	}
	m.restartedByApply(t, before)
	if runs := m.runs(t); len(runs) != 1 || runs[0].Outcome != "interrupted" || runs[0].Impact != "Reboot" {
		t.Fatalf("after the restart: got runs %+v, want one that waits to be gone on with", runs)
	}
	r = m.wantHostler(t, 0, "apply", "-f", groupFile)
	if !strings.Contains(r.stderr, "was cut short and goes on") {
		t.Errorf("apply does not say that it goes on: %s", r)
	}
	m.converged(t)
	ops := m.runs(t)[0].Ops
	if last := ops[len(ops)-1]; last.Key != "machine:reboot" || last.State != "done" {
		t.Errorf("got last op %+v, want the restart, done", last)
	}
	if !slices.ContainsFunc(ops, func(op struct{ Step, Key, State string }) bool { return op.Key == "file:/etc/hostler-reboot" }) {
		t.Errorf("got ops %+v, want the file too", ops)
	}

	m.wantHostler(t, 0, "rollback")
	m.shell(t, "! test -e /etc/hostler-reboot")
	after, err := m.BootID(t.Context())
	must(t, err)
	m.wantHostler(t, 0, "apply", "-f", groupFile)
	if now, err := m.BootID(t.Context()); err != nil || now != after {
		t.Errorf("got boot %s, %v, want no further restart", now, err)
	}
	m.wantHostler(t, 0, "adopt", "-f", groupFile)
	m.wantHostler(t, 3, "leave")
	m.wantHostler(t, 0, "leave", "--yes")
	left := slices.Concat(leftByPackages, leftByNode, []exception{{"file /etc/cni*", "containerd makes the folder when it starts and there is none"}})
	wantSame(t, "the machine, compared with what it was before hostler came,", bare, m.look(t), left...)
	m.wantHostler(t, 0, "leave")
}

// restartedByApply runs apply until the machine has restarted under it. How apply ends is the shutdown's doing: told to stop, or killed.
func (m machine) restartedByApply(t *testing.T, before string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd, err := m.Command(ctx, hostlerPath, "apply", "-f", groupFile)
	must(t, err)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code == 0 || code == 1 {
		t.Fatalf("apply ended by itself: %v\n%s", err, out)
	}
	t.Logf("apply ended with %v:\n%s", err, out)
	must(t, m.WaitReboot(ctx, before))
}
