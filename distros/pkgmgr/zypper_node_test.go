//go:build node

package pkgmgr_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// These tests use the real zypper, in a node of the test bed that has one: test/e2e
// builds them and tells them of a repository with hostler-demo 1.0-1 and 1.1-1, which
// need hostler-demo-common, and 2.0-1, whose script fails.

// suse is the machine that the test runs on.
func suse(t *testing.T) *host.OS {
	t.Helper()
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its packages are to be kept: %v", err)
	}
	h, err := host.Open("/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
	must(t, err)
	t.Cleanup(func() { _ = h.Close() })
	const source = "/etc/zypp/repos.d/demo.repo"
	write(t, source, "[demo]\nname=demo\nenabled=1\nautorefresh=0\ngpgcheck=1\nbaseurl="+os.Getenv("REPOSITORY")+
		"\ngpgkey=file://"+os.Getenv("REPOSITORY_KEY")+"\n", 0o644)
	trust(t, h)
	must(t, pkgmgr.Refresh{Manager: distros.Zypper, Name: "demo", Source: source}.Do(t.Context(), h))
	return h
}

// trust has rpm accept the repository's packages for the time of a test.
func trust(t *testing.T, h *host.OS) {
	t.Helper()
	file := os.Getenv("REPOSITORY_KEY")
	key, err := os.ReadFile(file)
	must(t, err)
	op, err := pkgmgr.PlanKey(t.Context(), h, pkgmgr.ImportKey{Manager: distros.Zypper, Path: file}, key)
	must(t, err)
	if op == nil {
		t.Fatal("the key is trusted already: an earlier test did not take it back")
	}
	inverse, err := op.Inverse(t.Context(), h)
	must(t, err)
	there(t, h, op, op)
	again, err := pkgmgr.PlanKey(t.Context(), h, pkgmgr.ImportKey{Manager: distros.Zypper, Path: file}, key)
	must(t, err)
	if again != nil {
		t.Errorf("got %v want nothing to do: rpm has the key under another name", again)
	}
	t.Cleanup(func() { must(t, inverse.Do(context.WithoutCancel(t.Context()), h)) })
}

// suseLook is what undo must give back: packages, locks and the demo's files.
func suseLook(t *testing.T, h *host.OS) []string {
	t.Helper()
	out, err := h.Run(t.Context(), host.Command{Argv: []string{"sh", "-ec", `rpm -qa | sort
find /etc/zypp /usr/share/hostler-demo* /etc/hostler-demo* -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
grep -v '^#' /var/lib/zypp/AutoInstalled 2>/dev/null || true`}})
	must(t, err)
	return strings.Split(string(out.Stdout), "\n")
}

func demo(version string) pkgmgr.Install {
	return pkgmgr.Install{Manager: distros.Zypper, Name: "hostler-demo", To: version}
}

var (
	holdDemo = pkgmgr.Hold{Manager: distros.Zypper, Name: "hostler-demo", To: true}
	freeDemo = pkgmgr.Hold{Manager: distros.Zypper, Name: "hostler-demo", From: true}
)

func suseGet(t *testing.T, h *host.OS) (version string, held bool) {
	t.Helper()
	m, err := pkgmgr.For(distros.Zypper)
	must(t, err)
	inventory, err := m.Installed(t.Context(), h)
	must(t, err)
	found := inventory.Get("hostler-demo")
	return found.Version, found.Held
}

func TestNodeZypperGivesTheNodeBack(t *testing.T) {
	h := suse(t)
	for _, c := range []struct {
		name    string
		before  []steps.Op
		op      steps.Op
		version string
		held    bool
	}{
		{"a new package and what it brought", nil, demo("1.0"), "1.0-1", false},
		{"a hold", []steps.Op{demo("1.0")}, holdDemo, "1.0-1", true},
		{"an upgrade of a held package", []steps.Op{holdDemo}, demo("1.1"), "1.1-1", true},
		{"a downgrade", []steps.Op{demo("1.1")}, demo("1.0-1"), "1.0-1", true},
		{"a removal with what depends on it", []steps.Op{freeDemo}, pkgmgr.Remove{Manager: distros.Zypper, Name: "hostler-demo-common"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			there(t, h, c.before...)
			before := suseLook(t, h)
			inverse, err := c.op.Inverse(t.Context(), h)
			must(t, err)
			there(t, h, c.op, c.op)
			if version, held := suseGet(t, h); version != c.version || held != c.held {
				t.Errorf("got version %q held %t want %q held %t", version, held, c.version, c.held)
			}
			there(t, h, inverse, inverse)
			if diff := cmp.Diff(before, suseLook(t, h)); diff != "" {
				t.Errorf("undo must give the node back (-before +after):\n%s", diff)
			}
		})
	}
}

func TestNodeZypperFailsInWordsThatAreUnderstood(t *testing.T) {
	h := suse(t)
	there(t, h, demo("1.1"), holdDemo)
	before := suseLook(t, h)
	bad := demo("2.0")
	inverse, err := bad.Inverse(t.Context(), h)
	must(t, err)
	if err := bad.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrMaintainerScript) {
		t.Errorf("failing script: got %v want ErrMaintainerScript", err)
	}
	must(t, inverse.Do(t.Context(), h))
	if diff := cmp.Diff(before, suseLook(t, h)); diff != "" {
		t.Errorf("undo of a failed installation (-before +after):\n%s", diff)
	}
	if err := demo("9").Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrNoVersion) || !strings.Contains(err.Error(), "1.0-1") {
		t.Errorf("unknown version: got %v want ErrNoVersion with those there are", err)
	}
	missing := pkgmgr.Install{Manager: distros.Zypper, Name: "nosuch"}
	if err := missing.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrNoPackage) {
		t.Errorf("unknown package: got %v want ErrNoPackage", err)
	}
	// The common package cannot go without the held one.
	remove := pkgmgr.Remove{Manager: distros.Zypper, Name: "hostler-demo-common"}
	if err := remove.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrBroken) || !strings.Contains(err.Error(), "hostler-demo") {
		t.Errorf("held dependent: got %v want ErrBroken that names it", err)
	}
	source := "/etc/zypp/repos.d/down.repo"
	write(t, source, "[down]\nname=down\nenabled=1\nbaseurl=http://127.0.0.1:1/\n", 0o644)
	t.Cleanup(func() { _ = os.Remove(source) })
	refresh := pkgmgr.Refresh{Manager: distros.Zypper, Name: "down", Source: source}
	if err := refresh.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrUnreachable) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("unreachable repository: got %v want ErrUnreachable with its address", err)
	}
}

func TestNodeZypperLockIsWaitedFor(t *testing.T) {
	h := suse(t)
	there(t, h, freeDemo, pkgmgr.Remove{Manager: distros.Zypper, Name: "hostler-demo"})
	done := make(chan error, 1)
	go func() {
		_, err := h.Run(t.Context(), host.Command{Argv: []string{"sh", "-c", "printf $$ > /run/zypp.pid; exec sleep 10"}})
		done <- err
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		pid, _ := os.ReadFile("/run/zypp.pid")
		if command, _ := os.ReadFile("/proc/" + string(pid) + "/cmdline"); strings.HasPrefix(string(command), "sleep") {
			break
		}
	}
	op := demo("1.0")
	op.LockTimeout = time.Second
	if err := op.Do(t.Context(), h); !errors.Is(err, pkgmgr.ErrLocked) || !strings.Contains(err.Error(), "sleep") {
		t.Errorf("got %v want ErrLocked that names sleep", err)
	}
	op.LockTimeout = time.Minute
	must(t, op.Do(t.Context(), h))
	must(t, <-done)
}

// TestNodeZypperPrefetch: what is fetched ahead is enough, there and back.
func TestNodeZypperPrefetch(t *testing.T) {
	h := suse(t)
	there(t, h, freeDemo, demo("1.0"))
	for _, cache := range []string{"/var/cache/hostler", "/var/cache/zypp/packages"} {
		must(t, os.RemoveAll(cache)) // as on a node whose image was made from the package
	}
	before := suseLook(t, h)
	op := demo("1.1")
	must(t, op.Prefetch(t.Context(), h, []steps.Op{op}))
	if diff := cmp.Diff(before, suseLook(t, h)); diff != "" {
		t.Errorf("a prefetch leaves the node as it was (-before +after):\n%s", diff)
	}
	address, err := url.Parse(os.Getenv("REPOSITORY"))
	must(t, err)
	route := func(verb string) {
		_, err := h.Run(t.Context(), host.Command{Argv: []string{"ip", "route", verb, "unreachable", address.Hostname()}})
		must(t, err)
	}
	route("add")
	defer route("del")
	inverse, err := op.Inverse(t.Context(), h)
	must(t, err)
	there(t, h, op)
	if version, _ := suseGet(t, h); version != "1.1-1" {
		t.Errorf("got version %q want 1.1-1", version)
	}
	there(t, h, inverse)
	if diff := cmp.Diff(before, suseLook(t, h)); diff != "" {
		t.Errorf("there and back (-before +after):\n%s", diff)
	}
}
