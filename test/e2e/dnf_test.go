//go:build cluster

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestPackagesOnARealDnf runs package edits with the real dnf and rpm.
func TestPackagesOnARealDnf(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "pkgmgr.test")
	must(t, build(t.Context(), "test", "-c", "-tags", "node", "-o", program, "./distros/pkgmgr"))
	node, err := shared.Node(t.Context(), cluster.NodeConfig{Name: "dnf", Suite: cluster.RockyOnDebian})
	must(t, err)
	repository, err := shared.Repository(t.Context(), cluster.RepositoryRPMDemo)
	must(t, err)
	const key = "/etc/pki/rpm-gpg/RPM-GPG-KEY-demo"
	must(t, node.WriteFile(t.Context(), key, repository.Key, 0o644))
	must(t, node.WriteFile(t.Context(), "/etc/yum.repos.d/rpm-demo.repo", repository.RepoFile(key), 0o644))
	must(t, node.CopyIn(t.Context(), program, "/root/pkgmgr.test"))
	out, err := node.Output(t.Context(), "/root/pkgmgr.test", "-test.v", "-test.run", "^TestNodeDnf")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if passed := strings.Count(out, "--- PASS: TestNodeDnf"); passed < 5 {
		t.Errorf("got %d tests that passed, want 5:\n%s", passed, out)
	}
}
