//go:build cluster

package outage

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
)

// outage is how long the API server is away.
const outage = 2 * time.Minute

const group = "outage"

// managed is a file of the group that costs workloads nothing, so that it is repaired without an approval.
const managed = "/etc/motd"

var shared *fleet.Fleet

func TestMain(m *testing.M) {
	config := cluster.Config{Progress: os.Stderr}
	os.Exit(cluster.Tests(m, config, func(ctx context.Context, run *cluster.Run) error {
		assets, err := cluster.Open(config)
		if err != nil {
			return err
		}
		if shared, err = fleet.New(ctx, run, assets, filepath.Join("..", "..")); err != nil {
			return err
		}
		nodes, err := shared.Grow(ctx, "node-1", "node-2")
		if err != nil {
			return err
		}
		text, err := shared.Group(ctx, group, fleet.AtOnce, withFile)
		if err != nil {
			return err
		}
		if err := errors.Join(shared.ControlPlane.Apply(ctx, text), shared.Move(ctx, group, nodes...)); err != nil {
			return err
		}
		_, err = shared.StartCoordinator(ctx)
		return err
	}))
}

func withFile(spec map[string]any) {
	spec["operatingSystem"] = map[string]any{"files": []any{map[string]any{"path": managed, "content": "kept\n"}}}
}

// TestAPIServerAway is one story: up to date, an edit, the outage, and the end of the rollout.
func TestAPIServerAway(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(shared.Evidence(context.Background(), shared.Nodes...))
		}
	})
	must(t, shared.WaitUpToDate(t.Context(), group))
	must(t, shared.EditGroup(t.Context(), group, func(spec *v1alpha1.NodeGroupSpec) {
		spec.OperatingSystem.Files = append(spec.OperatingSystem.Files, v1alpha1.File{Path: "/etc/new", Content: "new\n", Impact: v1alpha1.ImpactDrain})
	}))
	busy := underWay(t)
	other := shared.Nodes[0]
	if other == busy {
		other = shared.Nodes[1]
	}

	must(t, shared.ControlPlane.APIServer.Kill(t.Context()))
	gone := time.Now()
	t.Run("a run in hand comes to an end, one way or the other", func(t *testing.T) { endsItsRun(t, busy) })
	t.Run("an agent that is killed starts again, and repairs what it last knew", func(t *testing.T) {
		shell(t, other, "systemctl kill --signal=KILL hostler")
		shell(t, other, "echo by hand > "+managed)
		becomes(t, other, "cat "+managed, "kept")
	})
	// The outage is part of what is tested: shorter ones hide behind timeouts.
	select {
	case <-time.After(time.Until(gone.Add(outage))):
	case <-t.Context().Done():
	}
	must(t, shared.ControlPlane.StartAPIServer(t.Context()))
	// The coordinator has lost its lease and ended. Its Deployment would start it again.
	_, err := shared.StartCoordinator(t.Context())
	must(t, err)
	back := time.Now()

	must(t, shared.WaitUpToDate(t.Context(), group))
	t.Logf("the rollout ended %s after the API server was back", time.Since(back).Round(time.Second))
	for _, node := range shared.Nodes {
		if got := shell(t, node, "cat /etc/new"); got != "new" {
			t.Errorf("/etc/new of node %s: got %q, want new", node.Name, got)
		}
	}
	// Nodes that could not renew their leases may be unavailable beside it.
	if got := shared.Recording(gone).MaxSlots(group); got != 1 {
		t.Errorf("most nodes that held a slot at once: got %d, want 1, as maxUnavailable says", got)
	}
}

// underWay waits until a node is approved, and returns it.
func underWay(t *testing.T) (found *fleet.Node) {
	t.Helper()
	must(t, shared.Wait(t.Context(), func(w *fleet.World) error {
		for _, node := range shared.Nodes {
			if m := w.Managed(node.Name); m != nil && (m.Status.Phase == v1alpha1.PhaseApplying || m.Spec.Disruption != nil) {
				found = node
				return nil
			}
		}
		return errors.New("no node is being changed")
	}))
	return found
}

// endsItsRun wants the newest run of a node to be done or taken back, and nothing in between.
func endsItsRun(t *testing.T, node *fleet.Node) {
	t.Helper()
	becomesOne(t, node, func() (string, error) {
		out, err := node.Output(t.Context(), "hostler", "history", "-o", "json")
		if err != nil {
			return "", err
		}
		var runs []struct{ Outcome string }
		if err := json.Unmarshal([]byte(out), &runs); err != nil || len(runs) == 0 {
			return "", errors.Join(errors.New("there is no run"), err)
		}
		return runs[0].Outcome, nil
	}, "done", "rolled back")
}

// becomes waits until a command in a node prints something.
func becomes(t *testing.T, node *fleet.Node, script, want string) {
	t.Helper()
	becomesOne(t, node, func() (string, error) { return node.Shell(t.Context(), script) }, want)
}

func becomesOne(t *testing.T, node *fleet.Node, look func() (string, error), wants ...string) {
	t.Helper()
	deadline := time.After(100 * time.Second)
	for {
		got, err := look()
		for _, want := range wants {
			if err == nil && strings.TrimSpace(got) == want {
				return
			}
		}
		select {
		case <-deadline:
			t.Fatalf("node %s: got %q and error %v, want one of %q", node.Name, got, err, wants)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func shell(t *testing.T, node *fleet.Node, script string) string {
	t.Helper()
	out, err := node.Shell(t.Context(), script)
	must(t, err)
	return strings.TrimSpace(out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
