//go:build cluster

package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/fleet"
)

// TestBudgetThatNeverAllows drains a node whose pod may never go, with each policy for the time when that has lasted too long.
func TestBudgetThatNeverAllows(t *testing.T) {
	t.Parallel()
	tm := gather(t, 1)
	node := tm.nodes[0]
	web := fleet.Workload{Name: "pinned", Replicas: 1, MinAvailable: 1, Group: tm.group}
	must(t, tm.StartWorkload(t.Context(), web))
	t.Cleanup(func() { tm.stopWorkload(t, web) })

	t.Run("Abort gives up, says which pod and which budget, and takes the cordon back", func(t *testing.T) {
		tm.edit(t, tm.drainPolicy(v1alpha1.DrainAbort, 3*time.Second, "one"))
		tm.waits(t, node, decision.WaitingDrainTimedOut, web.Name)
		tm.wait(t, func(w *fleet.World) error { return foretold(w.Events(v1alpha1.ManagedNodeKind, node.Name), web.Name) })
		tm.wait(t, func(w *fleet.World) error {
			if err := blocked(w.Managed(node.Name), v1alpha1.DrainTimedOut, web.Name); err != nil {
				return err
			}
			return uncordoned(w, node)
		})
		tm.Look(func(w *fleet.World) {
			if got := w.Available(web.Name); got != 1 {
				t.Errorf("available pods: got %d, want 1: the budget forbids to evict it", got)
			}
		})
	})
	t.Run("Wait goes on, and says what for", func(t *testing.T) {
		tm.edit(t, tm.drainPolicy(v1alpha1.DrainWait, time.Second, "two"))
		tm.waits(t, node, decision.WaitingBudget, web.Name)
		tm.Look(func(w *fleet.World) {
			if !w.Node(node.Name).Spec.Unschedulable {
				t.Errorf("node %s: got uncordoned, want it kept empty while it waits", node.Name)
			}
		})
	})
	t.Run("Force has the pod go, and the update comes to its end", func(t *testing.T) {
		tm.edit(t, tm.drainPolicy(v1alpha1.DrainForce, 3*time.Second, "two"))
		tm.upToDate(t, node)
	})
}

// foretold wants the event with which a drain began to name the budget that will block it.
func foretold(events []*corev1.Event, budget string) error {
	var messages []string
	for _, event := range events {
		if event.Reason == "DrainStarted" {
			messages = append(messages, event.Message)
		}
	}
	if !strings.Contains(strings.Join(messages, "\n"), "PodDisruptionBudget default/"+budget) {
		return fmt.Errorf("the drain began with %q, want it to name PodDisruptionBudget default/%s", messages, budget)
	}
	return nil
}

// drainPolicy asks for a drain, and says what happens when it takes too long.
func (tm *team) drainPolicy(policy v1alpha1.DrainTimeoutPolicy, timeout time.Duration, content string) func(*v1alpha1.NodeGroupSpec) {
	return func(spec *v1alpha1.NodeGroupSpec) {
		spec.Disruptions.Drain.OnTimeout, spec.Disruptions.Drain.Timeout = policy, &metav1.Duration{Duration: timeout}
		tm.change(content, v1alpha1.ImpactDrain)(spec)
	}
}

func uncordoned(w *fleet.World, node *fleet.Node) error {
	if n := w.Node(node.Name); n.Spec.Unschedulable || n.Annotations[v1alpha1.CordonedByAnnotation] != "" {
		return fmt.Errorf("node %s is cordoned, with annotations %v", node.Name, n.Annotations)
	}
	return nil
}

// blocked wants a ManagedNode's status to name the pod that blocks, and the budget that forbids it to go.
func blocked(m *v1alpha1.ManagedNode, state v1alpha1.DrainState, budget string) error {
	drain := &v1alpha1.DrainStatus{}
	if m.Status.Rollout != nil && m.Status.Rollout.Drain != nil {
		drain = m.Status.Rollout.Drain
	}
	if drain.State != state || len(drain.Blocking) != 1 || !strings.HasPrefix(drain.Blocking[0].Name, budget) || !strings.Contains(drain.Blocking[0].Reason, budget) {
		return fmt.Errorf("drain of node %s: got %+v, want state %s and one pod that the budget %s keeps", m.Name, drain, state, budget)
	}
	return nil
}
