//go:build cluster

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// nodeTests are tests of single packages that need a machine that lives: its own
// systemd, kernel, apt and dpkg. They are built with the tag "node".
var nodeTests = []struct {
	pkg, run string
	// least is how many must pass, so that a suite that runs nothing is seen.
	least int
}{
	{"distros/pkgmgr", "^TestReal", 3},
	{"sysctl", "^TestNode", 3},
	{"steps/host", "^TestNode$", 30}, // last: it kills the message bus, and logind needs a while to answer apt again
}

// TestPackagesOnRealMachines runs what every host.Host must pass, and package
// edits with the real programs, on each release.
func TestPackagesOnRealMachines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range nodeTests {
		must(t, build(t.Context(), "test", "-c", "-tags", "node", "-o", filepath.Join(dir, filepath.Base(c.pkg)+".test"), "./"+c.pkg))
	}
	for _, suite := range cluster.Suites {
		t.Run("on "+suite, func(t *testing.T) {
			t.Parallel()
			m := boot(t, cluster.NodeConfig{Name: "host-" + suite, Suite: suite}, binaries.plain)
			for _, c := range nodeTests {
				name := filepath.Base(c.pkg) + ".test"
				must(t, m.CopyIn(t.Context(), filepath.Join(dir, name), "/root/"+name))
				out, err := m.Output(t.Context(), "/root/"+name, "-test.v", "-test.run", c.run)
				if err != nil {
					t.Errorf("%s: %v\n%s", c.pkg, err, out)
				}
				if passed := strings.Count(out, "--- PASS"); passed < c.least {
					t.Errorf("%s: got %d tests that passed, want at least %d:\n%s", c.pkg, passed, c.least, out)
				}
			}
		})
	}
}
