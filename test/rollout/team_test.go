//go:build cluster

package rollout

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/fleet"
)

// free are the nodes that no test has.
var free = pool{changed: sync.NewCond(&sync.Mutex{})}

type pool struct {
	changed *sync.Cond
	nodes   []*fleet.Node
}

// take waits until there are enough nodes, and takes them all at once, so that two tests cannot wait for each other.
func (p *pool) take(size int) []*fleet.Node {
	p.changed.L.Lock()
	defer p.changed.L.Unlock()
	for len(p.nodes) < size {
		p.changed.Wait()
	}
	taken := p.nodes[:size:size]
	p.nodes = p.nodes[size:]
	return taken
}

func (p *pool) give(nodes []*fleet.Node) {
	p.changed.L.Lock()
	defer p.changed.L.Unlock()
	p.nodes = append(p.nodes, nodes...)
	p.changed.Broadcast()
}

// team are nodes with a group of their own.
type team struct {
	*fleet.Fleet
	group string
	nodes []*fleet.Node
	began time.Time
}

// gather gives a test some nodes, up to date with a new group that is named after the test.
func gather(t *testing.T, size int, edits ...bed.Edit) *team {
	t.Helper()
	tm := &team{Fleet: shared, group: groupName(t), nodes: free.take(size)}
	t.Cleanup(func() { tm.disband(t) })
	edits = append([]bed.Edit{fleet.AtOnce, fleet.Version(tm.kubelet())}, edits...)
	group, err := tm.Group(t.Context(), tm.group, edits...)
	must(t, err)
	must(t, tm.ControlPlane.Apply(t.Context(), group))
	must(t, tm.Move(t.Context(), tm.group, tm.nodes...))
	tm.began = time.Now()
	tm.upToDate(t, tm.nodes...)
	return tm
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// groupName makes a valid name of the test's.
func groupName(t *testing.T) string {
	name := notInNames.ReplaceAllString(strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), "-")
	return strings.Trim(name[:min(len(name), 40)], "-")
}

// kubelet is the version that the team's nodes have: a group that asks for it changes nothing.
func (tm *team) kubelet() (version string) {
	tm.Look(func(w *fleet.World) {
		version = strings.TrimPrefix(w.Node(tm.nodes[0].Name).Status.NodeInfo.KubeletVersion, "v")
	})
	return version
}

// disband removes the group and hands the nodes back. A test that passed has left no trace on them.
func (tm *team) disband(t *testing.T) {
	ctx, cancel := afterwards()
	defer cancel()
	defer free.give(tm.nodes)
	if t.Failed() {
		t.Log(tm.Evidence(ctx, tm.nodes...))
		t.Logf("what was seen:\n%s", tm.Recording(tm.began))
	}
	_, deleted := tm.ControlPlane.Kubectl(ctx, "delete", "nodegroup", tm.group, "--ignore-not-found", "--wait=false")
	left := tm.Wait(ctx, func(w *fleet.World) error {
		for _, node := range tm.nodes {
			if w.Managed(node.Name) != nil {
				return fmt.Errorf("the group is deleted, and node %s still has a ManagedNode", node.Name)
			}
		}
		return nil
	})
	must(t, errors.Join(deleted, left, tm.Move(ctx, "", tm.nodes...)))
	tm.wantNoTrace(t)
}

// wantNoTrace wants of the nodes that they are as hostler found them.
func (tm *team) wantNoTrace(t *testing.T) {
	t.Helper()
	tm.Look(func(w *fleet.World) {
		for _, node := range tm.nodes {
			object := w.Node(node.Name)
			if object.Spec.Unschedulable {
				t.Errorf("node %s is left cordoned, annotations %v", node.Name, object.Annotations)
			}
		}
	})
}

// edit changes the group's spec and returns its new revision.
func (tm *team) edit(t *testing.T, edit func(*v1alpha1.NodeGroupSpec)) string {
	t.Helper()
	must(t, tm.EditGroup(t.Context(), tm.group, edit))
	return tm.revision(t)
}

// revision is the group's, as the coordinator last saw it.
func (tm *team) revision(t *testing.T) (revision string) {
	t.Helper()
	tm.Look(func(w *fleet.World) { revision = w.Group(tm.group).Status.Revision })
	return revision
}

// change gives the group a file whose change costs something. Each content is another revision.
func (tm *team) change(content string, impact v1alpha1.Impact) func(*v1alpha1.NodeGroupSpec) {
	return func(spec *v1alpha1.NodeGroupSpec) {
		spec.OperatingSystem.Files = []v1alpha1.File{{Path: tm.file(), Content: content + "\n", Impact: impact}}
	}
}

// file is one that no other test has left on the nodes.
func (tm *team) file() string { return "/etc/hostler-test/" + tm.group }

func (tm *team) wait(t *testing.T, missing func(*fleet.World) error) {
	t.Helper()
	must(t, tm.Wait(t.Context(), missing))
}

// upToDate waits until nodes have the group's revision, proven, and hold nothing any more.
func (tm *team) upToDate(t *testing.T, nodes ...*fleet.Node) {
	t.Helper()
	tm.wait(t, func(w *fleet.World) error {
		for _, node := range nodes {
			if err := fleet.UpToDate(w, tm.group, node.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

// waits waits until a node waits for a reason, and wants explain to say so, with some words.
func (tm *team) waits(t *testing.T, node *fleet.Node, reason decision.Waiting, words ...string) {
	t.Helper()
	var explained string
	// The world may have gone on between the two looks at it.
	for range 5 {
		tm.wait(t, func(w *fleet.World) error { return waitsFor(w, node.Name, reason) })
		var err error
		if explained, err = tm.Explain(t.Context(), node.Name); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(explained, string(reason)) {
			break
		}
	}
	wantWords(t, "hostler explain "+node.Name, explained, append(words, string(reason))...)
}

func waitsFor(w *fleet.World, node string, reason decision.Waiting) error {
	managed := w.Managed(node)
	if managed == nil {
		return fmt.Errorf("node %s has no ManagedNode", node)
	}
	for _, c := range managed.Status.Conditions {
		if c.Type == v1alpha1.ConditionWaiting && c.Reason == string(reason) {
			return nil
		}
	}
	return fmt.Errorf("node %s: want it to wait for %s, got %s with conditions %+v", node, reason, managed.Status.Phase, managed.Status.Conditions)
}

// afterwards is the context for cleaning up: the test's own has ended.
func afterwards() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 2*time.Minute)
}

// wantWords wants a text to say some things.
func wantWords(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, want := range words {
		if !strings.Contains(text, want) {
			t.Errorf("%s: got\n%s\nwant %q in it", what, text, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
