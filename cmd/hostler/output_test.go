package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
)

// sample uses every field.
func sample() *planDocument {
	return &planDocument{
		Node: "worker-1", NodeGroup: "worker", Revision: "worker-0123abcd", Impact: steps.Restart, Hash: "0123456789abcdef",
		Distro: distros.Distro{
			ID: "kali", Version: "2026.1", Name: "Kali", Family: distros.FamilyDebian, PackageManager: distros.Apt,
			TreatedAs: "Debian 13 (trixie)", Why: "found ID=kali",
		},
		Ops: []opElement{
			{Step: "packages", Key: "package:kubelet", Impact: steps.Restart, Undo: true, Diff: steps.Diff{
				Action: "upgrade", From: "1.35.4", To: "1.36.3", Notes: []string{"one minor version at a time"},
			}},
			{Step: "files", Key: "file:/etc/motd", Undo: true, Diff: steps.Diff{
				Action: "update", Text: "--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1 @@\n--- old\n+++ new\n",
			}},
			{Step: "sysctl", Key: "sysctl:vm.swappiness", Diff: steps.Diff{Action: "forget", From: "60", Irreversible: "the old value is not known"}},
			{Step: "sysctl", Key: "daemon-reload", Impact: steps.Reload, Undo: true, Deferred: true, Diff: steps.Diff{Action: "reload", To: "<units>"}},
		},
		Waits:    []remarkElement{{Step: "sysctl", Reason: "br_netfilter is not loaded yet"}},
		Warnings: []remarkElement{{Step: "swap", Reason: "zram stays"}},
	}
}

func TestOutputIsStable(t *testing.T) {
	t.Parallel()
	empty := &planDocument{NodeGroup: "worker", Ops: []opElement{}, Waits: []remarkElement{}, Warnings: []remarkElement{}}
	warned := *empty
	warned.Warnings = sample().Warnings
	ended := time.Date(2026, 11, 21, 10, 0, 9, 0, time.UTC)
	runs := []engine.Run{
		{Number: 12, Revision: "rollback of run 11", Impact: "None", Begun: ended, Outcome: engine.Interrupted, Ops: []engine.RunOp{{Step: "files", Key: "file:/etc/motd", State: "begun"}}},
		{Number: 11, Revision: "worker-0123abcd", Impact: "Restart", Begun: ended.Add(-9 * time.Second), Ended: ended, Outcome: engine.Done, RevertedBy: 12, Ops: []engine.RunOp{
			{Step: "files", Key: "file:/etc/motd", State: "done", Took: 2 * time.Millisecond},
			{Step: "cri/containerd", Key: "unit:containerd.service", State: "done", Took: 3 * time.Second},
		}},
		{Number: 10, Impact: "None", Begun: ended.Add(-time.Minute), Ended: ended, Outcome: engine.RolledBack, Ops: []engine.RunOp{}, Error: "unit x failed:\nlast line"},
	}
	for name, print := range map[string]func(*bytes.Buffer) error{
		"plan.json":        func(b *bytes.Buffer) error { return printJSON(b, sample()) },
		"plan-empty.json":  func(b *bytes.Buffer) error { return printJSON(b, empty) },
		"plan.txt":         func(b *bytes.Buffer) error { printPlan(b, sample()); return nil },
		"plan-short.txt":   func(b *bytes.Buffer) error { printShortPlan(b, sample()); return nil },
		"plan-empty.txt":   func(b *bytes.Buffer) error { printPlan(b, &warned); return nil },
		"verify.txt":       func(b *bytes.Buffer) error { printDrift(b, sample()); return nil },
		"verify-empty.txt": func(b *bytes.Buffer) error { printDrift(b, &warned); return nil },
		"applied.json": func(b *bytes.Buffer) error {
			return printJSON(b, applied{Run: 3, Outcome: engine.Failed, Ops: 2, TookSeconds: 1.5, Error: "x", Plan: empty, Warnings: warned.Warnings})
		},
		"history.json":    func(b *bytes.Buffer) error { return printJSON(b, runs) },
		"history.txt":     func(b *bytes.Buffer) error { return printHistory(b, runs, false) },
		"history-ops.txt": func(b *bytes.Buffer) error { return printHistory(b, runs, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := print(&got); err != nil {
				t.Fatal(err)
			}
			compareGolden(t, "testdata/output/"+name, got.Bytes())
		})
	}
}

// compareGolden compares with a file, which -update writes. It fails then too, so
// that nobody forgets to look.
func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written anew: look at it and run again without -update", name)
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	image := &settings{root: "/mnt/image", image: true}
	host := &settings{root: "/"}
	for _, c := range []struct {
		settings *settings
		result   engine.Result
		want     string
	}{
		{host, engine.Result{}, ""},
		{host, engine.Result{Outcome: engine.Converged}, "Nothing to do: the host is as the NodeGroup says."},
		{host, engine.Result{Outcome: engine.Done, Run: 2, Ops: 1, Took: 1234 * time.Millisecond}, "Done: run 2, 1 op in 1.2s. `hostler rollback` takes it back."},
		{image, engine.Result{Outcome: engine.Interrupted, Run: 2}, "Interrupted: run 2 goes on with the next apply, and back with `hostler rollback --root /mnt/image --image`."},
		{host, engine.Result{Outcome: engine.Restarting, Run: 2}, "The machine restarts: run 2 goes on after the boot, with the next apply or by the agent."},
		{host, engine.Result{Outcome: engine.RolledBack, Run: 2}, "Rolled back: run 2 failed, and the host is as it was before."},
		{host, engine.Result{Outcome: engine.Failed, Run: 2}, "Failed: run 2 could not be taken back whole; `hostler history --ops` shows what remains."},
		{host, engine.Result{Outcome: engine.Stopped, Run: 2}, "Stopped: run 2 got nothing done in boot after boot; `hostler history --ops` shows where it stands."},
	} {
		if got := c.settings.sentence(c.result, true); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got, want := host.sentence(engine.Result{Outcome: engine.Done, Run: 3, Ops: 2}, false), "Done: run 3, 2 ops."; got != want {
		t.Errorf("got %q for a rollback, want %q", got, want)
	}
}
