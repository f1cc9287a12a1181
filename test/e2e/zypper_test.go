//go:build cluster

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestZypper runs package edits with the real zypper, over the real rpm.
func TestZypper(t *testing.T) {
	t.Parallel()
	const program, key = "/root/pkgmgr.test", "/root/repository.asc"
	local := filepath.Join(t.TempDir(), "pkgmgr.test")
	must(t, build(t.Context(), "test", "-c", "-tags", "node", "-o", local, "./distros/pkgmgr"))
	demo := repository(t, cluster.RepositoryRPMDemo)
	m := boot(t, cluster.NodeConfig{Name: "zypper", Suite: cluster.LeapOnDebian}, binaries.plain)
	must(t, m.CopyIn(t.Context(), local, program))
	must(t, m.WriteFile(t.Context(), key, demo.Key, 0o644))
	out, err := m.Output(t.Context(), "env", "REPOSITORY="+demo.URL, "REPOSITORY_KEY="+key, program, "-test.v", "-test.run", "^TestZypper")
	if passed := strings.Count(out, "--- PASS"); err != nil || passed < 10 {
		t.Errorf("got %d tests that passed, %v, want at least 10:\n%s", passed, err, out)
	}
}
