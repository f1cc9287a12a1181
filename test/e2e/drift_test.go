//go:build cluster

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// drift is a change by hand.
type drift struct {
	name   string
	script string
	// keys are the ops that repair it; the restarts among them are of these units.
	keys     []string
	restarts []string
}

// harmless drift is repaired without a restart of anything.
var harmless = []drift{
	{name: "a sysctl", script: "sysctl -qw net.ipv4.ip_forward=0", keys: []string{"sysctl:net.ipv4.ip_forward"}},
	{name: "the mode of a file", script: "chmod 0600 /etc/motd", keys: []string{"file:/etc/motd"}},
	{name: "a unit that was disabled", script: "systemctl -q disable containerd", keys: []string{"unit-file:containerd.service"}},
	{name: "a hold that was removed", script: "apt-mark -qq unhold kubelet", keys: []string{"package-hold:kubelet"}},
	{name: "a module file that was deleted", script: "rm /etc/modules-load.d/*hostler*", keys: []string{"file:/etc/modules-load.d/hostler.conf"}},
	{name: "a sysctl file that was edited", script: "echo net.ipv4.ip_forward=0 >> /etc/sysctl.d/90-hostler.conf", keys: []string{"file:/etc/sysctl.d/90-hostler.conf"}},
	{name: "the owner of a file", script: "chown daemon:daemon /etc/systemd/journald.conf.d/50-size.conf", keys: []string{"file:/etc/systemd/journald.conf.d/50-size.conf"}},
	{name: "the network of pods", script: "sed -i s/10.88.0.0/10.99.0.0/ /etc/cni/net.d/*.conflist", keys: []string{"file:/etc/cni/net.d/10-hostler.conflist"}},
	{name: "a unit that was enabled", script: "systemctl -q enable apt-daily.timer", keys: []string{"unit-file:apt-daily.timer", "systemd:daemon-reload"}},
	{name: "the mode of the kubelet's configuration", script: "chmod 0600 /var/lib/kubelet/config.yaml", keys: []string{"file:/var/lib/kubelet/config.yaml"}},
	{name: "the mode of containerd's configuration", script: "chmod 0666 /etc/containerd/config.toml", keys: []string{"file:/etc/containerd/config.toml"}},
	{
		name: "the mode of a drop-in", script: "chmod 0600 /etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf",
		keys: []string{"file:/etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf"},
	},
}

// harmful drift is in what a service read when it started.
var harmful = []drift{
	{
		name: "a key of containerd's configuration", script: "sed -i 's/max_concurrent_downloads = 3/max_concurrent_downloads = 9/' /etc/containerd/config.toml",
		keys: []string{"file:/etc/containerd/config.toml", "unit:containerd.service"}, restarts: []string{"containerd.service"},
	},
	{
		name: "the kubelet's configuration", script: "sed -i 's/maxPods: 60/maxPods: 61/' /var/lib/kubelet/config.yaml",
		keys: []string{"file:/var/lib/kubelet/config.yaml", "unit:kubelet.service"}, restarts: []string{"kubelet.service"},
	},
	{
		name: "a drop-in", script: "sed -i s/12h/13h/ /etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf; systemctl daemon-reload",
		keys: []string{
			"file:/etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf", "systemd:daemon-reload", "unit:systemd-tmpfiles-clean.timer",
		},
		restarts: []string{"systemd-tmpfiles-clean.timer"},
	},
	{
		name: "a unit that was stopped", script: "systemctl stop systemd-tmpfiles-clean.timer",
		keys: []string{"unit:systemd-tmpfiles-clean.timer"}, restarts: []string{"systemd-tmpfiles-clean.timer"},
	},
}

// drifts changes the machine by hand in each of the ways of a list at once.
func (w *worker) drifts(t *testing.T) {
	t.Run("what no service notices", func(t *testing.T) { w.drift(t, harmless) })
	t.Run("what services read", func(t *testing.T) { w.drift(t, harmful) })
}

func (w *worker) drift(t *testing.T, list []drift, except ...exception) {
	whole := w.look(t)
	var wanted, restarted []string
	for _, d := range list {
		w.shell(t, d.script)
		wanted, restarted = append(wanted, d.keys...), append(restarted, d.restarts...)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	lives := w.lives(t)

	verified := readDocument(t, w.wantHostler(t, 3, "verify", "-f", groupFile, "-o", "json").stdout)
	named := slices.Sorted(slices.Values(verified.keys()))
	if diff := cmp.Diff(wanted, named); diff != "" {
		t.Errorf("what verify names (-want +got):\n%s", diff)
	}
	text := w.wantHostler(t, 3, "verify", "-f", groupFile).stdout
	for _, key := range wanted {
		if !strings.Contains(text, key) {
			t.Errorf("verify does not name %s:\n%s", key, text)
		}
	}

	w.wantHostler(t, 0, "apply", "-f", groupFile)
	if got := slices.Sorted(slices.Values(w.runs(t)[0].keys())); !slices.Equal(got, wanted) {
		t.Errorf("what apply did (-want +got):\n%s", cmp.Diff(wanted, got))
	}
	w.converged(t)
	wantSame(t, "the machine, compared with what it was before the drift,", whole, w.look(t), except...)
	w.wantRestarted(t, lives, restarted, except...)
}

// wantRestarted compares which units were started anew with those that should have been.
func (m machine) wantRestarted(t *testing.T, before facts, wanted []string, except ...exception) {
	t.Helper()
	after := m.lives(t)
	var got []string
	for unit := range after {
		if before[unit] != after[unit] && !slices.ContainsFunc(except, func(e exception) bool { return e.covers("start of " + unit) }) {
			got = append(got, unit)
		}
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if diff := cmp.Diff(slices.Compact(wanted), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("units that were started anew (-want +got):\n%s", diff)
	}
}
