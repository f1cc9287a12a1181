//go:build cluster

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestPrefetch upgrades a kubelet to the next minor version, and takes it back, with
// the repositories out of reach: what was fetched ahead is enough.
func TestPrefetch(t *testing.T) {
	t.Parallel()
	const program = "/root/repositories.test"
	local := filepath.Join(t.TempDir(), "repositories.test")
	must(t, build(t.Context(), "test", "-c", "-tags", "node", "-o", local, "./steps/repositories"))
	older, newer := repository(t, cluster.RepositoryOlder), repository(t, cluster.RepositoryKubernetes)
	suites := cluster.Suites
	if !all() {
		suites = []string{"bookworm"}
	}
	for _, suite := range suites {
		t.Run("on "+suite, func(t *testing.T) {
			t.Parallel()
			m := boot(t, cluster.NodeConfig{Name: "prefetch-" + suite, Suite: suite}, binaries.plain)
			must(t, bed.Key(t.Context(), m.Node, newer))
			must(t, m.CopyIn(t.Context(), local, program))
			out := m.output(t, "env", "REPOSITORY_KEY="+bed.KeyFile,
				"REPOSITORY_OLD="+older.URL, "KUBERNETES_OLD="+cluster.OlderKubernetes,
				"REPOSITORY_NEW="+newer.URL, "KUBERNETES_NEW="+cluster.Kubernetes,
				program, "-test.v", "-test.run", "^TestNodePrefetch$")
			if !strings.Contains(out, "--- PASS: TestNodePrefetch") {
				t.Errorf("want the test to have run and passed, got:\n%s", out)
			}
		})
	}
}
