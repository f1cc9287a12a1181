//go:build cluster

package faults

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/test/cluster"
)

// demo wishes for a version of hostler-demo from a repository.
func demo(version, url string) string {
	return fmt.Sprintf(`
packages:
  lockTimeout: 3s
  repositories:
  - {name: demo, type: apt, url: %q, suite: stable, components: [main], key: /etc/demo.asc}
  install:
  - {name: hostler-demo, version: %q}`, url, version)
}

// demoMachine boots a bare machine with the key of the demo repository.
// Packages come before containerd, so runs that fail in them do not install it.
func demoMachine(t *testing.T, name string) (machine, cluster.Repository) {
	t.Helper()
	m := bare(t, name)
	repository, err := shared.Repository(t.Context(), cluster.RepositoryDemo)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WriteFile(t.Context(), "/etc/demo.asc", repository.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	return m, repository
}

func TestRepositoryFaults(t *testing.T) {
	t.Parallel()
	m, repository := demoMachine(t, "repository")
	before := m.look(t)
	t.Run("a version that it lacks", func(t *testing.T) {
		m.wish(t, demo("9.9", repository.URL))
		m.apply(t).want(t, 5, "hostler-demo 9.9", "the repositories have 2.0-1, 1.1-1, 1.0-1", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a package that it lacks", func(t *testing.T) {
		m.wish(t, strings.Replace(demo("1.0", repository.URL), "name: hostler-demo", "name: hostler-dmeo", 1))
		m.apply(t).want(t, 5, "no such package", "hostler-dmeo", "add the repository that does", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("no server", func(t *testing.T) {
		url := fmt.Sprintf("http://%s", closedPort(t))
		m.wish(t, demo("1.0", url))
		m.apply(t).want(t, 5, "refreshing repository demo: repository is not reachable", url, "Connection refused", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a server without it", func(t *testing.T) {
		m.wish(t, demo("1.0", repository.URL+"x"))
		m.apply(t).want(t, 5, "refreshing repository demo: repository is not reachable", repository.URL+"x", "Release", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a bad signature", func(t *testing.T) {
		tampered, err := shared.Repository(t.Context(), cluster.RepositoryDemoTampered)
		if err != nil {
			t.Fatal(err)
		}
		m.wish(t, demo("1.0", tampered.URL))
		m.apply(t).want(t, 5, "refreshing repository demo: repository has no valid signature", tampered.URL, "BADSIG", "check the key", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a key file that is not there", func(t *testing.T) {
		m.wish(t, strings.Replace(demo("1.0", repository.URL), "/etc/demo.asc", "/etc/gone.asc", 1))
		m.apply(t).want(t, 1, "/etc/gone.asc")
		m.wantAsBefore(t, before)
	})
	t.Run("a cable that is cut", func(t *testing.T) {
		if err := m.CutNetwork(); err != nil {
			t.Fatal(err)
		}
		m.wish(t, demo("1.0", repository.URL))
		a := m.apply(t).want(t, 5, "refreshing repository demo: repository is not reachable", repository.URL, "Rolled back")
		if a.took > 2*time.Minute {
			t.Errorf("time until hostler gave up: got %s want less than 2m", a.took)
		}
		m.wantAsBefore(t, before)
		if err := m.RestoreNetwork(); err != nil {
			t.Fatal(err)
		}
	})
}

// closedPort returns an address of the run's bridge that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(shared.Bridge.Addr(), 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// withDemo installs hostler-demo by hand, as it would be from an earlier day.
const withDemo = `
echo "deb [signed-by=/etc/demo.asc] %[1]s stable main" > /etc/apt/sources.list.d/by-hand.list
apt-get -q update; apt-get -q -y install hostler-demo=%[2]s
`

func TestPackageFaults(t *testing.T) {
	t.Parallel()
	m, repository := demoMachine(t, "packages")
	m.sh(t, fmt.Sprintf(withDemo, repository.URL, "1.0-1")+"apt-mark hold hostler-demo")
	before := m.look(t)
	healthy := func(t *testing.T) {
		t.Helper()
		m.wantAsBefore(t, before)
		if got := m.sh(t, "dpkg --audit; cat /usr/share/hostler-demo/version"); got != "1.0-1" {
			t.Errorf("dpkg --audit, version: got %q want only 1.0-1", got)
		}
	}
	t.Run("a script that fails", func(t *testing.T) {
		m.wish(t, demo("2.0", repository.URL))
		m.apply(t).want(t, 5, "installing hostler-demo 2.0-1: a package's script failed: hostler-demo", "it printed:\n  ", "cannot be configured", "Rolled back")
		healthy(t)
	})
	t.Run("a lock that is held for ever", func(t *testing.T) {
		pid := m.holdLock(t, "/var/lib/dpkg/lock-frontend")
		m.wish(t, demo("1.1", repository.URL))
		a := m.apply(t).want(t, 5,
			"waiting: /var/lib/dpkg/lock-frontend is held by process "+pid+" (perl ", // while it waits
			"another package manager holds the lock: /var/lib/dpkg/lock-frontend is held by process "+pid+" (perl ",
			"after waiting 3s; let it finish, or end it, and try again", "Rolled back")
		if a.took > 30*time.Second {
			t.Errorf("time until hostler gave up: got %s want a little more than lockTimeout, 3s", a.took)
		}
		healthy(t)
		m.sh(t, "kill "+pid)
	})
	t.Run("a lock on the lists that is held for ever", func(t *testing.T) {
		pid := m.holdLock(t, "/var/lib/apt/lists/lock")
		m.wish(t, demo("1.1", repository.URL))
		m.apply(t).want(t, 5, "/var/lib/apt/lists/lock is held by process "+pid+" (perl ", "after waiting 3s", "Rolled back")
		healthy(t)
		m.sh(t, "kill "+pid)
	})
	t.Run("a lock that is let go", func(t *testing.T) {
		pid := m.holdLock(t, "/var/lib/dpkg/lock-frontend")
		m.wish(t, strings.Replace(demo("1.1", repository.URL), "lockTimeout: 3s", "lockTimeout: 1m", 1))
		run := m.begin(t, "hostler", "apply", "-f", groupFile)
		run.says(t, "is held by process "+pid)
		m.sh(t, "kill "+pid)
		run.end(t).want(t, 0, "Done")
		m.verify(t).want(t, 0)
	})
	t.Run("an installation that somebody's kill cut short", func(t *testing.T) {
		m.sh(t, `cd /var/tmp; apt-get -q download hostler-demo=1.0-1; dpkg --unpack hostler-demo_1.0-1_*.deb`)
		if got := m.sh(t, "dpkg --audit"); !strings.Contains(got, "hostler-demo") {
			t.Fatalf("dpkg --audit: got %q want hostler-demo unfinished", got)
		}
		m.command(t, "hostler", "plan", "-f", groupFile).want(t, 3, "repair package-database", "an installation was interrupted: hostler-demo")
		m.apply(t).want(t, 0, "Done")
		m.verify(t).want(t, 0)
		if got := m.sh(t, "dpkg --audit; cat /usr/share/hostler-demo/version"); got != "1.1-1" {
			t.Errorf("dpkg --audit, version: got %q want only 1.1-1", got)
		}
	})
}

// holdLock starts a program that locks a file as apt does and keeps it, and
// returns its number in the machine.
func (m machine) holdLock(t *testing.T, path string) string {
	t.Helper()
	const script = `use Fcntl; open F, ">", $ARGV[0] or die $!; my $whole = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $whole) or die $!; open P, ">", "/run/lock-holder" or die $!; print P $$; close P; sleep 300`
	m.sh(t, "rm -f /run/lock-holder")
	m.begin(t, "perl", "-e", script, path)
	m.reach(t, "test -s /run/lock-holder")
	return m.sh(t, "cat /run/lock-holder")
}
