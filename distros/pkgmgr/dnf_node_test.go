//go:build node

package pkgmgr_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// These tests run the real dnf in an rpm node, where test/e2e describes the
// repository rpm-demo: hostler-demo in versions 1.0-1 and 1.1-1, which need
// hostler-demo-common, and 2.0-1, whose script fails. They are not called TestReal…,
// which run on Debian.

const (
	dnfSource  = "/etc/yum.repos.d/rpm-demo.repo"
	lockedList = "/etc/dnf/plugins/versionlock.list"
)

// rpmHost is the machine that the test runs on, without the test's packages.
func rpmHost(t *testing.T) *host.OS {
	t.Helper()
	for _, path := range []string{"/etc/testbed", dnfSource} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("this is no rpm node of the test bed, and its packages are to be kept: %v", err)
		}
	}
	h, err := host.Open("/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	clean := func() {
		_, _ = h.Run(t.Context(), host.Command{Argv: []string{"rpm", "-e", "--force-debian", "hostler-demo", "hostler-demo-common"}})
		_, _ = h.Run(t.Context(), host.Command{Argv: []string{"rpm", "-e", "--force-debian", "hostler-demo-common"}})
		_, _ = h.Run(t.Context(), host.Command{Argv: []string{"rm", "-rf", "/var/cache/hostler", "/var/cache/dnf"}})
		_ = os.WriteFile(lockedList, nil, 0o644)
		_ = os.Remove("/etc/hostler-demo.conf.rpmsave")
	}
	clean()
	must(t, dnfRefresh().Do(t.Context(), h))
	return h
}

func dnfRefresh() pkgmgr.Refresh {
	return pkgmgr.Refresh{Manager: distros.Dnf, Name: "rpm-demo", Source: dnfSource, Lists: repository.Lists{ID: "rpm-demo"}}
}

func dnfDemo(version string) pkgmgr.Install {
	return pkgmgr.Install{Manager: distros.Dnf, Name: "hostler-demo", To: version}
}

var dnfHold = pkgmgr.Hold{Manager: distros.Dnf, Name: "hostler-demo", To: true}

func getRPM(t *testing.T, h *host.OS, name string) pkgmgr.Package {
	t.Helper()
	m, err := pkgmgr.For(distros.Dnf)
	must(t, err)
	inventory, err := m.Installed(t.Context(), h)
	must(t, err)
	return inventory.Get(name)
}

// rpmFacts are what undo must bring back: packages, why they are there, locks and
// files.
func rpmFacts(t *testing.T, h *host.OS) []string {
	t.Helper()
	var facts []string
	for _, argv := range [][]string{
		{"rpm", "-qa", "--queryformat", "%{NAME} %{EVR}\n"},
		{"dnf", "-q", "-C", "repoquery", "--installed", "--queryformat", "%{name} %{reason}"},
	} {
		out, err := h.Run(t.Context(), host.Command{Argv: argv})
		must(t, err)
		for line := range strings.Lines(string(out.Stdout)) {
			if strings.Contains(line, "demo") {
				facts = append(facts, line)
			}
		}
	}
	for _, path := range []string{lockedList, "/etc/hostler-demo.conf", "/usr/share/hostler-demo/version", "/etc/hostler-demo.conf.rpmsave"} {
		content, err := os.ReadFile(path)
		if err == nil {
			facts = append(facts, fmt.Sprintf("%s %q", path, content))
		}
	}
	return facts
}

func TestNodeDnfGivesTheNodeBack(t *testing.T) {
	h := rpmHost(t)
	const theirs = "# of the administrator\nhostler-demo-0:1.0-1.*\n!other-1.0-1.*"
	at := func(version string, held bool) pkgmgr.Package {
		return pkgmgr.Package{Name: "hostler-demo", Version: version, Arch: "noarch", Installed: true, Held: held}
	}
	cases := []struct {
		name   string
		before []steps.Op
		locks  string
		op     steps.Op
		want   pkgmgr.Package
	}{
		{"a new package and what it brought", nil, "", dnfDemo("1.0"), at("1.0-1", false)},
		{"an upgrade of a held package", []steps.Op{dnfDemo("1.0")}, theirs, dnfDemo("1.1-1"), at("1.1-1", true)},
		{"a downgrade", []steps.Op{dnfDemo("1.1")}, "", dnfDemo("1.0"), at("1.0-1", false)},
		{"a removal with what depends on it", []steps.Op{dnfDemo("1.1")}, "",
			pkgmgr.Remove{Manager: distros.Dnf, Name: "hostler-demo-common", From: "1.0-1"}, pkgmgr.Package{Name: "hostler-demo"}},
		{"the removal of a held package", []steps.Op{dnfDemo("1.0")}, theirs,
			pkgmgr.Remove{Manager: distros.Dnf, Name: "hostler-demo", From: "1.0-1"}, pkgmgr.Package{Name: "hostler-demo"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			must(t, os.WriteFile(lockedList, nil, 0o644))
			there(t, h, c.before...)
			if c.locks != "" {
				must(t, os.WriteFile(lockedList, []byte(c.locks), 0o644))
			}
			before := rpmFacts(t, h)
			inverse, err := c.op.Inverse(t.Context(), h)
			must(t, err)
			if diff := cmp.Diff(before, rpmFacts(t, h)); diff != "" {
				t.Errorf("asking for the inverse changed the node:\n%s", diff)
			}
			there(t, h, c.op, c.op)
			if diff := cmp.Diff(c.want, getRPM(t, h, "hostler-demo")); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
			there(t, h, inverse, inverse)
			if diff := cmp.Diff(before, rpmFacts(t, h)); diff != "" {
				t.Errorf("undo must give the node back (-before +after):\n%s", diff)
			}
		})
	}
}

func TestNodeDnfKeepsToItsHolds(t *testing.T) {
	h := rpmHost(t)
	there(t, h, dnfDemo("1.0"), dnfHold)
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"dnf", "-y", "-C", "upgrade"}}); err != nil {
		t.Fatal(err)
	}
	if got := getRPM(t, h, "hostler-demo").Version; got != "1.0-1" {
		t.Errorf("after dnf upgrade the held version is %s, want 1.0-1", got)
	}
}

func TestNodeDnfFailsInWordsThatAreUnderstood(t *testing.T) {
	h := rpmHost(t)
	before := rpmFacts(t, h)
	away := pkgmgr.Refresh{Manager: distros.Dnf, Name: "away", Source: "/etc/yum.repos.d/away.repo"}
	cases := []struct {
		name string
		op   steps.Op
		kind error
		says string
	}{
		{"a version that there is not", dnfDemo("1.37"), pkgmgr.ErrNoVersion, "2.0-1, 1.1-1, 1.0-1"},
		{"a package that there is not", pkgmgr.Install{Manager: distros.Dnf, Name: "no-such", To: "1"}, pkgmgr.ErrNoPackage, "no-such"},
		{"a script that fails", dnfDemo("2.0"), pkgmgr.ErrMaintainerScript, "this version cannot be installed"},
		{"a repository that does not answer", away, pkgmgr.ErrUnreachable, "127.0.0.1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.kind == pkgmgr.ErrUnreachable { //nolint:errorlint // the sentinel itself
				write(t, away.Source, "[away]\nname=away\nbaseurl=http://127.0.0.1:1/\ngpgcheck=1\nenabled=1\n", 0o644)
				t.Cleanup(func() { _ = os.Remove(away.Source) })
			}
			if err := c.op.Do(t.Context(), h); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v want %v that says %q", err, c.kind, c.says)
			}
		})
	}
	if diff := cmp.Diff(before, rpmFacts(t, h)); diff != "" {
		t.Errorf("what failed must change nothing (-before +after):\n%s", diff)
	}
}

func TestNodeDnfLockIsWaitedFor(t *testing.T) {
	h := rpmHost(t)
	there(t, h, dnfDemo("1.0"))
	const lock = "/var/cache/dnf/metadata_lock.pid"
	write(t, lock, fmt.Sprint(os.Getpid()), 0o644)
	op := dnfHold
	op.LockTimeout = 1 // nanosecond
	if err := op.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("got %v want ErrLocked that names this process", err)
	}
	if _, err := h.Run(t.Context(), host.Command{Argv: []string{"dnf", "-y", "--setopt=exit_on_lock=1", "remove", "hostler-demo"}}); err == nil {
		t.Error("dnf itself went on, so this lock is none")
	}
	must(t, os.Remove(lock))
	must(t, op.Do(t.Context(), h))
}

func TestNodeDnfInstallsWhatWasFetchedAhead(t *testing.T) {
	h := rpmHost(t)
	must(t, dnfDemo("1.1").Prefetch(t.Context(), h, nil))
	there(t, h, dnfDemo("1.0"))
	// Without the network, forth and back.
	inverse, err := dnfDemo("1.1").Inverse(t.Context(), h)
	must(t, err)
	cutOff(t, h)
	there(t, h, dnfDemo("1.1"))
	if got := getRPM(t, h, "hostler-demo").Version; got != "1.1-1" {
		t.Errorf("got %s want 1.1-1, which was fetched ahead", got)
	}
	there(t, h, inverse)
	if got := getRPM(t, h, "hostler-demo").Version; got != "1.0-1" {
		t.Errorf("got %s want 1.0-1 back from the copy that was kept", got)
	}
}

// cutOff takes the node's cable down for the rest of the test.
func cutOff(t *testing.T, h *host.OS) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // it has ended when the test is cleaned up
	_, err := h.Run(ctx, host.Command{Argv: []string{"ip", "link", "set", "host0", "down"}})
	must(t, err)
	t.Cleanup(func() {
		if _, err := h.Run(ctx, host.Command{Argv: []string{"systemctl", "restart", "testbed-network"}}); err != nil {
			t.Error(err)
		}
	})
}
