//go:build cluster

package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

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
