//go:build cluster

package rollout

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestRebootWhenRequired has a node say that it must be restarted: it is approved, drained and left to restart like any other
// disruption, the run goes on in the next boot, and the boot id proves it.
func TestRebootWhenRequired(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	before, err := node.BootID(t.Context())
	must(t, err)
	_, err = node.Shell(t.Context(), "touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs")
	must(t, err)

	change := tm.change("rebooted", v1alpha1.ImpactNone)
	tm.edit(t, func(spec *v1alpha1.NodeGroupSpec) {
		change(spec)
		spec.OperatingSystem.Reboot = v1alpha1.RebootWhenRequired
	})
	must(t, node.WaitReboot(t.Context(), before))
	tm.upToDate(t, node)

	if took := tm.Recording(tm.began).Took(node.Name, func(n fleet.NodeSample) bool { return n.Cordoned && n.Ours }); took == 0 {
		t.Error("the node was restarted, and never cordoned before")
	}
	history, err := node.Output(t.Context(), "hostler", "history", "--ops")
	must(t, err)
	if want := "machine:reboot"; !strings.Contains(history, want) {
		t.Errorf("history of node %s: want %s in\n%s", node.Name, want, history)
	}
	if out, err := node.Output(t.Context(), "cat", tm.file()); err != nil || out != "rebooted\n" {
		t.Errorf("%s of node %s: got %q, %v, want what was written before the restart", tm.file(), node.Name, out, err)
	}
}
