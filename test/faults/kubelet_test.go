//go:build cluster

package faults

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// nodeSpec wishes for a kubelet; see bed.Fit for what the test bed needs.
func nodeSpec(repository cluster.Repository) string {
	return fmt.Sprintf(`
kubernetesVersion: %s
packages:
  repositories:
  - {name: kubernetes, type: apt, url: %q, suite: stable, components: [main], key: %s}
kubelet:
  config: {failCgroupV1: false}
network:
  cni: {type: Bridge, bridge: {subnet: 10.88.0.0/16}}`, cluster.Kubernetes, repository.URL, bed.KeyFile)
}

func TestKubeletThatNeverBecomesReady(t *testing.T) {
	t.Parallel()
	m := prepared(t, "kubelet")
	controlPlane, err := shared.ControlPlane(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	repository, err := shared.Repository(t.Context(), cluster.RepositoryKubernetes)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bed.Key(t.Context(), m.Node, repository), bed.Join(t.Context(), controlPlane, m.Node)); err != nil {
		t.Fatal(err)
	}
	m.wish(t, nodeSpec(repository))
	asBefore := func(t *testing.T, before []string) {
		t.Helper()
		m.wantAsBefore(t, before)
		// The kubelet writes the kubeconfig by itself, before it has a certificate.
		got := m.sh(t, `find /usr/bin/kube* /var/lib/kubelet/config.yaml /etc/cni /etc/kubernetes -type f ! -name kubelet.conf 2>/dev/null || true
systemctl is-active containerd`)
		if got != "active" {
			t.Errorf("programs, configuration, containerd afterwards: got %q want only containerd, active", got)
		}
	}
	t.Run("the API server does not answer", func(t *testing.T) {
		before := m.look(t)
		if err := controlPlane.APIServer.Pause(); err != nil {
			t.Fatal(err)
		}
		a := m.apply(t, "--health-timeout", "15s")
		if err := controlPlane.APIServer.Resume(); err != nil {
			t.Fatal(err)
		}
		a.want(t, 5, "health: not all was well for 5s within 15s; the last fault was node kubelet Ready: the kubelet has no credential yet", "Rolled back")
		asBefore(t, before)
	})
	t.Run("it answers again, and the next apply makes the node Ready", func(t *testing.T) {
		m.apply(t, "--health-timeout", "60s").want(t, 0, "Done")
		m.verify(t).want(t, 0)
		if _, err := controlPlane.Kubectl(t.Context(), "wait", "node/kubelet", "--for=condition=Ready", "--timeout=10s"); err != nil {
			t.Error(err)
		}
	})
}
