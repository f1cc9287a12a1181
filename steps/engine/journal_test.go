package engine_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

var update = flag.Bool("update", false, "write golden files; the test fails all the same, so that they are looked at")

var times = regexp.MustCompile(`"time":"[^"]+"`)

// Journals outlive versions: what an old one wrote, a new one must read.
func TestJournalFormatIsStable(t *testing.T) {
	t.Parallel()
	var data []byte
	synctest.Test(t, func(t *testing.T) { data = longRun(t) })
	got := times.ReplaceAllString(string(data), `"time":"…"`)
	const golden = "testdata/journal.golden"
	want, err := os.ReadFile(golden)
	if err == nil && string(want) == got {
		return
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("journal differs from %s (-want +got):\n%s", golden, cmp.Diff(string(want), got))
}

// longRun is the journal of a run with a record of every type.
func longRun(t *testing.T) []byte {
	t.Helper()
	r := newRig(t, running("a.service"), service("c.service"), hosttest.File("/etc/a", "old\n"), hosttest.OnJob("c.service", hosttest.JobFails("no")))
	r.opts.Probes = []steps.Probe{wellProbe("api"), absentProbe("kubelet")}
	list := []steps.Step{
		wantFile("files", "/etc/a", "new\n", restart("a.service")),
		optional{always("extra", restart("a.service"), slow{Path: "/no/file"})},
	}
	r.killedInApply(at(engine.OpMade, "file:/etc/a"), list...)
	r.killedInApply(at(engine.StepGaveUp, ""), list...)
	list[1] = wantFile("more", "/etc/b", "new\n", restart("a.service"))
	r.opts.Revision = "r2"
	if _, err := r.apply(append(list, wantActive("c", "c.service"))...); !errors.Is(err, engine.ErrRolledBack) {
		t.Fatalf("got %v, want a rollback", err)
	}
	data, err := os.ReadFile(r.journalPath(1))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// cutShort leaves a run with one op done and a restart owed.
func cutShort(t *testing.T) (*rig, []steps.Step) {
	t.Helper()
	r := newRig(t, running("a.service"))
	list := []steps.Step{wantFile("a", "/etc/a", "a", restart("a.service")), wantFile("b", "/etc/b", "b")}
	r.killedInApply(at(engine.OpBegun, "file:/etc/b"), list...)
	return r, list
}

func (r *rig) editJournal(run int, edit func(string) string) {
	data, err := os.ReadFile(r.journalPath(run))
	if err == nil {
		err = os.WriteFile(r.journalPath(run), []byte(edit(string(data))), 0o600)
	}
	if err != nil {
		r.fail("editing the journal: %v", err)
	}
}

func TestTornJournal(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"half a record":         `{"type":"done","se`,
		"a record less newline": `{"type":"done","time":"2026-01-01T00:00:00Z","seq":2}`,
		"zeros":                 "\x00\x00\x00\x00",
	} {
		t.Run("is gone on with after "+name, func(t *testing.T) {
			t.Parallel()
			r, list := cutShort(t)
			r.editJournal(1, func(text string) string { return text + end })
			r.mustApply(engine.Done, list...)
			wantJobs(t, r, "restart a.service")
			if lines := r.journal(1); lines[len(lines)-1].Outcome != "done" {
				t.Errorf("the journal ends with %+v, want a whole one that ends well", lines[len(lines)-1])
			}
		})
	}
	t.Run("is no run when not even the begin is whole", func(t *testing.T) {
		t.Parallel()
		r, list := cutShort(t)
		r.editJournal(1, func(string) string { return `{"type":"beg` })
		if result := r.mustApply(engine.Done, list...); result.Run != 2 {
			t.Errorf("got run %d, want the next, 2", result.Run)
		}
	})
}

func TestUnreadableJournal(t *testing.T) {
	t.Parallel()
	record := func(n int, old, new string) func(string) string {
		return func(text string) string {
			lines := strings.SplitAfter(text, "\n")
			lines[n-1] = strings.Replace(lines[n-1], old, new, 1)
			return strings.Join(lines, "")
		}
	}
	for name, c := range map[string]struct {
		edit func(string) string
		want []string
	}{
		"a damaged line in the middle":     {record(2, `"type"`, `"ty`), []string{"journal:2 is damaged", "move ", "runs/1 away"}},
		"a lost first line":                {func(s string) string { _, rest, _ := strings.Cut(s, "\n"); return rest }, []string{"run 1", `starts with a "ask" record`}},
		"a record of a newer version":      {record(4, `"done"`, `"teleported"`), []string{"run 1", `"teleported"`, "newer"}},
		"an end of an op that never began": {record(4, `"seq":1`, `"seq":7`), []string{"run 1", "ends op 7"}},
		"an asked op of a newer version":   {record(2, `"kind":"job"`, `"kind":"portal"`), []string{"run 1", `"portal"`, "newer"}},
		"an asked op that is not deferred": {record(2, `{"kind":"job","op":{"unit":"a.service","verb":"restart","cost":"Restart","why":"configuration changed"}}`,
			`{"kind":"remove","op":{"path":"/","cost":"None"}}`), []string{"run 1", "not a deferred op"}},
		"a way back of a newer version": {record(3, `"undo":{"kind":"remove"`, `"undo":{"kind":"portal"`), []string{"run 1", "file:/etc/a", `"portal"`, "newer"}},
	} {
		t.Run("stops apply and rollback before they touch the host: "+name, func(t *testing.T) {
			t.Parallel()
			r, list := cutShort(t)
			r.editJournal(1, c.edit)
			before := r.host.Snapshot()
			_, err := r.apply(list...)
			wantError(t, err, nil, c.want...)
			_, err = r.rollback(0)
			wantError(t, err, nil, c.want...)
			if diff := cmp.Diff(before, r.host.Snapshot()); diff != "" {
				t.Errorf("the host changed (-want +got):\n%s", diff)
			}
		})
	}
}

// fullDisk is a journal on a disk with room for so many bytes.
type fullDisk struct {
	engine.JournalFile
	room *int
}

func (f fullDisk) Write(data []byte) (int, error) {
	if len(data) <= *f.room {
		*f.room -= len(data)
		return f.JournalFile.Write(data)
	}
	n, err := f.JournalFile.Write(data[:*f.room])
	*f.room = 0
	return n, errors.Join(syscall.ENOSPC, err)
}

// noReserve is a journal for which there is no room at all.
type noReserve struct {
	engine.JournalFile
	err error
}

func (f noReserve) Reserve(int64) error { return f.err }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	list := []steps.Step{wantFile("a", "/etc/new/a", "a", restart("a.service")), wantFile("b", "/etc/b", "b")}

	t.Run("keeps a run from being begun", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		before := r.host.Snapshot()
		r.tune = func(e *engine.Engine) {
			e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return noReserve{f, syscall.ENOSPC} })
		}
		_, err := r.apply(list...)
		wantError(t, err, []error{syscall.ENOSPC}, "nothing was changed")
		if diff := cmp.Diff(before, r.host.Snapshot()); diff != "" || r.outcomes() != "" {
			t.Errorf("got runs %q, want none, and the host untouched (-want +got):\n%s", r.outcomes(), diff)
		}
		r.tune = nil
		r.mustApply(engine.Done, list...)
	})

	t.Run("does not matter to a file system that cannot reserve", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, running("a.service"))
		r.tune = func(e *engine.Engine) {
			e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return noReserve{f, syscall.EOPNOTSUPP} })
		}
		r.mustApply(engine.Done, list...)
	})

	r := newRig(t, running("a.service"))
	r.mustApply(engine.Done, list...)
	info, err := os.Stat(r.journalPath(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("takes the run back wherever it comes, and the next apply works", func(t *testing.T) {
		t.Parallel()
		for room := 0; room < int(info.Size()); room += 37 {
			fillUp(t, room, list)
		}
	})
}

// fillUp applies on a disk with room for so many bytes of journal.
func fillUp(t *testing.T, room int, list []steps.Step) {
	t.Helper()
	r := newRig(t, running("a.service"))
	before, left := r.snapshot(), room
	r.tune = func(e *engine.Engine) {
		e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return fullDisk{f, &left} })
	}
	result, err := r.apply(list...)
	wantError(t, err, []error{syscall.ENOSPC})
	if result.Outcome != engine.Done { // only its end was not written
		r.wantSnapshot(before, "with a disk that is full")
	}
	r.tune = nil
	if _, err := r.apply(list...); err != nil {
		t.Errorf("room for %d bytes: applying with room again: %v", room, err)
	}
	if r.host.Content("/etc/new/a") != "a" || r.host.Content("/etc/b") != "b" {
		t.Errorf("room for %d bytes: the host is not as wished after the second apply", room)
	}
	r.history() // fails where half a record is left in the middle
}

// hiccup is a journal whose disk is full for one write, in the middle of a record.
type hiccup struct {
	engine.JournalFile
	countdown *int
}

func (f hiccup) Write(data []byte) (int, error) {
	if *f.countdown--; *f.countdown != 0 {
		return f.JournalFile.Write(data)
	}
	n, err := f.JournalFile.Write(data[:len(data)/2])
	return n, errors.Join(syscall.ENOSPC, err)
}

func TestDiskThatIsFullForAMoment(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 9; n++ { // begin, ask, do and done of three ops, end
		r := newRig(t, running("a.service"))
		before, countdown := r.snapshot(), n
		r.tune = func(e *engine.Engine) {
			e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return hiccup{f, &countdown} })
		}
		result, err := r.apply(wantFile("a", "/etc/new/a", "a", restart("a.service")), wantFile("b", "/etc/b", "b"))
		wantError(t, err, []error{syscall.ENOSPC})
		if result.Outcome == engine.Done {
			continue // only its end was not written
		}
		r.wantSnapshot(before, "with a disk that was full for a moment")
		if got := r.outcomes(); n > 1 && got != "1 rolled back" {
			t.Errorf("write %d fails: got runs %q, want a journal that tells of the rollback", n, got)
		}
	}
}

// watched notices a record that is not synced when the host is touched.
type watched struct {
	engine.JournalFile
	dirty *bool
}

func (f watched) Write(data []byte) (int, error) { *f.dirty = true; return f.JournalFile.Write(data) }
func (f watched) Sync() error                    { *f.dirty = false; return f.JournalFile.Sync() }

func TestJournalIsOnDiskBeforeTheHostIsTouched(t *testing.T) {
	t.Parallel()
	r := newRig(t, running("a.service"))
	dirty := false
	r.tune = func(e *engine.Engine) {
		e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return watched{f, &dirty} })
	}
	r.onEvent = func(event engine.Event) {
		if dirty {
			t.Errorf("at event %d of %v a record is not synced", event.Kind, event.Op)
		}
	}
	r.mustApply(engine.Done, wantFile("a", "/etc/a", "a", restart("a.service")))
}

func TestUnusableStateFolder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ blocked, want string }{
		"is a file":                {"", "making the state directory"},
		"has a folder as its lock": {"lock/x", "opening the lock"},
		"has a file for its runs":  {"runs", "runs"},
	} {
		t.Run("changes nothing when it "+name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.state = filepath.Join(r.state, "state")
			blocked := filepath.Join(r.state, c.blocked)
			if err := os.MkdirAll(filepath.Dir(blocked), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(blocked, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			before := r.host.Snapshot()
			_, err := r.apply(always("a", op.File{Path: "/etc/a", Attr: host.Attr{Mode: 0o644}}))
			wantError(t, err, nil, c.want, r.state)
			if diff := cmp.Diff(before, r.host.Snapshot()); diff != "" {
				t.Errorf("the host changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADamagedOldJournalHidesNoOtherRun(t *testing.T) {
	t.Parallel()
	r, before := threeRuns(t)
	r.editJournal(2, func(text string) string { return strings.Replace(text, `"type"`, `"ty`, 1) })
	history := r.history()
	if len(history) != 3 {
		t.Fatalf("got %d runs in the history, want 3", len(history))
	}
	if got := history[1]; got.Number != 2 || got.Outcome != engine.Damaged || !strings.Contains(got.Error, "journal:1 is damaged") {
		t.Errorf("got %+v, want run 2 to be damaged, and why", got)
	}
	if _, err := r.rollback(0); err != nil {
		t.Fatalf("rolling back the newest run, which is whole: %v", err)
	}
	r.wantSnapshot(before[2], "after the rollback of run 3")
	_, err := r.rollback(1)
	wantError(t, err, nil, "journal:1 is damaged")
	r.wantSnapshot(before[2], "after a rollback that would have to cross the damaged run")
}
