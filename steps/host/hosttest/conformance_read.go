package hosttest

import (
	"io/fs"
	"syscall"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

var readCases = []conformanceCase{
	{name: "answers for a path that is not there", run: func(t *testing.T, s *suite) {
		gone := s.at("gone")
		_, err := s.ReadFile(gone)
		wantError(t, err, fs.ErrNotExist)
		_, err = s.Lstat(gone)
		wantError(t, err, fs.ErrNotExist)
		_, err = s.Stat(gone)
		wantError(t, err, fs.ErrNotExist)
		_, err = s.Readlink(gone)
		wantError(t, err, fs.ErrNotExist)
		_, err = s.ReadDir(gone)
		wantError(t, err, fs.ErrNotExist)
		if _, held, err := s.LockHolder(gone); held || err != nil {
			t.Errorf("lock on a file that is not there: got %v, %v, want false, nil", held, err)
		}
	}},
	{name: "refuses paths that are not absolute and clean", run: func(t *testing.T, s *suite) {
		for _, p := range []string{"", "etc/hosts", s.folder + "/", s.folder + "//x", s.folder + "/../x", "/../../etc/passwd"} {
			_, err := s.ReadFile(p)
			wantError(t, err, fs.ErrInvalid)
			wantError(t, s.WriteFile(p, nil, s.attr(0o644)), fs.ErrInvalid)
			wantError(t, s.Remove(p), fs.ErrInvalid)
		}
		wantError(t, s.Remove("/"), fs.ErrInvalid)
	}},
	{name: "reads only regular files as files", run: func(t *testing.T, s *suite) {
		_, err := s.ReadFile(s.folder)
		wantError(t, err, host.ErrNotRegular)
		must(t, s.Symlink(s.at("link"), s.folder))
		_, err = s.ReadFile(s.at("link"))
		wantError(t, err, host.ErrNotRegular)
	}},
	{name: "resolves links inside the root", run: func(t *testing.T, s *suite) {
		must(t, s.Mkdir(s.at("d"), s.attr(0o755)))
		s.write(t, s.at("d/file"), "inside")
		must(t, s.Symlink(s.at("absolute"), s.at("d/file")))
		must(t, s.Symlink(s.at("relative"), "d/../d/file"))
		must(t, s.Symlink(s.at("folder"), "d"))
		must(t, s.Symlink(s.at("chain"), "absolute"))
		// Any number of ".." above the root is the root.
		must(t, s.Symlink(s.at("climber"), "../../../../../../../../../../../../../.."+s.at("d/file")))
		for _, p := range []string{"absolute", "relative", "folder/file", "chain", "climber"} {
			s.wantContent(t, s.at(p), "inside")
			if info, err := s.Stat(s.at(p)); err != nil || !info.Mode.IsRegular() || info.Size != int64(len("inside")) {
				t.Errorf("Stat of %q: got %+v, %v, want the file", p, info, err)
			}
		}
		s.wantNames(t, s.at("folder"), "file")
	}},
	{name: "describes a link itself with Lstat and Readlink", run: func(t *testing.T, s *suite) {
		must(t, s.Symlink(s.at("link"), "nowhere/else"))
		info, err := s.Lstat(s.at("link"))
		if err != nil || info.Mode&fs.ModeSymlink == 0 {
			t.Errorf("Lstat: got %v, %v, want a symbolic link", info.Mode, err)
		}
		if target, err := s.Readlink(s.at("link")); err != nil || target != "nowhere/else" {
			t.Errorf("Readlink: got %q, %v, want the target as it was written", target, err)
		}
		_, err = s.Stat(s.at("link"))
		wantError(t, err, fs.ErrNotExist)
		_, err = s.Readlink(s.folder)
		wantError(t, err, syscall.EINVAL)
	}},
	{name: "gives up on links that go in a circle", run: func(t *testing.T, s *suite) {
		must(t, s.Symlink(s.at("a"), "b"))
		must(t, s.Symlink(s.at("b"), "a"))
		_, err := s.ReadFile(s.at("a"))
		wantError(t, err, syscall.ELOOP)
		wantError(t, s.WriteFile(s.at("a/file"), nil, s.attr(0o644)), syscall.ELOOP)
		if _, err := s.Lstat(s.at("a")); err != nil {
			t.Errorf("Lstat of a link in a circle: got %v, want the link", err)
		}
	}},
	{name: "tells a file on the way from nothing", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "")
		_, err := s.Lstat(s.at("file/below"))
		wantError(t, err, syscall.ENOTDIR)
		_, err = s.ReadDir(s.at("file"))
		wantError(t, err, syscall.ENOTDIR)
	}},
	{name: "lists names sorted", run: func(t *testing.T, s *suite) {
		for _, name := range []string{"b", "a", "C", ".hidden"} {
			s.write(t, s.at(name), "")
		}
		s.wantNames(t, s.folder, ".hidden", "C", "a", "b")
	}},
	{name: "describes the file system of a path", run: func(t *testing.T, s *suite) {
		s.write(t, s.at("file"), "")
		must(t, s.Symlink(s.at("link"), "file"))
		for _, p := range []string{s.folder, s.at("file"), s.at("link")} {
			got, err := s.Filesystem(p)
			if err != nil {
				t.Fatal(err)
			}
			if got.Type == "" || got.Bytes == 0 || got.FreeBytes > got.Bytes || got.FreeInodes > got.Inodes || got.ReadOnly {
				t.Errorf("%s: got %+v, want a type, a size, and no more free than there is, of one that can be written", p, got)
			}
		}
		_, err := s.Filesystem(s.at("gone"))
		wantError(t, err, fs.ErrNotExist)
		_, err = s.Filesystem("relative")
		wantError(t, err, fs.ErrInvalid)
	}},
}
