//go:build cluster

package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestSuites makes nodes of the Debian releases, and with each major version of containerd.
func TestSuites(t *testing.T) {
	t.Parallel()
	const containerd2 = "2.1.9-1"
	for _, c := range []struct {
		name, suite string
		containerd  string // version; empty: Debian's
		layout      string // version of its configuration file
	}{
		// Debian 11 has containerd 1.4, which the kubelet does not speak to any more.
		{"bullseye with containerd 2", "bullseye", containerd2, "3"},
		{"bookworm with containerd 2", "bookworm", containerd2, "3"},
		{"trixie with its containerd", "trixie", "", "2"},
	} {
		t.Run(c.name+" becomes Ready", func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(c.name, " ", "-")
			m := boot(t, cluster.NodeConfig{Name: name, Suite: c.suite}, binaries.plain)
			cp := m.canJoin(t)
			var edits []bed.Edit
			if c.containerd != "" {
				edits = append(edits, addRepository(t, cluster.RepositoryContainerd2), func(spec map[string]any) {
					bed.Child(spec, "cri", "containerd")["version"] = c.containerd
				})
			}
			m.give(t, workerGroup(t, edits...))
			m.wantHostler(t, 0, "apply", "-f", groupFile)
			m.wantReady(t, cp, cluster.Kubernetes)
			m.runPod(t, cp)
			m.converged(t)
			m.judged(t, c.layout)
		})
	}
}

var layoutLine = regexp.MustCompile(`(?m)^version = ([0-9]+)$`)

// judged asks the programs themselves about the files that were written for them.
func (m machine) judged(t *testing.T, layout string) {
	t.Helper()
	content := m.output(t, "cat", "/etc/containerd/config.toml")
	if got := layoutLine.FindStringSubmatch(content); got == nil || got[1] != layout {
		t.Errorf("version of containerd's configuration: got %q, want %s, in\n%s", got, layout, content)
	}
	dump := m.output(t, "containerd", "config", "dump")
	for _, want := range []string{cluster.PauseImage, "/opt/cni/bin", "SystemdCgroup = true"} {
		if !strings.Contains(dump, want) {
			t.Errorf("containerd config dump lacks %q:\n%s", want, dump)
		}
	}
	verified := m.shell(t, "systemd-analyze verify --man=no kubelet.service containerd.service systemd-tmpfiles-clean.timer 2>&1")
	if verified != "" {
		t.Errorf("systemd-analyze verify: %s", verified)
	}
}
