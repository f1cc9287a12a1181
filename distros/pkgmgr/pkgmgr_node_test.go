//go:build node

package pkgmgr_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dpkg"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// These tests install and remove packages with the real apt and dpkg, so they
// run only in a node of the test bed: test/e2e builds them with -tags node, and
// runs the binary there.

// realHost is the machine that the test runs on, with a repository of its own
// in a folder: tdep, tlet in two versions that need tdep, and tbad, whose
// script fails.
func realHost(t *testing.T) *host.OS {
	t.Helper()
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its packages are to be kept: %v", err)
	}
	h, err := host.Open("/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	// apt reads as its own user, who cannot enter the folders of TempDir.
	repo, err := os.MkdirTemp("", "repository")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(repo) })
	if err := os.Chmod(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	var index strings.Builder
	index.WriteString(buildDeb(t, h, repo, "tdep", "1.0-1", "", ""))
	index.WriteString(buildDeb(t, h, repo, "tlet", "1.35.4-1.1", "tdep", ""))
	index.WriteString(buildDeb(t, h, repo, "tlet", "1.36.3-1.1", "tdep", ""))
	index.WriteString(buildDeb(t, h, repo, "tbad", "1:1.0", "", "#!/bin/sh\necho boom in postinst >&2\nexit 3\n"))
	write(t, filepath.Join(repo, "Packages"), index.String(), 0o644)
	source := "/etc/apt/sources.list.d/hostler-test.list"
	write(t, source, "deb [trusted=yes] file:"+repo+" ./\n", 0o644)
	t.Cleanup(func() { _ = os.Remove(source) })
	if err := (pkgmgr.Refresh{Manager: distros.Apt, Name: "test", Source: source}).Do(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	return h
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// buildDeb packs a package and returns its paragraph in the index.
func buildDeb(t *testing.T, h *host.OS, repo, name, version, depends, postinst string) string {
	t.Helper()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: test <test@example.org>\nDescription: test\n", name, version)
	if depends != "" {
		control += "Depends: " + depends + "\n"
	}
	tree := t.TempDir()
	write(t, filepath.Join(tree, "DEBIAN/control"), control, 0o644)
	write(t, filepath.Join(tree, "DEBIAN/conffiles"), "/etc/"+name+"/conf\n", 0o644)
	write(t, filepath.Join(tree, "etc", name, "conf"), name+"\n", 0o644)
	write(t, filepath.Join(tree, "usr/share", name, "version"), version+"\n", 0o644)
	if postinst != "" {
		write(t, filepath.Join(tree, "DEBIAN/postinst"), postinst, 0o755)
	}
	file := filepath.Join(repo, fmt.Sprintf("%s_%s_amd64.deb", name, strings.ReplaceAll(version, ":", "%3a")))
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"dpkg-deb", "--build", tree, file}}); err != nil {
		t.Fatal(err)
	}
	deb, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(file), len(deb), sha256.Sum256(deb))
}

// installed is the package database as far as it matters, and the files of the
// test's packages.
func installed(t *testing.T) []string {
	t.Helper()
	var facts []string
	status, err := os.ReadFile(dpkg.StatusPath)
	must(t, err)
	for entry := range dpkg.Entries(string(status)) {
		facts = append(facts, fmt.Sprintf("%+v", entry))
	}
	auto, err := os.ReadFile("/var/lib/apt/extended_states")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for paragraph := range strings.SplitSeq(string(auto), "\n\n") {
		if strings.Contains(paragraph, "Auto-Installed: 1") {
			facts = append(facts, strings.TrimSpace(paragraph))
		}
	}
	for _, name := range []string{"tdep", "tlet", "tbad"} {
		for _, path := range []string{"/etc/" + name, "/etc/" + name + "/conf", "/usr/share/" + name + "/version"} {
			content, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			facts = append(facts, path+" "+string(content))
		}
	}
	return facts
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// there brings the node to a state, to start from.
func there(t *testing.T, h *host.OS, ops ...steps.Op) {
	t.Helper()
	for _, op := range ops {
		must(t, op.Do(t.Context(), h))
	}
}

func tlet(version string) pkgmgr.Install {
	return pkgmgr.Install{Manager: distros.Apt, Name: "tlet", To: version}
}

var (
	holdTlet   = pkgmgr.Hold{Manager: distros.Apt, Name: "tlet", To: true}
	unholdTlet = pkgmgr.Hold{Manager: distros.Apt, Name: "tlet", From: true}
)

func TestRealAptGivesTheNodeBack(t *testing.T) {
	h := realHost(t)
	t.Cleanup(func() {
		_, _ = h.Run(t.Context(), host.Command{Argv: []string{"dpkg", "--purge", "--force-all", "tlet", "tdep", "tbad"}})
	})
	cases := []struct {
		name   string
		before []steps.Op
		op     steps.Op
		want   pkgmgr.Package
	}{
		{"a new package and what it brought", nil, tlet("1.35.4"),
			pkgmgr.Package{Name: "tlet", Version: "1.35.4-1.1", Arch: "amd64", Installed: true}},
		{"an upgrade of a held package", []steps.Op{tlet("1.35.4"), holdTlet}, tlet("1.36.3"),
			pkgmgr.Package{Name: "tlet", Version: "1.36.3-1.1", Arch: "amd64", Installed: true, Held: true}},
		{"a downgrade", []steps.Op{tlet("1.36.3")}, tlet("1.35.4-1.1"),
			pkgmgr.Package{Name: "tlet", Version: "1.35.4-1.1", Arch: "amd64", Installed: true, Held: true}},
		{"a removal with what depends on it", []steps.Op{unholdTlet}, pkgmgr.Remove{Manager: distros.Apt, Name: "tdep", From: "1.0-1"},
			pkgmgr.Package{Name: "tlet", Version: "1.36.3-1.1", Arch: "amd64", ConfigFiles: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			there(t, h, c.before...)
			before := installed(t)
			inverse, err := c.op.Inverse(t.Context(), h)
			must(t, err)
			there(t, h, c.op, c.op)
			if diff := cmp.Diff(c.want, get(t, h, c.want.Name)); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
			there(t, h, inverse, inverse)
			if diff := cmp.Diff(before, installed(t)); diff != "" {
				t.Errorf("undo must give the node back (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRealAptFailsInWordsThatAreUnderstood(t *testing.T) {
	h := realHost(t)
	before := installed(t)

	bad := pkgmgr.Install{Manager: distros.Apt, Name: "tbad", To: "1.0"}
	inverse, err := bad.Inverse(t.Context(), h)
	must(t, err)
	if err := bad.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrMaintainerScript) || !strings.Contains(err.Error(), "boom in postinst") {
		t.Errorf("failing script: got %v want ErrMaintainerScript with its words", err)
	}
	must(t, inverse.Do(t.Context(), h))
	if diff := cmp.Diff(before, installed(t)); diff != "" {
		t.Errorf("undo of a failed installation (-before +after):\n%s", diff)
	}

	if err := tlet("1.37").Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrNoVersion) || !strings.Contains(err.Error(), "1.36.3-1.1, 1.35.4-1.1") {
		t.Errorf("unknown version: got %v want ErrNoVersion with those there are", err)
	}
	source := "/etc/apt/sources.list.d/hostler-unreachable.list"
	write(t, source, "deb [trusted=yes] http://127.0.0.1:1/ ./\n", 0o644)
	t.Cleanup(func() { _ = os.Remove(source) })
	refresh := pkgmgr.Refresh{Manager: distros.Apt, Name: "unreachable", Source: source}
	if err := refresh.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrUnreachable) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("unreachable repository: got %v want ErrUnreachable with its address", err)
	}
}

// waitUntilHeld returns when the lock is taken; done tells of who should take it.
func waitUntilHeld(t *testing.T, h *host.OS, done <-chan error) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(10*time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			t.Fatalf("taking the lock: %v", err)
		case <-late:
			t.Fatal("nobody took the lock in 10s")
		case <-tick.C:
			if _, held, err := h.LockHolder("/var/lib/dpkg/lock-frontend"); err == nil && held {
				return
			}
		}
	}
}

func TestRealLockIsWaitedFor(t *testing.T) {
	h := realHost(t)
	lock := func(seconds string) <-chan error {
		done := make(chan error, 1)
		go func() {
			const script = `use Fcntl; open F,">","/var/lib/dpkg/lock-frontend" or die; my $whole=pack("s2 x4 q2 i x4",F_WRLCK,0,0,0,0); fcntl(F,F_SETLK,$whole) or die; sleep $ARGV[0]`
			_, err := h.Run(t.Context(), host.Command{Argv: []string{"perl", "-e", script, seconds}})
			done <- err
		}()
		waitUntilHeld(t, h, done)
		return done
	}
	done := lock("20")
	op := tlet("1.35.4")
	op.LockTimeout = time.Second
	if err := op.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrLocked) || !strings.Contains(err.Error(), "perl") {
		t.Errorf("got %v want ErrLocked that names perl", err)
	}
	op.LockTimeout = time.Minute
	inverse, err := op.Inverse(t.Context(), h)
	must(t, err)
	must(t, op.Do(t.Context(), h))
	must(t, inverse.Do(t.Context(), h))
	must(t, <-done)
}
