package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestOldRunsGo(t *testing.T) {
	t.Parallel()

	t.Run("but for the newest twenty", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		for n := 1; n <= 23; n++ {
			r.mustApply(engine.Done, wantFile("a", "/etc/a", fmt.Sprint(n)))
		}
		runs := r.history()
		if first, last := runs[len(runs)-1].Number, runs[0].Number; len(runs) != 20 || first != 4 || last != 23 {
			t.Errorf("got %d runs from %d to %d, want 20 from 4 to 23", len(runs), first, last)
		}
	})

	t.Run("but not under a rollback that needs them and was cut short", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		before := r.snapshot()
		for n := 1; n <= 20; n++ {
			r.mustApply(engine.Done, wantFile("a", "/etc/a", fmt.Sprint(n)))
		}
		r.killed(at(engine.OpEnded, ""), func() { _, _ = r.rollback(1) })
		if _, err := r.rollback(0); err != nil {
			t.Fatal(err)
		}
		r.wantSnapshot(before, "after the rollback of twenty runs")
	})
}

func TestUnnamedContentsGo(t *testing.T) {
	t.Parallel()
	blob := func(r *rig, content string) string {
		sum := sha256.Sum256([]byte(content))
		name := hex.EncodeToString(sum[:])
		r.put("blobs/"+name, content)
		return name
	}
	t.Run("with the last run that could bring them back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		names := map[string]string{}
		for n := 0; n <= 22; n++ {
			content := fmt.Sprint(n)
			r.mustApply(engine.Done, wantFile("a", "/etc/a", content))
			names[blob(r, content)] = content
		}
		original := blob(r, "the original")
		names[original] = "the original"
		r.put("originals/x.json", fmt.Sprintf(`{"path":"/etc/x","kind":"file","blob":%q}`, original))
		r.put("blobs/.tmp-1", "half")
		names[".tmp-1"] = "somebody else's"
		r.mustApply(engine.Done, wantFile("a", "/etc/a", "last"))

		got := map[string]bool{}
		for _, name := range r.list("blobs") {
			got[names[name]] = true
		}
		want := map[string]bool{"the original": true, "somebody else's": true}
		for n := 3; n <= 22; n++ { // the run after the one that wrote n names it
			want[fmt.Sprint(n)] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("contents differ (-want +got):\n%s", diff)
		}
	})

	t.Run("but not what leaving gives back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/a", "before hostler"))
		name := blob(r, "before hostler")
		for n := range 23 {
			r.mustApply(engine.Done, wantFile("a", "/etc/a", fmt.Sprint(n)))
		}
		if got := r.list("blobs"); !cmp.Equal(got, []string{name}) {
			t.Errorf("got contents %v, want %s kept", got, name)
		}
	})

	t.Run("but not while a journal or an original cannot be read", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		name := blob(r, "needed")
		if err := os.MkdirAll(filepath.Join(r.state, "originals", "unreadable"), 0o700); err != nil {
			t.Fatal(err)
		}
		r.mustApply(engine.Done, wantFile("a", "/etc/a", "a"))
		if got := r.list("blobs"); !cmp.Equal(got, []string{name}) {
			t.Errorf("got contents %v, want %s kept", got, name)
		}
	})
}

// put writes a file into the state folder.
func (r *rig) put(name, content string) {
	path := filepath.Join(r.state, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		r.fail("writing %s: %v", path, err)
	}
}

func (r *rig) list(folder string) []string {
	entries, err := os.ReadDir(filepath.Join(r.state, folder))
	if err != nil {
		r.fail("listing: %v", err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
