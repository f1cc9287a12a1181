//go:build cluster

package e2e

import (
	"slices"
	"strconv"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestUpgrade brings the kubelet of a node to the next minor version. Each minor has a repository of its own, as at pkgs.k8s.io.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	m := boot(t, cluster.NodeConfig{Name: "upgraded"}, binaries.faults)
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
	t.Run("an apply that may drain is killed when the package is there, and the next one upgrades", func(t *testing.T) {
		lives := m.lives(t)
		made := firstEvent(slices.Index(m.plan(t).keys(), "package:kubelet")) + 1
		m.wantHostler(t, killed, "HOSTLER_TEST_KILL_AT="+strconv.Itoa(made), "apply", "-f", groupFile)
		if got := m.output(t, "dpkg-query", "-W", "-f", "${Version}", "kubelet"); got != cluster.Kubernetes+"-1.1" {
			t.Fatalf("the kill came when kubelet was %s, want it to be %s", got, cluster.Kubernetes)
		}
		m.wantHostler(t, 0, "apply", "-f", groupFile)
		m.wantReady(t, cp, cluster.Kubernetes)
		m.wantRestarted(t, lives, []string{"kubelet.service"})
		m.converged(t)
		if left := m.leftovers(t); left != "" {
			t.Errorf("temporary files are left: %s", left)
		}
	})
}
