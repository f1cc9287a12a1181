//go:build cluster

package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// killed is the exit code of a command that SIGKILL ended.
const killed = 128 + 9

// round is one apply that is killed.
type round struct {
	name string
	at   int // the event of the run at which it happens, from 1
}

// killedMachine is the machine of TestKill, and how it is when nobody kills anything.
type killedMachine struct {
	machine
	before, after facts
	ops           []string // keys, in the order in which they ran
}

// TestKill ends `hostler apply` with SIGKILL. Between the rounds the machine is rolled back to what it was.
func TestKill(t *testing.T) {
	t.Parallel()
	k := &killedMachine{machine: boot(t, cluster.NodeConfig{Name: "killed"}, binaries.faults)}
	demo := repository(t, cluster.RepositoryDemo)
	must(t, bed.Key(t.Context(), k.Node, demo))

	t.Run("while containerd is being installed", func(t *testing.T) {
		k.give(t, systemGroup(t))
		keys := k.plan(t).keys()
		at := firstEvent(slices.Index(keys, "package:containerd")) + 1 // it is installed, and the journal does not say so yet
		k.killAndGoOn(t, at)
	})
	if t.Failed() {
		t.FailNow()
	}

	// From here on containerd is there, so that a round is short, and a small package takes its place.
	k.give(t, systemGroup(t, moreOfEverything, addRepository(t, cluster.RepositoryDemo), install("hostler-demo", "1.0-1")))
	k.before = k.look(t)
	k.wantHostler(t, 0, "apply", "-f", groupFile)
	k.after, k.ops = k.look(t), k.runs(t)[0].keys()
	k.rollBack(t)

	rounds := k.rounds(t)
	for _, r := range rounds {
		if !t.Run(r.name, func(t *testing.T) { k.round(t, r) }) {
			t.FailNow()
		}
	}
	t.Run("twice, the second time where the first had got to", func(t *testing.T) {
		k.kill(t, firstEvent(len(k.ops)/2), "apply", "-f", groupFile)
		k.kill(t, 3, "apply", "-f", groupFile)
		k.wantWhole(t)
		k.goOn(t)
		k.rollBack(t)
	})
	t.Run("and in rollback, which goes on", func(t *testing.T) {
		k.wantHostler(t, 0, "apply", "-f", groupFile)
		k.kill(t, firstEvent(len(k.ops)/2), "rollback")
		k.wantWhole(t)
		k.rollBack(t)
	})
}

// moreOfEverything is an op of each kind that a machine with containerd lacks.
func moreOfEverything(spec map[string]any) {
	system := bed.Child(spec, "operatingSystem")
	bed.Child(system, "sysctl")["net.ipv4.tcp_fin_timeout"] = "31"
	system["kernelModules"] = []any{"overlay", "br_netfilter", "nf_conntrack"}
	system["files"] = append(system["files"].([]any),
		map[string]any{"path": "/etc/profile.d/site.sh", "content": "export SITE=test\n", "mode": "0600", "owner": "daemon:daemon"},
		map[string]any{"path": "/etc/motd", "content": "Another message of the day.\n"})
	system["files"] = slices.DeleteFunc(system["files"].([]any), func(file any) bool {
		entry := file.(map[string]any)
		return entry["path"] == "/etc/motd" && entry["content"] != "Another message of the day.\n"
	})
	system["units"] = append(system["units"].([]any),
		map[string]any{"name": "e2scrub_all.timer", "masked": true},
		map[string]any{"name": "dpkg-db-backup.timer", "enabled": false, "state": "Stopped"})
	bed.Child(spec, "cri", "containerd")["maxConcurrentDownloads"] = int64(7)
}

// An op has three events: it is in the journal, it is made, its end is in the journal. One event comes before all ops.
const eventsPerOp = 3

// firstEvent is the first event of an op, counted from 0.
func firstEvent(op int) int { return 2 + eventsPerOp*op }

// rounds are all events of the run, or a sample: the ends, the package, and some spread over the rest.
func (k *killedMachine) rounds(t *testing.T) []round {
	t.Helper()
	last := firstEvent(len(k.ops)) // verifying, when all ops are done
	install := slices.Index(k.ops, "package:hostler-demo")
	if install < 0 {
		t.Fatalf("the run has no package to install: %q", k.ops)
	}
	var rounds []round
	add := func(at int) {
		name := fmt.Sprintf("at event %d", at)
		if op := (at - firstEvent(0)) / eventsPerOp; at > 1 && op < len(k.ops) {
			name += []string{", before ", ", in ", ", after "}[(at-firstEvent(0))%eventsPerOp] + strings.ReplaceAll(k.ops[op], "/", "_")
		}
		rounds = append(rounds, round{name, at})
	}
	if all() {
		for at := 1; at <= last; at++ {
			add(at)
		}
		return rounds
	}
	for _, at := range []int{1, firstEvent(1) + 1, firstEvent(install), firstEvent(len(k.ops)-2) + 1, last} {
		add(at)
	}
	return rounds
}

// round kills an apply on the machine as it was before, and lets the next one go on.
func (k *killedMachine) round(t *testing.T, r round) {
	k.kill(t, r.at, "apply", "-f", groupFile)
	k.wantWhole(t)
	k.goOn(t)
	k.rollBack(t)
}

// kill runs hostler, which must be ended by the signal at an event.
func (k *killedMachine) kill(t *testing.T, at int, args ...string) {
	t.Helper()
	k.wantHostler(t, killed, append([]string{"HOSTLER_TEST_KILL_AT=" + strconv.Itoa(at)}, args...)...)
}

func (k *killedMachine) killAndGoOn(t *testing.T, at int) {
	t.Helper()
	k.kill(t, at, "apply", "-f", groupFile)
	if got := k.runs(t)[0].Outcome; got != "interrupted" {
		t.Errorf("outcome of the run that was killed: got %q, want interrupted", got)
	}
	k.wantHostler(t, 0, "apply", "-f", groupFile)
	k.converged(t)
	if left := k.leftovers(t); left != "" {
		t.Errorf("temporary files are left: %s", left)
	}
}

// wantWhole checks that each file in /etc has the contents of before or of after.
func (k *killedMachine) wantWhole(t *testing.T) {
	t.Helper()
	now := k.look(t)
	if now["content /etc/motd"] == "" {
		t.Error("there is no /etc/motd")
	}
	for name, content := range now {
		if strings.HasPrefix(name, "content /etc/") && content != k.before[name] && content != k.after[name] && !strings.HasSuffix(name, ".hostler-tmp") {
			t.Errorf("%s: it is neither as before nor as wished", name)
		}
	}
}

// goOn applies again, to the end.
func (k *killedMachine) goOn(t *testing.T) {
	t.Helper()
	k.wantHostler(t, 0, "apply", "-f", groupFile)
	k.converged(t)
	wantSame(t, "the machine, compared with one on which nobody killed anything,", k.after, k.look(t), leftByPackages...)
	if left := k.leftovers(t); left != "" {
		t.Errorf("temporary files are left: %s", left)
	}
}

// rollBack takes the last run back.
func (k *killedMachine) rollBack(t *testing.T) {
	t.Helper()
	k.wantHostler(t, 0, "rollback")
	wantSame(t, "the machine after the rollback, compared with how it was before the run,", k.before, k.look(t), leftByPackages...)
	if left := k.leftovers(t); left != "" {
		t.Errorf("temporary files are left: %s", left)
	}
}
