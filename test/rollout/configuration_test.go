//go:build cluster

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/fleet"
)

// configurations are two steps of a user's own, of which one can never be satisfied.
const configurations = `
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupConfiguration
metadata: {name: %[1]s-works}
spec:
  nodeGroups: [%[1]s]
  impact: None
  timeout: 10s
  check: test "$(cat /etc/hostler-test-script)" = "$HOSTLER_NODE_NAME"
  apply: echo "$HOSTLER_NODE_NAME" > /etc/hostler-test-script
  undo: rm /etc/hostler-test-script
---
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupConfiguration
metadata: {name: %[1]s-broken}
spec:
  nodeGroups: [%[1]s]
  impact: None
  optional: true
  timeout: 10s
  check: "false"
  apply: echo a-secret; exit 1
`

// TestConfiguration gives a group scripts of its own: one works, an optional one is broken and stops nothing, and what is removed is
// undone.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	works, broken := tm.group+"-works", tm.group+"-broken"
	must(t, tm.ControlPlane.Apply(t.Context(), fmt.Sprintf(configurations, tm.group)))
	t.Cleanup(func() {
		ctx, cancel := afterwards()
		defer cancel()
		if _, err := tm.ControlPlane.Kubectl(ctx, "delete", "nodegroupconfiguration", works, broken, "--ignore-not-found"); err != nil {
			t.Error(err)
		}
	})

	t.Run("one runs, the broken one is reported, and its output is not", func(t *testing.T) {
		tm.wait(t, func(w *fleet.World) error {
			if err := hasResult(w, node, works, v1alpha1.ConfigurationSatisfied); err != nil {
				return err
			}
			return hasResult(w, node, broken, v1alpha1.ConfigurationFailed)
		})
		if got, err := node.ReadFile(t.Context(), "/etc/hostler-test-script"); err != nil || strings.TrimSpace(got) != node.Name {
			t.Errorf("what the script wrote: got %q and error %v, want %s", got, err, node.Name)
		}
		must(t, tm.EditGroup(t.Context(), tm.group, tm.change("one", v1alpha1.ImpactNone)))
		tm.wait(t, func(w *fleet.World) error { return fleet.UpToDate(w, tm.group, node.Name) })
		if told := tm.kubectl(t, "get", "managednode", node.Name, "-o=yaml"); strings.Contains(told, "a-secret") {
			t.Errorf("the status shows what a script printed:\n%s", told)
		}
	})
	t.Run("removed, it is undone", func(t *testing.T) {
		tm.kubectl(t, "delete", "nodegroupconfiguration", works, broken)
		tm.wait(t, func(w *fleet.World) error {
			if left := w.Managed(node.Name).Status.Configurations; len(left) > 0 {
				return fmt.Errorf("node %s still reports %+v", node.Name, left)
			}
			return fleet.UpToDate(w, tm.group, node.Name)
		})
		if out, err := node.Output(t.Context(), "cat", "/etc/hostler-test-script"); err == nil {
			t.Errorf("what the script wrote is still there: %q", out)
		}
	})
}

func hasResult(w *fleet.World, node *fleet.Node, name string, want v1alpha1.ConfigurationState) error {
	results := w.Managed(node.Name).Status.Configurations
	at := slices.IndexFunc(results, func(r v1alpha1.ConfigurationResult) bool { return r.Name == name })
	if at < 0 || results[at].State != want {
		return fmt.Errorf("configurations of node %s: got %+v, want %s %s", node.Name, results, name, want)
	}
	return nil
}
