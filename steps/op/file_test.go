package op_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

func TestNewContent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host hosttest.Option
		want bool
	}{
		"is what a new file has":                 {hosttest.Absent("/etc/a"), true},
		"is what a changed file has":             {hosttest.File("/etc/a", "old"), true},
		"is not what a file of another mode has": {hosttest.FileWith("/etc/a", "new", host.Attr{Mode: 0o600}), false},
		"is not what a converged file has":       {hosttest.File("/etc/a", "new"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := hosttest.New(c.host)
			planned, err := op.PlanFile(f, op.FileWish{Path: "/etc/a", Content: []byte("new"), Attr: host.Attr{Mode: 0o644}})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := op.NewContent(f, planned); got != c.want || err != nil {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestPlanFile(t *testing.T) {
	t.Parallel()
	wish := op.FileWish{Path: "/etc/a", Content: []byte("one\ntwo\n"), Attr: host.Attr{Mode: 0o644}, Cost: steps.Reload}
	secret := wish
	secret.Attr = host.Attr{Mode: 0o640, GID: 7}
	for name, c := range map[string]struct {
		host []hosttest.Option
		wish op.FileWish
		want *steps.Diff
	}{
		"is nothing where all is as wished": {[]hosttest.Option{hosttest.File("/etc/a", "one\ntwo\n")}, wish, nil},
		"creates":                           {nil, wish, &steps.Diff{Action: "create", To: "0644 root:root", Text: "--- /dev/null\n+++ /etc/a\n@@ -0,0 +1,2 @@\n+one\n+two\n"}},
		"shows changed lines": {[]hosttest.Option{hosttest.File("/etc/a", "one\n2")}, wish,
			&steps.Diff{Action: "update", Text: "--- /etc/a\n+++ /etc/a\n@@ -1,2 +1,2 @@\n one\n-2\n\\ No newline at end of file\n+two\n"}},
		"shows a changed mode only": {[]hosttest.Option{hosttest.FileWith("/etc/a", "one\ntwo\n", host.Attr{Mode: 0o4755, UID: 1})}, wish,
			&steps.Diff{Action: "update", From: "0755 1:0", To: "0644 root:root"}},
		"hides a new secret": {nil, secret, &steps.Diff{Action: "create", To: "0640 0:7"}},
		"hides a changed secret": {[]hosttest.Option{hosttest.FileWith("/etc/a", "x", secret.Attr)}, secret,
			&steps.Diff{Action: "update", Notes: []string{"contents change; they are not shown because not everybody may read the file"}}},
		"hides what was a secret": {[]hosttest.Option{hosttest.FileWith("/etc/a", "x", secret.Attr)}, wish,
			&steps.Diff{Action: "update", From: "0640 0:7", To: "0644 root:root", Notes: []string{"contents change; they are not shown because not everybody may read the file"}}},
		"gives sizes of what is no text": {[]hosttest.Option{hosttest.File("/etc/a", "\x00")}, wish,
			&steps.Diff{Action: "update", Text: "binary or large contents: 1 bytes before, 8 bytes after\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := op.PlanFile(hosttest.New(c.host...), c.wish)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				if got != nil {
					t.Errorf("got %+v, want no op", got)
				}
				return
			}
			want := op.File{Path: c.wish.Path, Content: c.wish.Content, Attr: c.wish.Attr, Cost: steps.Reload, Shown: *c.want}
			if diff := cmp.Diff(steps.Op(want), got); diff != "" {
				t.Errorf("op (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanRefusesOtherThings(t *testing.T) {
	t.Parallel()
	there := hosttest.New(
		hosttest.Dir("/etc/d/inside", 0o755), hosttest.Link("/etc/link", "../outside"), hosttest.File("/etc/f", "f"),
	)
	file := func(name string) func() (steps.Op, error) {
		return func() (steps.Op, error) { return op.PlanFile(there, op.FileWish{Path: name}) }
	}
	for name, c := range map[string]struct {
		plan func() (steps.Op, error)
		want string
	}{
		"a folder in a file's place": {file("/etc/d"), "/etc/d is a directory where a file should be: move it away"},
		"a link in a file's place":   {file("/etc/link"), "/etc/link is a symbolic link to ../outside, and hostler writes only regular files: manage ../outside instead, or remove the link"},
		"a device in a file's place": {file("/dev/null"), "/dev/null is a"},
		"a file in a link's place":   {func() (steps.Op, error) { return op.PlanSymlink(there, "/etc/f", "x") }, "/etc/f is not a symbolic link"},
		"a file in a folder's place": {func() (steps.Op, error) { return op.PlanDirectory(there, "/etc/f", host.Attr{}) }, "/etc/f is not a directory: move it away"},
		"to remove a tree":           {func() (steps.Op, error) { return op.PlanRemove(there, "/etc/d") }, "/etc/d is a directory that is not empty (inside): remove it by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.plan()
			if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
				t.Errorf("got %v, %v, want an error that says %q", got, err, c.want)
			}
		})
	}
}

func TestPlansOfPaths(t *testing.T) {
	t.Parallel()
	f := hosttest.New(hosttest.Link("/etc/link", "b"), hosttest.File("/etc/f", "f"), hosttest.Dir("/etc/d", 0o755), hosttest.Link("/etc/dlink", "d"))
	for name, c := range map[string]struct {
		plan func() (steps.Op, error)
		want *steps.Diff
	}{
		"no link where it is right":      {func() (steps.Op, error) { return op.PlanSymlink(f, "/etc/link", "b") }, nil},
		"a link to elsewhere":            {func() (steps.Op, error) { return op.PlanSymlink(f, "/etc/link", "c") }, &steps.Diff{Action: "link", From: "b", To: "c"}},
		"a new link":                     {func() (steps.Op, error) { return op.PlanSymlink(f, "/etc/new", "c") }, &steps.Diff{Action: "link", To: "c"}},
		"no folder where it is right":    {func() (steps.Op, error) { return op.PlanDirectory(f, "/etc/d", host.Attr{Mode: 0o755}) }, nil},
		"no folder where a link leads":   {func() (steps.Op, error) { return op.PlanDirectory(f, "/etc/dlink", host.Attr{Mode: 0o755}) }, nil},
		"a folder with another mode":     {func() (steps.Op, error) { return op.PlanDirectory(f, "/etc/d", host.Attr{Mode: 0o700 | fs.ModeSticky}) }, &steps.Diff{Action: "update", From: "0755 root:root", To: "1700 root:root"}},
		"a new folder":                   {func() (steps.Op, error) { return op.PlanDirectory(f, "/etc/n", host.Attr{Mode: 0o700}) }, &steps.Diff{Action: "create", To: "0700 root:root"}},
		"no removal where nothing is":    {func() (steps.Op, error) { return op.PlanRemove(f, "/etc/n") }, nil},
		"a removal":                      {func() (steps.Op, error) { return op.PlanRemove(f, "/etc/f") }, &steps.Diff{Action: "remove"}},
		"a removal of a link to nowhere": {func() (steps.Op, error) { return op.PlanRemove(f, "/etc/link") }, &steps.Diff{Action: "remove"}},
	} {
		t.Run("is "+name, func(t *testing.T) {
			t.Parallel()
			got, err := c.plan()
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				if got != nil {
					t.Errorf("got %+v, want no op", got)
				}
				return
			}
			if diff := cmp.Diff(*c.want, got.Diff()); diff != "" {
				t.Errorf("diff (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInverseOfPaths(t *testing.T) {
	t.Parallel()

	t.Run("costs what the op costs", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File("/etc/a", "a"))
		for _, o := range []steps.Op{
			op.File{Path: "/etc/a", Cost: steps.Drain}, op.File{Path: "/etc/new", Cost: steps.Drain}, op.Remove{Path: "/etc/a", Cost: steps.Drain},
		} {
			undo, err := o.Inverse(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if undo.Impact() != steps.Drain {
				t.Errorf("got impact %s for the inverse of %+v, want Drain", undo.Impact(), o)
			}
		}
	})

	t.Run("changes what a link to a folder leads to, and not the link", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.DirWith("/etc/d", host.Attr{Mode: 0o711, UID: 3}), hosttest.Link("/etc/dlink", "d"))
		undo, err := op.Directory{Path: "/etc/dlink", Attr: host.Attr{Mode: 0o755}}.Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := undo.(op.Directory); !ok || got.Attr != (host.Attr{Mode: 0o711, UID: 3}) {
			t.Errorf("got %+v, want the folder's owner and mode", undo)
		}
	})

	t.Run("leaves a folder that somebody else put something into", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New()
		made := op.Directory{Path: "/etc/x/y", Attr: host.Attr{Mode: 0o755}}
		undo, err := made.Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		f.Change(hosttest.File("/etc/x/y/theirs", ""))
		if err := undo.Do(t.Context(), f); err != nil {
			t.Errorf("got %v, want the folder left alone", err)
		}
		if _, err := f.Stat("/etc/x/y/theirs"); err != nil {
			t.Errorf("their file: %v", err)
		}
	})

	t.Run("keeps contents out of the journal", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.FileWith("/etc/secret", "pass", host.Attr{Mode: 0o600}))
		undo, err := op.Remove{Path: "/etc/secret"}.Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		data, err := codec(t).Encode(undo)
		if err != nil || strings.Contains(string(data), "pass") || strings.Contains(string(data), "cGFzc") {
			t.Errorf("got %s, %v, want no contents", data, err)
		}
	})

	t.Run("says what it cannot take back", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File("/etc/f", "a file"))
		if _, err := (op.File{Path: "/dev/null"}).Inverse(t.Context(), f); !errors.Is(err, host.ErrNotRegular) {
			t.Errorf("got %v for a device, want ErrNotRegular", err)
		}
		if _, err := (op.File{Path: "/etc/f/a"}).Inverse(t.Context(), f); err == nil {
			t.Error("got no error for a file below a file")
		}
	})
}
