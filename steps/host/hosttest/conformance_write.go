package hosttest

import (
	"encoding/json"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
)

var writeCases = []conformanceCase{
	{name: "writes contents with exactly the mode", run: func(t *testing.T, s *suite) {
		for _, mode := range []fs.FileMode{0, 0o600, 0o644, 0o777, 0o755 | fs.ModeSetuid, 0o755 | fs.ModeSetgid, 0o644 | fs.ModeSticky} {
			must(t, s.WriteFile(s.at("file"), []byte("x"), s.attr(mode)))
			s.wantAttr(t, s.at("file"), s.attr(mode))
		}
		s.wantNames(t, s.folder, "file")
	}},
	{name: "replaces a file and leaves nothing beside it", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "old and longer")
		must(t, s.WriteFile(s.at("file"), []byte("new"), s.attr(0o600)))
		s.wantContent(t, s.at("file"), "new")
		s.wantAttr(t, s.at("file"), s.attr(0o600))
		s.wantNames(t, s.folder, "file")
	}},
	{name: "writes a file with the longest name there can be", run: func(t *testing.T, s *suite) {
		name := strings.Repeat("n", 255)
		s.write(t, s.at(name), "x")
		s.wantNames(t, s.folder, name)
	}},
	{name: "does not make folders on the way", run: func(t *testing.T, s *suite) {
		wantError(t, s.WriteFile(s.at("no/file"), nil, s.attr(0o644)), fs.ErrNotExist)
		wantError(t, s.Mkdir(s.at("no/folder"), s.attr(0o755)), fs.ErrNotExist)
		wantError(t, s.Symlink(s.at("no/link"), "x"), fs.ErrNotExist)
		s.wantNames(t, s.folder)
	}},
	{name: "refuses a folder where a file should be", run: func(t *testing.T, s *suite) {
		must(t, s.Mkdir(s.at("d"), s.attr(0o755)))
		err := s.WriteFile(s.at("d"), nil, s.attr(0o644))
		wantError(t, err, host.ErrNotRegular)
		if err != nil && !strings.Contains(err.Error(), s.at("d")) {
			t.Errorf("got error %q, want it to name the path", err)
		}
		_, err = s.Keep(s.at("d"))
		wantError(t, err, host.ErrNotRegular)
	}},
	{name: "refuses a link where a file should be, wherever it leads", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "precious")
		for _, target := range []string{"file", "nowhere", "/etc/passwd"} {
			must(t, s.Symlink(s.at("link"), target))
			wantError(t, s.WriteFile(s.at("link"), []byte("x"), s.attr(0o644)), host.ErrNotRegular)
			wantError(t, s.SetAttr(s.at("link"), s.attr(0o600)), host.ErrNotRegular)
			_, err := s.Keep(s.at("link"))
			wantError(t, err, host.ErrNotRegular)
		}
		s.wantContent(t, s.at("file"), "precious")
		s.wantAttr(t, s.at("file"), s.attr(0o644))
	}},
	{name: "writes through links of folders inside the root", run: func(t *testing.T, s *suite) {
		must(t, s.Mkdir(s.at("real"), s.attr(0o755)))
		must(t, s.Symlink(s.at("alias"), s.at("real")))
		s.write(t, s.at("alias/file"), "x")
		s.wantContent(t, s.at("real/file"), "x")
	}},
	{name: "refuses modes with type bits", run: func(t *testing.T, s *suite) {
		wantError(t, s.WriteFile(s.at("file"), nil, s.attr(fs.ModeSymlink|0o644)), fs.ErrInvalid)
		wantError(t, s.Mkdir(s.at("d"), s.attr(fs.ModeDir|0o755)), fs.ErrInvalid)
	}},
	{name: "sets owner and mode of files and folders", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "x")
		must(t, s.Mkdir(s.at("d"), s.attr(0o700)))
		for _, mode := range []fs.FileMode{0o400, 0, 0o755 | fs.ModeSetuid} {
			must(t, s.SetAttr(s.at("file"), s.attr(mode)))
			s.wantAttr(t, s.at("file"), s.attr(mode))
		}
		must(t, s.SetAttr(s.at("d"), s.attr(0o777|fs.ModeSticky)))
		s.wantAttr(t, s.at("d"), s.attr(0o777|fs.ModeSticky))
		wantError(t, s.SetAttr(s.at("gone"), s.attr(0o600)), fs.ErrNotExist)
	}},
	{name: "gives files away with setuid kept", needs: func(c Caps) bool { return c.Stranger != nil }, run: func(t *testing.T, s *suite) {
		attr := *s.caps.Stranger
		attr.Mode = 0o755 | fs.ModeSetuid
		must(t, s.WriteFile(s.at("new"), []byte("x"), attr))
		s.wantAttr(t, s.at("new"), attr)
		s.write(t, s.at("old"), "x")
		must(t, s.SetAttr(s.at("old"), attr))
		s.wantAttr(t, s.at("old"), attr)
		must(t, s.Mkdir(s.at("d"), attr))
		s.wantAttr(t, s.at("d"), attr)
	}},
	{name: "makes a folder, and gives one that exists its attributes", run: func(t *testing.T, s *suite) {
		must(t, s.Mkdir(s.at("d"), s.attr(0o750)))
		s.wantAttr(t, s.at("d"), s.attr(0o750))
		s.write(t, s.at("d/file"), "x")
		must(t, s.Mkdir(s.at("d"), s.attr(0o711)))
		s.wantAttr(t, s.at("d"), s.attr(0o711))
		s.wantContent(t, s.at("d/file"), "x")
		wantError(t, s.Mkdir(s.at("d/file"), s.attr(0o755)), fs.ErrExist)
		must(t, s.Symlink(s.at("link"), "d"))
		wantError(t, s.Mkdir(s.at("link"), s.attr(0o755)), fs.ErrExist)
	}},
	{name: "replaces links, and nothing else by a link", run: func(t *testing.T, s *suite) {
		must(t, s.Symlink(s.at("link"), "one"))
		must(t, s.Symlink(s.at("link"), "two"))
		if target, err := s.Readlink(s.at("link")); target != "two" || err != nil {
			t.Errorf("got target %q, %v, want \"two\"", target, err)
		}
		s.write(t, s.at("file"), "x")
		wantError(t, s.Symlink(s.at("file"), "x"), fs.ErrExist)
		wantError(t, s.Symlink(s.folder, "x"), fs.ErrExist)
		wantError(t, s.Symlink(s.at("empty"), ""), fs.ErrInvalid)
		s.wantNames(t, s.folder, "file", "link")
	}},
	{name: "removes files, links and empty folders, also twice", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "x")
		must(t, s.Symlink(s.at("link"), "file"))
		must(t, s.Mkdir(s.at("d"), s.attr(0o755)))
		must(t, s.Remove(s.at("link")))
		s.wantContent(t, s.at("file"), "x")
		for range 2 {
			must(t, s.Remove(s.at("link")))
			must(t, s.Remove(s.at("d")))
			must(t, s.Remove(s.at("d/below")))
			must(t, s.Remove(s.at("file/below")))
		}
		must(t, s.Remove(s.at("file")))
		s.wantNames(t, s.folder)
	}},
	{name: "does not remove a folder that holds something", run: func(t *testing.T, s *suite) {
		must(t, s.Mkdir(s.at("d"), s.attr(0o755)))
		s.write(t, s.at("d/file"), "x")
		wantError(t, s.Remove(s.at("d")), syscall.ENOTEMPTY)
		s.wantContent(t, s.at("d/file"), "x")
	}},
}

var keepCases = []conformanceCase{
	{name: "restores what it kept, byte for byte", run: func(t *testing.T, s *suite) {
		content := "first\n\x00\xff last without newline"
		s.write(t, s.at("file"), content)
		blob, err := s.Keep(s.at("file"))
		must(t, err)
		again, err := s.Keep(s.at("file"))
		if err != nil || again != blob || len(blob) != 64 {
			t.Errorf("keeping twice: got %q and %q, %v, want one SHA-256 twice", blob, again, err)
		}
		s.write(t, s.at("file"), "other")
		must(t, s.Restore(s.at("file"), blob, s.attr(0o640)))
		s.wantContent(t, s.at("file"), content)
		s.wantAttr(t, s.at("file"), s.attr(0o640))
		must(t, s.Remove(s.at("file")))
		must(t, s.Restore(s.at("file"), blob, s.attr(0o600)))
		s.wantContent(t, s.at("file"), content)
		wantError(t, s.Restore(s.at("file"), strings.Repeat("0", 64), s.attr(0o600)), fs.ErrNotExist)
		s.wantContent(t, s.at("file"), content)
	}},
	{name: "keeps secrets from others", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "secret")
		blob, err := s.Keep(s.at("file"))
		must(t, err)
		s.wantAttr(t, host.BlobPath(s.caps.StateDir, blob), s.attr(0o600))
		s.wantAttr(t, s.caps.StateDir, s.attr(0o700))
		s.wantAttr(t, s.caps.StateDir+"/blobs", s.attr(0o700))
	}},
	{name: "keeps the original of what it first touches, and only that", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("new"), "one")
		s.write(t, s.at("new"), "two")
		s.wantOriginal(t, "new", host.Original{Kind: host.OriginalNone})
		must(t, s.Symlink(s.at("link"), "target"))
		must(t, s.Remove(s.at("link")))
		s.wantOriginal(t, "link", host.Original{Kind: host.OriginalNone})
		must(t, s.Mkdir(s.at("d"), s.attr(0o755)))
		s.wantOriginal(t, "d", host.Original{Kind: host.OriginalNone})
	}},
	{name: "keeps the original of a file that was there", needs: func(c Caps) bool { return c.Commands }, run: func(t *testing.T, s *suite) {
		// Made by somebody else, so that it is not touched before.
		_, err := s.Run(t.Context(), host.Command{Argv: []string{"cp", "/dev/null", s.at("theirs")}})
		must(t, err)
		_, err = s.Run(t.Context(), host.Command{Argv: []string{"chmod", "0604", s.at("theirs")}})
		must(t, err)
		must(t, s.SetAttr(s.at("theirs"), s.attr(0o600)))
		s.write(t, s.at("theirs"), "ours")
		const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		s.wantOriginal(t, "theirs", host.Original{Kind: host.OriginalFile, Attr: s.attr(0o604), Blob: empty})
		must(t, s.Restore(s.at("theirs"), empty, s.attr(0o604)))
		s.wantContent(t, s.at("theirs"), "")
	}},
	{name: "does not touch what is as it should be", needs: func(c Caps) bool { return c.Commands }, run: func(t *testing.T, s *suite) {
		// What an op found out of its reach, its inverse must not reach for.
		for _, argv := range [][]string{{"cp", "/dev/null", s.at("untouched")}, {"chmod", "0604", s.at("untouched")}} {
			_, err := s.Run(t.Context(), host.Command{Argv: argv})
			must(t, err)
		}
		must(t, s.SetAttr(s.at("untouched"), s.attr(0o604)))
		_, err := s.Lstat(host.OriginalPath(s.caps.StateDir, s.at("untouched")))
		wantError(t, err, fs.ErrNotExist)
	}},
}

// wantOriginal checks what the state folder says about a path of the case.
func (s *suite) wantOriginal(t *testing.T, name string, want host.Original) {
	t.Helper()
	want.Path = s.at(name)
	text, err := s.ReadFile(host.OriginalPath(s.caps.StateDir, want.Path))
	must(t, err)
	var got host.Original
	must(t, json.Unmarshal(text, &got))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("original of %q (-want +got):\n%s", name, diff)
	}
}
