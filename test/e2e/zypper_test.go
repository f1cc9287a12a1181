//go:build cluster

package e2e

import (
	"context"
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
	node, err := shared.Node(t.Context(), cluster.NodeConfig{Name: "zypper", Suite: cluster.LeapOnDebian}) // boot describes Debian's archive to it
	must(t, err)
	t.Cleanup(func() { must(t, node.PowerCut(context.Background())) })
	must(t, node.CopyIn(t.Context(), local, program))
	must(t, node.WriteFile(t.Context(), key, demo.Key, 0o644))
	out, err := node.Output(t.Context(), "env", "REPOSITORY="+demo.URL, "REPOSITORY_KEY="+key, program, "-test.v", "-test.run", "^TestNodeZypper")
	if passed := strings.Count(out, "--- PASS"); err != nil || passed < 9 {
		t.Errorf("got %d tests that passed, %v, want at least 9:\n%s", passed, err, out)
	}
}
