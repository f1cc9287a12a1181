package node_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func openCache(t *testing.T, r *rig) *node.Cache {
	t.Helper()
	cache, err := node.OpenCache(r.state)
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

var oneTwo = map[string]string{"/etc/one": "1", "/etc/two": "2"}

// killed brings a rig to where the process was killed, by an event of the engine, in the middle of the run of a revision that
// drains. The run is made by hand, with what the agent would have noted of it.
func killed(t *testing.T, when func(engine.Event) bool) (r *rig, revision string) {
	t.Helper()
	r = newRig(t)
	r.start()
	revision = r.revise(withFiles("Drain", oneTwo))
	status := r.phase(v1alpha1.PhaseWaitingForApproval)
	r.want(func(s *v1alpha1.ManagedNodeSpec) {
		s.Approval = &v1alpha1.Approval{Revision: revision, Plan: status.Plan.Hash, At: at(1)}
	})
	r.until("the start", func() bool { return r.source.last().Phase != v1alpha1.PhaseWaitingForApproval })
	r.stop()
	if err := openCache(t, r).SetMemory(&node.Memory{Run: &node.Leave{Revision: revision, Ceiling: steps.Reboot, Approved: at(1)}}); err != nil {
		t.Fatal(err)
	}
	reached := false
	r.onEvent = func(e engine.Event) {
		if when(e) {
			reached = true
			runtime.Goexit()
		}
	}
	w, err := r.Wish(r.source.revisions[revision])
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.Apply(context.Background(), steps.Reboot)
	}()
	<-done
	r.onEvent = nil
	if !reached {
		t.Fatalf("the run ended (%s) before the event at which it was to be killed", r.outcomes())
	}
	return r, revision
}

func begun(key string) func(engine.Event) bool {
	return func(e engine.Event) bool { return e.Kind == engine.OpBegun && e.Op.Key() == key }
}

func TestARunThatWasCutShort(t *testing.T) {
	t.Parallel()
	t.Run("by the service manager is gone on with", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.onEvent = func(e engine.Event) {
			if e.Kind == engine.OpMade && e.Op.Key() == "file:/etc/one" {
				r.cancel()
			}
		}
		r.start()
		revision := r.revise(withFiles("None", oneTwo))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		r.until("the end of the agent", func() bool { return r.noted("STOPPING=1") })
		r.stop()
		r.onEvent = nil
		r.wantOutcomes("interrupted")
		r.wantFile("/etc/two", "")
		r.start()
		if got := r.phase(v1alpha1.PhaseUpToDate); got.AppliedRevision != revision {
			t.Errorf("got %q applied, want %s", got.AppliedRevision, revision)
		}
		r.wantFile("/etc/two", "2")
		r.wantOutcomes("done")
	})
	t.Run("by a kill is finished under the leave that it had, though the source is away", func(t *testing.T) {
		t.Parallel()
		r, _ := killed(t, begun("file:/etc/two"))
		r.wantFile("/etc/two", "")
		r.source.say(node.News{Away: context.DeadlineExceeded})
		r.start()
		r.until("the end of the run", func() bool { return r.outcomes() == "done" })
		r.wantFile("/etc/two", "2")
	})
	t.Run("is finished before the source has said anything", func(t *testing.T) {
		t.Parallel()
		r, _ := killed(t, begun("file:/etc/two"))
		r.source.news = nil
		r.start()
		r.until("the end of the run", func() bool { return r.outcomes() == "done" })
		r.until("READY=1", func() bool { return r.noted("READY=1") })
	})
	t.Run("on its way back goes back to the end, and is not tried again", func(t *testing.T) {
		t.Parallel()
		r, revision := killedGoingBack(t)
		r.host.Heal()
		r.start()
		status := r.phase(v1alpha1.PhaseRolledBack)
		r.wantFile("/etc/one", "")
		if first := at(1); status.Failure.Revision != revision || !status.Failure.Approved.Equal(&first) {
			t.Errorf("got %+v, want the failure of %s under its approval", status.Failure, revision)
		}
		r.wantOutcomes("rolled back")
	})
	t.Run("goes back where its revision is not to be had any more", func(t *testing.T) {
		t.Parallel()
		r, _ := killed(t, begun("file:/etc/two"))
		if err := openCache(t, r).Prune(); err != nil {
			t.Fatal(err)
		}
		r.source.say(node.News{Away: context.DeadlineExceeded})
		r.start()
		r.until("the end of the run", func() bool { return r.outcomes() == "rolled back" })
		r.wantFile("/etc/one", "")
	})
	t.Run("goes back where it costs more than it may", func(t *testing.T) {
		t.Parallel()
		r, revision := killed(t, begun("file:/etc/two"))
		if err := openCache(t, r).SetMemory(&node.Memory{Run: &node.Leave{Revision: revision, Ceiling: steps.Restart}}); err != nil {
			t.Fatal(err)
		}
		r.start()
		r.until("the end of the run", func() bool { return r.outcomes() == "rolled back" })
		r.wantFile("/etc/one", "")
	})
	t.Run("is finished though the ManagedNode is gone", func(t *testing.T) {
		t.Parallel()
		r, _ := killed(t, begun("file:/etc/two"))
		r.source.say(node.News{})
		r.start()
		r.until("the end of the run", func() bool { return r.outcomes() == "done" })
	})
}

// killedGoingBack brings a rig to where the process was killed while a failed run went back.
func killedGoingBack(t *testing.T) (*rig, string) {
	t.Helper()
	fault := hosttest.Fault{Method: "WriteFile", Subject: "/etc/two", Err: syscall.EROFS}
	r := newRig(t)
	r.host.Inject(fault)
	r.start()
	revision := r.revise(withFiles("None", oneTwo))
	r.phase(v1alpha1.PhaseWaitingForApproval)
	r.stop()
	if err := openCache(t, r).SetMemory(&node.Memory{Run: &node.Leave{Revision: revision, Approved: at(1)}}); err != nil {
		t.Fatal(err)
	}
	r.onEvent = func(e engine.Event) {
		if e.Kind == engine.OpBegun && e.Message == "undo" {
			runtime.Goexit()
		}
	}
	w, err := r.Wish(r.source.revisions[revision])
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.Apply(context.Background(), steps.Reboot)
	}()
	<-done
	r.onEvent = nil
	hash := r.source.last().Plan.Hash
	r.want(func(s *v1alpha1.ManagedNodeSpec) {
		s.Approval = &v1alpha1.Approval{Revision: revision, Plan: hash, At: at(1)}
	})
	if got := r.outcomes(); got != "interrupted" {
		t.Fatalf("got runs %q, want one that was cut short", got)
	}
	r.wantFile("/etc/one", "1")
	return r, revision
}

func TestACacheThatIsDamaged(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]string{
		"garbage":        "{",
		"nothing":        "",
		"another type":   `["x"]`,
		"zeros":          "\x00\x00\x00",
		"a foreign name": `{"name": "other-00000000", "spec": {}}`,
	} {
		t.Run("with "+name+" costs a question to the source, and nothing else", func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.start()
			revision := r.upToDate("None", map[string]string{motd: "hello"})
			r.stop()
			for _, file := range []string{"assignment.json", "revisions/" + revision + ".json"} {
				if err := os.WriteFile(filepath.Join(r.state, "agent", file), []byte(damage), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			fetched := r.source.fetched
			r.host.Change(hosttest.File(motd, "drifted"))
			r.start()
			r.until("the repair", func() bool { return r.file(motd) == "hello" })
			if r.source.fetched == fetched {
				t.Error("got no question to the source, want the revision fetched again")
			}
		})
	}
	t.Run("takes failures from the last report", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.host.Inject(hosttest.Fault{Method: "WriteFile", Subject: motd, Err: syscall.EROFS})
		r.start()
		r.revise(withFiles("None", map[string]string{motd: "hello"}))
		r.phase(v1alpha1.PhaseWaitingForApproval)
		r.approve(1)
		failure := r.phase(v1alpha1.PhaseRolledBack).Failure
		r.stop()
		r.host.Heal()
		if err := os.WriteFile(filepath.Join(r.state, "agent", "memory.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		again := *r.source.news.Assignment
		again.Reported = failure
		r.source.say(node.News{Assignment: &again})
		r.start()
		r.looks(2)
		r.phase(v1alpha1.PhaseRolledBack)
		r.wantOutcomes("rolled back")
	})
	t.Run("is for root alone", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.start()
		r.upToDate("None", map[string]string{motd: "hello"})
		r.stop()
		err := filepath.WalkDir(filepath.Join(r.state, "agent"), func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("got mode %v of %s, want it for root alone", info.Mode(), path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("keeps no path that leads out of it", func(t *testing.T) {
		t.Parallel()
		if _, err := openCache(t, newRig(t)).Revision("../memory"); err == nil || !strings.Contains(err.Error(), "no revision has such a name") {
			t.Errorf("got %v, want the name refused", err)
		}
	})
}
