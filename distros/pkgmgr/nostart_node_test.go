//go:build node

package pkgmgr_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps/host"
)

// serviceScript is what debhelper puts into a package's postinst, in short: upgrades
// restart the service, by the wrapper of systemctl or that of init scripts.
const serviceScript = `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
systemctl --system daemon-reload
systemctl enable -q %[1]s.service
action=start
[ -z "$2" ] || action=restart
%[2]s
`

// serviceHost is a host with packages whose scripts start their services: tserv, and
// tother that it needs.
func serviceHost(t *testing.T) *host.OS {
	t.Helper()
	h := realHost(t)
	repo, err := os.MkdirTemp("", "services")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(repo) })
	must(t, os.Chmod(repo, 0o755))
	var index strings.Builder
	for _, p := range []struct{ name, version, depends, start string }{
		{"tother", "1.0", "", "deb-systemd-invoke $action tother.service"},
		{"tserv", "1.0", "tother", "deb-systemd-invoke $action tserv.service"},
		{"tserv", "1.1", "tother", "deb-systemd-invoke $action tserv.service"},
		{"tserv", "1.2", "tother", "invoke-rc.d tserv $action"},
	} {
		index.WriteString(buildDeb(t, h, repo, p.name, p.version, p.depends, fmt.Sprintf(serviceScript, p.name, p.start)))
		write(t, "/etc/systemd/system/"+p.name+".service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n", 0o644)
		t.Cleanup(func() {
			_, _ = h.Run(t.Context(), host.Command{Argv: []string{"systemctl", "disable", "--now", p.name}})
			_ = os.Remove("/etc/systemd/system/" + p.name + ".service")
		})
	}
	write(t, filepath.Join(repo, "Packages"), index.String(), 0o644)
	source := "/etc/apt/sources.list.d/hostler-services.list"
	write(t, source, "deb [trusted=yes] file:"+repo+" ./\n", 0o644)
	t.Cleanup(func() {
		_ = os.Remove(source)
		_, _ = h.Run(t.Context(), host.Command{Argv: []string{"dpkg", "--purge", "--force-all", "tserv", "tother"}})
	})
	must(t, pkgmgr.Refresh{Manager: distros.Apt, Name: "services", Source: source}.Do(t.Context(), h))
	return h
}

// mainPID is the service's process, "0" where it does not run.
func mainPID(t *testing.T, h *host.OS, unit string) string {
	t.Helper()
	out, err := h.Run(t.Context(), host.Command{Argv: []string{"systemctl", "show", "-p", "MainPID", unit}})
	must(t, err)
	return strings.TrimPrefix(strings.TrimSpace(string(out.Stdout)), "MainPID=")
}

func wantNoPolicy(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(policyPath); err == nil {
		t.Errorf("got %s still there want it gone", policyPath)
	}
}

func TestRealScriptsStartNoServiceThatHostlerStarts(t *testing.T) {
	h := serviceHost(t)
	_ = os.Remove(policyPath) // debootstrap may have left one
	version := func(v string, units ...string) pkgmgr.Install {
		return pkgmgr.Install{Manager: distros.Apt, Name: "tserv", To: v, NoStart: units}
	}
	first := version("1.0", "tserv.service")
	inverse, err := first.Inverse(t.Context(), h)
	must(t, err)
	there(t, h, first)
	if pid := mainPID(t, h, "tserv"); pid != "0" {
		t.Errorf("installation: got process %s want the service not started", pid)
	}
	other := mainPID(t, h, "tother")
	if other == "0" {
		t.Error("installation: got no process of the other service want it started by its package")
	}
	wantNoPolicy(t)

	_, err = h.Run(t.Context(), host.Command{Argv: []string{"systemctl", "start", "tserv"}})
	must(t, err)
	before := mainPID(t, h, "tserv")
	for _, v := range []string{"1.1", "1.2"} { // by each of the two wrappers
		there(t, h, version(v, "tserv.service"))
		if after := mainPID(t, h, "tserv"); after != before {
			t.Errorf("upgrade to %s: got process %s want %s: hostler restarts it itself", v, after, before)
		}
	}
	there(t, h, version("1.1"))
	if after := mainPID(t, h, "tserv"); after == before || after == "0" {
		t.Errorf("an installation without a wish: got process %s want the service restarted, as the distribution does it", after)
	}
	wantNoPolicy(t)

	// An administrator's policy stays, and decides.
	const foreign = "#!/bin/sh\nexit 101\n"
	write(t, policyPath, foreign, 0o755)
	before = mainPID(t, h, "tserv")
	there(t, h, version("1.0", "tserv.service"))
	content, err := os.ReadFile(policyPath)
	must(t, err)
	if after := mainPID(t, h, "tserv"); after != before || string(content) != foreign {
		t.Errorf("with a policy of the administrator: got process %s, policy %q want %s, and the policy as it was", after, content, before)
	}
	must(t, os.Remove(policyPath))
	there(t, h, inverse)
	wantNoPolicy(t)
}
