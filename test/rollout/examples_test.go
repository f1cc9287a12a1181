//go:build cluster

package rollout

import (
	"path/filepath"
	"testing"
)

// TestExamples has the API server read the examples for the cluster, with everything that its schema and its rules can refuse.
func TestExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "examples", "cluster", "*.yaml"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("got examples %q and error %v, want one of each kind that people write", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, err := shared.ControlPlane.Kubectl(t.Context(), "create", "--dry-run=server", "--validate=strict", "--filename", path); err != nil {
				t.Error(err)
			}
		})
	}
}
