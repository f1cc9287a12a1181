package pkgmgr

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// The files in testdata/zypper were printed by zypper 1.14.42 with libzypp 17, rpm
// 4.18; what it shows of its progress and offers as answers was taken out.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "zypper", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestZypperErrorUnderstands(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		code int
		kind error // nil: no error
		says []string
	}{
		"locked":       {7, ErrLocked, []string{"pid 2 (sleep)"}},
		"no-version":   {104, ErrNoPackage, []string{"tlet=9"}},
		"broken":       {4, ErrBroken, []string{"nothing provides nosuchthing needed by tneed-1-1.x86_64"}},
		"script-pre":   {8, ErrMaintainerScript, []string{"boom in pre", "%prein(tbad-1.0-1.x86_64) scriptlet failed"}},
		"script-post":  {107, ErrMaintainerScript, []string{"boom in post", "%post(tpost-1.0-1.x86_64) scriptlet failed"}},
		"unreachable":  {4, ErrUnreachable, []string{"http://127.0.0.1:1/", "Connection failed"}},
		"wrong-key":    {4, ErrSignature, []string{"repository 'signed' is invalid", "signature verification failed"}},
		"digest":       {8, ErrDigest, []string{"tlet-1.36.3-150500.1.1.x86_64.rpm", "but got"}},
		"archive-404":  {8, ErrUnreachable, []string{"tbad-1.0-1.x86_64.rpm"}},
		"no-room":      {8, ErrUnreachable, []string{"Can't hardlink/copy"}},
		"skipped":      {106, nil, nil},
		"nothing-said": {102, nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out host.Output
			if name != "nothing-said" {
				out.Stdout = recorded(t, name)
			}
			got := zypperError(&host.CommandError{ExitCode: c.code}, out)
			if !errors.Is(got, c.kind) {
				t.Fatalf("got %v want %v", got, c.kind)
			}
			for _, word := range c.says {
				if !strings.Contains(strings.ToLower(got.Error()), strings.ToLower(word)) {
					t.Errorf("got %q want it to say %q", got, word)
				}
			}
			for _, noise := range []string{"Solution 1", ": test;", ": test\n"} { // advice, and the description of a package
				if got != nil && strings.Contains(got.Error(), noise) {
					t.Errorf("got %q want it without %q", got, noise)
				}
			}
		})
	}
	unknown := &host.CommandError{ExitCode: 1, Stderr: "a new kind of trouble"}
	if got := zypperError(unknown, host.Output{Stdout: []byte("<stream>")}); !errors.Is(got, unknown) || got.Error() != unknown.Error() {
		t.Errorf("got %v want the command's own error for what is not known", got)
	}
}

func TestZypperOutputIsRead(t *testing.T) {
	t.Parallel()
	versions, err := parseZyppSearch(recorded(t, "search"))
	want := map[string][]string{"tlet": {"1.36.3-150500.1.1", "1.35.4-150500.1.1"}}
	if diff := cmp.Diff(want, versions); diff != "" || err != nil {
		t.Errorf("search: %v, versions (-want +got):\n%s", err, diff)
	}
	const old, young = "1.35.4-150500.1.1", "1.36.3-150500.1.1"
	for name, want := range map[string][]Change{
		"summary-install":   {{Name: "tdep", To: "1.0-1"}, {Name: "tlet", To: old}},
		"summary-upgrade":   {{Name: "tlet", From: old, To: young}},
		"summary-downgrade": {{Name: "tlet", From: young, To: old}},
		"summary-remove":    {{Name: "tdep", From: "1.0-1"}, {Name: "tlet", From: old}},
		"nothing-found":     nil,
	} {
		got, err := parseZyppSummary(recorded(t, name))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, changes (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := parseZyppSummary([]byte("<stream><to-install>")); err == nil {
		t.Error("got no error of output that is cut off")
	}
}

// What is installed without a repository, and the source of a package, is not on offer.
func TestZypperOffersWhatRepositoriesHave(t *testing.T) {
	t.Parallel()
	const text = `<stream><search-result><solvable-list>
<solvable status="installed" name="a" kind="package" edition="1-1" arch="x86_64" repository="(System Packages)"/>
<solvable status="other-version" name="a" kind="package" edition="3:0.9-1" arch="x86_64" repository="r"/>
<solvable status="other-version" name="a" kind="package" edition="2-1" arch="x86_64" repository="r"/>
<solvable status="other-version" name="a" kind="package" edition="2-1" arch="i586" repository="r"/>
<solvable status="not-installed" name="a" kind="srcpackage" edition="4-1" arch="noarch" repository="r"/>
</solvable-list></search-result></stream>`
	got, err := parseZyppSearch([]byte(text))
	if diff := cmp.Diff(map[string][]string{"a": {"3:0.9-1", "2-1"}}, got); diff != "" || err != nil {
		t.Errorf("%v, versions (-want +got):\n%s", err, diff)
	}
}

func TestZypperLocksAreEditedToTheByte(t *testing.T) {
	t.Parallel()
	const written = "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: other\n\n" // by zypper addlock
	const byHand = "# of the web team\ntype: package\nsolvable_name: web\nversion: > 2"
	for name, before := range map[string]*string{
		"no file":            nil,
		"an empty file":      new(""),
		"a lock of zypper's": new(written),
		"two locks":          new(written + byHand + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := hosttest.New(hosttest.Dir("/etc/zypp", 0o755))
			if before != nil {
				f.Change(hosttest.FileWith(zyppLocksPath, *before, host.Attr{Mode: 0o600}))
			}
			snapshot := f.Snapshot(f.StateDir())
			for _, held := range []bool{true, true, false, false} {
				if err := (zypper{}).setHold(t.Context(), f, "kubelet", held); err != nil {
					t.Fatal(err)
				}
				locks, err := readZyppLocks(f)
				if err != nil || locks.hold("kubelet") != held || locks.hold("kubelet-extra") {
					t.Errorf("got %q, %v want kubelet alone held: %t", locks, err, held)
				}
				if before != nil && !strings.HasPrefix(f.Content(zyppLocksPath), *before) {
					t.Errorf("got %q want all that was there before", f.Content(zyppLocksPath))
				}
			}
			if diff := cmp.Diff(snapshot, f.Snapshot(f.StateDir())); diff != "" {
				t.Errorf("taken back (-before +after):\n%s", diff)
			}
		})
	}
}

func TestZypperLocksAreUnderstood(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"by name":             {"type: package\nmatch_type: exact\nsolvable_name: kubelet\n", true},
		"by a wildcard":       {"type: package\nmatch_type: glob\nsolvable_name: kube*\n", true},
		"another name":        {"type: package\nsolvable_name: kubectl\n", false},
		"a pattern, exact":    {"type: package\nmatch_type: exact\nsolvable_name: kube*\n", false},
		"a version only":      {"type: package\nsolvable_name: kubelet\nversion: > 1.36\n", false},
		"a repository only":   {"solvable_name: kubelet\nrepo: updates\n", false},
		"a patch":             {"type: patch\nsolvable_name: kubelet\n", false},
		"a regular one":       {"type: package\nmatch_type: regex\nsolvable_name: kubelet\n", false},
		"the second of two":   {"type: package\nsolvable_name: x\n\n\ntype: package\nsolvable_name: kubelet\n", true},
		"nothing":             {"\n\n", false},
		"a paragraph unnamed": {"type: package\n", false},
	} {
		if got := splitZyppLocks(c.text).hold("kubelet"); got != c.want {
			t.Errorf("%s: got held %t want %t", name, got, c.want)
		}
		if got := strings.Join(splitZyppLocks(c.text), ""); got != c.text {
			t.Errorf("%s: got %q want the text together again", name, got)
		}
	}
	const unfinished = "type: package\nsolvable_name: web" // the next lock must not run into it
	f := hosttest.New(hosttest.File(zyppLocksPath, unfinished))
	if err := (zypper{}).setHold(t.Context(), f, "kubelet", true); err != nil {
		t.Fatal(err)
	}
	if locks := splitZyppLocks(f.Content(zyppLocksPath)); !locks.hold("web") || !locks.hold("kubelet") {
		t.Errorf("got %q want both held", locks)
	}
	f = hosttest.New(hosttest.File(zyppLocksPath, "type: package\nsolvable_name: kube*\n"))
	if err := (zypper{}).setHold(t.Context(), f, "kubelet", false); err == nil || !strings.Contains(err.Error(), "wildcard") {
		t.Errorf("got %v want an error: the lock is on others, too", err)
	}
}

func TestPIDFilesAreLocksWhileTheirProcessLives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, cmdline string
		want             bool
	}{
		"of a process that lives":   {"4711", "zypper\x00up\x00", true},
		"with a newline":            {"4711\n", "zypper\x00up\x00", true},
		"of a process that is gone": {"4711", "", false},
		"left empty":                {"", "zypper\x00", false},
		"of something else":         {"x", "zypper\x00", false},
	} {
		f := hosttest.New(hosttest.File("/run/zypp.pid", c.content))
		if c.cmdline != "" {
			f.Change(hosttest.File("/proc/4711/cmdline", c.cmdline))
		}
		got, held, err := firstHolder(f, []string{"/run/zypp.pid"})
		if err != nil || held != c.want || held && !strings.Contains(got, "process 4711 (zypper up)") {
			t.Errorf("%s: got %q, %t, %v want held: %t", name, got, held, err, c.want)
		}
	}
}

func FuzzZypperOutput(f *testing.F) {
	for _, name := range []string{"search", "summary-upgrade", "summary-remove", "script-post", "broken"} {
		text, err := os.ReadFile(filepath.Join("testdata", "zypper", name+".xml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		changes, err := parseZyppSummary([]byte(text))
		for _, change := range changes {
			if change.Name == "" || change.From == "" && change.To == "" {
				t.Fatalf("got %+v, %v from %q", change, err, text)
			}
		}
		versions, err := parseZyppSearch([]byte(text))
		for name, list := range versions {
			if name == "" || len(list) == 0 {
				t.Fatalf("got %q, %v, %v from %q", name, list, err, text)
			}
		}
		if err := zypperError(&host.CommandError{ExitCode: 8}, host.Output{Stdout: []byte(text)}); err == nil {
			t.Fatalf("got no error of a command that failed with %q", text)
		}
	})
}

func FuzzZypperLocks(f *testing.F) {
	f.Add("\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: a\n\n", "a")
	f.Add("solvable_name: b", "a")
	f.Fuzz(func(t *testing.T, text, name string) {
		if got := strings.Join(splitZyppLocks(text), ""); got != text {
			t.Fatalf("got %q want %q together again", got, text)
		}
		if name != "" && !strings.ContainsAny(name, " \t\r\n*?[\\:") && strings.TrimSpace(name) == name && !splitZyppLocks(zyppLock(name)).hold(name) {
			t.Fatalf("got no hold by %q", zyppLock(name))
		}
	})
}
