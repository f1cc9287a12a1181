//go:build cluster

package e2e

import (
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestUpgrade brings the kubelet of a node to the next minor version. Each minor has a repository of its own, as at pkgs.k8s.io.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	m := boot(t, cluster.NodeConfig{Name: "upgraded"}, binaries.plain)
	cp := m.canJoin(t)
	version := func(version string) bed.Edit {
		return func(spec map[string]any) { spec["kubernetesVersion"] = version }
	}
	m.give(t, workerGroup(t, addRepository(t, cluster.RepositoryOlder), version(cluster.OlderKubernetes)))
	m.wantHostler(t, 0, "apply", "-f", groupFile)
	m.wantReady(t, cp, cluster.OlderKubernetes)

	m.give(t, workerGroup(t, addRepository(t, cluster.RepositoryOlder), version(cluster.Kubernetes)))
	t.Run("the plan says that it drains", func(t *testing.T) {
		if got := m.plan(t).Impact; got != "Drain" {
			t.Errorf("impact: got %s, want Drain", got)
		}
	})
	t.Run("an apply that may only restart is blocked and touches nothing", func(t *testing.T) {
		before, lives, runs := m.look(t), m.lives(t), len(m.runs(t))
		m.wantHostler(t, 4, "apply", "-f", groupFile, "--max-impact", "Restart")
		wantSame(t, "the machine", before, m.look(t))
		wantSame(t, "units", lives, m.lives(t))
		if got := len(m.runs(t)); got != runs {
			t.Errorf("got %d runs in the history, want %d as before", got, runs)
		}
	})
	t.Run("an apply that may drain upgrades", func(t *testing.T) {
		lives := m.lives(t)
		m.wantHostler(t, 0, "apply", "-f", groupFile)
		m.wantReady(t, cp, cluster.Kubernetes)
		m.wantRestarted(t, lives, []string{"kubelet.service"})
		m.converged(t)
	})
}
