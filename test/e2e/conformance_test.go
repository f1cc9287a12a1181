//go:build cluster

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestHostConformance runs, on a machine that lives, the suite that every host.Host must pass.
func TestHostConformance(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "host.test")
	must(t, build(t.Context(), "test", "-c", "-tags", "node", "-o", binary, "./steps/host"))
	for _, suite := range cluster.Suites {
		t.Run("on "+suite, func(t *testing.T) {
			t.Parallel()
			m := boot(t, cluster.NodeConfig{Name: "host-" + suite, Suite: suite}, binaries.plain)
			must(t, m.CopyIn(t.Context(), binary, "/root/host.test"))
			out, err := m.Output(t.Context(), "/root/host.test", "-test.v", "-test.run", "^TestNode$")
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if passed := strings.Count(out, "--- PASS"); passed < 30 {
				t.Errorf("got %d tests that passed, want the whole suite:\n%s", passed, out)
			}
		})
	}
}
