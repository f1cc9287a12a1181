package drain

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func blocked(name, reason string) v1alpha1.BlockingPod {
	return v1alpha1.BlockingPod{Namespace: "default", Name: name, Reason: reason}
}

const (
	lost     = "no controller brings it back when it goes: move it, or delete it with kubectl delete pod -n default a"
	shortage = "PodDisruptionBudget default/web allows 0 disruptions now: 2 of 2 needed pods are available"
	twice    = "2 PodDisruptionBudgets choose it (default/one, default/two), and the eviction API refuses such pods: leave it to one"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	disruptionFailed := func(b *policyv1.PodDisruptionBudget) {
		b.Status.Conditions = []metav1.Condition{{Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.SyncFailedReason, Message: "no scale"}}
	}
	for name, c := range map[string]struct {
		objects []runtime.Object
		options Options
		want    decision.Drain
	}{
		"finds nothing on an empty node":    {nil, Options{}, decision.Drain{}},
		"leaves other nodes alone":          {[]runtime.Object{newPod("a", onNode("worker-2"))}, Options{}, decision.Drain{}},
		"leaves DaemonSets alone":           {[]runtime.Object{newPod("a", ownedBy("DaemonSet", "proxy")), daemonSet("proxy")}, Options{}, decision.Drain{}},
		"takes what a DaemonSet left":       {[]runtime.Object{newPod("a", ownedBy("DaemonSet", "gone"))}, Options{}, decision.Drain{Left: 1}},
		"leaves static pods alone":          {[]runtime.Object{newPod("a", static, alone)}, Options{}, decision.Drain{}},
		"takes pods with local data":        {[]runtime.Object{newPod("a", withEmptyDir)}, Options{}, decision.Drain{Left: 1}},
		"takes finished pods":               {[]runtime.Object{newPod("a", inPhase(corev1.PodSucceeded)), newPod("b", inPhase(corev1.PodFailed), alone)}, Options{}, decision.Drain{Left: 2}},
		"spares pods without a controller":  {[]runtime.Object{newPod("a", alone)}, Options{}, decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", lost)}}},
		"takes these too when it is forced": {[]runtime.Object{newPod("a", alone)}, Options{Force: true}, decision.Drain{Left: 1}},
		"names pods in order":               {[]runtime.Object{newPod("b"), newPod("a"), newBudget("web", spent)}, Options{}, decision.Drain{Left: 2, Blocking: []v1alpha1.BlockingPod{blocked("a", shortage), blocked("b", shortage)}}},

		"asks no budget when it is forced":       {[]runtime.Object{newPod("a"), newBudget("web", spent)}, Options{Force: true}, decision.Drain{Left: 1}},
		"passes a budget that allows":            {[]runtime.Object{newPod("a"), newBudget("web")}, Options{}, decision.Drain{Left: 1}},
		"passes a budget of other pods":          {[]runtime.Object{newPod("a", func(p *corev1.Pod) { p.Labels = nil }), newBudget("web", spent)}, Options{}, decision.Drain{Left: 1}},
		"passes a budget of another namespace":   {[]runtime.Object{newPod("a"), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) { b.Namespace = "other" })}, Options{}, decision.Drain{Left: 1}},
		"passes a budget that chooses nothing":   {[]runtime.Object{newPod("a"), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) { b.Spec.Selector = nil })}, Options{}, decision.Drain{Left: 1}},
		"takes an empty selector for all pods":   {[]runtime.Object{newPod("a"), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) { b.Spec.Selector = &metav1.LabelSelector{} })}, Options{}, decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", shortage)}}},
		"asks no budget for finished pods":       {[]runtime.Object{newPod("a", inPhase(corev1.PodFailed)), newBudget("web", spent)}, Options{}, decision.Drain{Left: 1}},
		"asks no budget for pending pods":        {[]runtime.Object{newPod("a", inPhase(corev1.PodPending)), newBudget("web", spent)}, Options{}, decision.Drain{Left: 1}},
		"passes a sick pod that is not needed":   {[]runtime.Object{newPod("a", unready), newBudget("web", spent)}, Options{}, decision.Drain{Left: 1}},
		"keeps a sick pod of a sick application": {[]runtime.Object{newPod("a", unready), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) { b.Status.CurrentHealthy = 1 })}, Options{}, decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", "PodDisruptionBudget default/web allows 0 disruptions now: 1 of 2 needed pods are available")}}},
		"keeps a sick pod of an application that needs none": {[]runtime.Object{newPod("a", unready), newBudget("web", func(b *policyv1.PodDisruptionBudget) {
			b.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1}
		})}, Options{}, decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", "PodDisruptionBudget default/web allows 0 disruptions now: 0 of 0 needed pods are available")}}},
		"passes sick pods where the budget says so": {[]runtime.Object{newPod("a", unready), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) {
			always := policyv1.AlwaysAllow
			b.Status.CurrentHealthy, b.Spec.UnhealthyPodEvictionPolicy = 1, &always
		})}, Options{}, decision.Drain{Left: 1}},
		"says that a budget can never allow": {[]runtime.Object{newPod("a"), newBudget("web", spent, func(b *policyv1.PodDisruptionBudget) { b.Status.ExpectedPods = 2 })}, Options{},
			decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", shortage+", and it needs all 2: add a replica, or loosen it")}}},
		"says that a budget is not counted yet": {[]runtime.Object{newPod("a"), newBudget("web", func(b *policyv1.PodDisruptionBudget) { b.Generation = 2 })}, Options{},
			decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", "PodDisruptionBudget default/web has been changed and its pods are not counted yet: wait for the controller manager")}}},
		"says that a budget cannot be counted": {[]runtime.Object{newPod("a"), newBudget("web", spent, disruptionFailed)}, Options{},
			decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", "PodDisruptionBudget default/web allows 0 disruptions because its pods cannot be counted: no scale")}}},
		"fails on a pod with two budgets": {[]runtime.Object{newPod("a"), newBudget("one"), newBudget("two")}, Options{},
			decision.Drain{Left: 1, Blocking: []v1alpha1.BlockingPod{blocked("a", twice)}, Failed: "pod default/a: " + twice}},
		"fails once for all of them": {[]runtime.Object{newPod("a"), newPod("b"), newBudget("one"), newBudget("two")}, Options{},
			decision.Drain{Left: 2, Blocking: []v1alpha1.BlockingPod{blocked("a", twice), blocked("b", twice)}, Failed: "pod default/a: " + twice + " (and 1 further pod)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newCluster(c.objects...).drainer(t).Inspect(context.Background(), "worker-1", c.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("got another drain (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInspectNamesWhatLingers(t *testing.T) {
	t.Parallel()
	const long = 3 * time.Minute // two more than the grace period
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		node *corev1.Node
		want string
	}{
		"is silent at first":           {newPod("a", terminatingFor(5*time.Second)), newNode(corev1.ConditionTrue), ""},
		"tells the grace period":       {newPod("a", terminatingFor(30*time.Second)), newNode(corev1.ConditionTrue), "it is terminating since 2026-11-21T22:09:30Z and has until 2026-11-21T22:10:30Z (its grace period is 1m0s)"},
		"suspects the kubelet":         {newPod("a", terminatingFor(long)), newNode(corev1.ConditionTrue), "it should have ended at 2026-11-21T22:08:00Z, and the kubelet has not confirmed it: look at kubelet and container runtime on node worker-1"},
		"names finalizers":             {newPod("a", terminatingFor(long), ended, heldBy("example.com/x")), newNode(corev1.ConditionTrue), "it has ended, and stays because of finalizer example.com/x: whoever set that must take it away"},
		"names finalizers of the rest": {newPod("a", terminatingFor(long), heldBy("example.com/x", "example.com/y")), newNode(corev1.ConditionTrue), "it should have ended at 2026-11-21T22:08:00Z; the kubelet has not stopped it yet, and it has finalizers example.com/x, example.com/y"},
		"knows a node that is off":     {newPod("a", terminatingFor(long)), newNode(corev1.ConditionUnknown), "it is terminating since 2026-11-21T22:07:00Z: node worker-1 is not Ready since 2026-11-21T21:10:00Z, so nobody confirms that the pod ended; if the machine is off for good, delete the Node or taint it node.kubernetes.io/out-of-service:NoExecute"},
		"knows a node that is gone":    {newPod("a", terminatingFor(long)), nil, "it is terminating since 2026-11-21T22:07:00Z: node worker-1 is gone, and Kubernetes removes its pods within minutes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := []runtime.Object{c.pod}
			if c.node != nil {
				objects = append(objects, c.node)
			}
			want := decision.Drain{Left: 1}
			if c.want != "" {
				want.Blocking = []v1alpha1.BlockingPod{blocked("a", c.want)}
			}
			for _, force := range []bool{false, true} {
				got, err := newCluster(objects...).drainer(t).Inspect(context.Background(), "worker-1", Options{Force: force})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("got another drain with force %t (-want +got):\n%s", force, diff)
				}
			}
		})
	}
}

// kubectl's filter has the machine's clock, so the times here are far from any.
func TestPodsThatTerminateForLongAreSkippedOnDemand(t *testing.T) {
	t.Parallel()
	longAgo, inAges := metav1.NewTime(now.AddDate(-10, 0, 0)), metav1.NewTime(now.AddDate(100, 0, 0))
	c := newCluster(newNode(corev1.ConditionTrue),
		newPod("old", func(p *corev1.Pod) { p.DeletionTimestamp = &longAgo }), newPod("new", func(p *corev1.Pod) { p.DeletionTimestamp = &inAges }))
	for skip, want := range map[time.Duration]int{0: 2, time.Millisecond: 1, time.Hour: 1} {
		got, err := c.drainer(t).Inspect(context.Background(), "worker-1", Options{SkipTerminating: skip})
		if err != nil {
			t.Fatal(err)
		}
		if got.Left != want {
			t.Errorf("got %d pods left with SkipTerminating %s, want %d", got.Left, skip, want)
		}
	}
}

func TestWhatCannotBeReadIsNoEmptyNode(t *testing.T) {
	t.Parallel()
	for resource, object := range map[string]runtime.Object{
		"pods": newPod("a"), "poddisruptionbudgets": newPod("a"), "nodes": newPod("a", terminatingFor(time.Hour)), "daemonsets": newPod("a", ownedBy("DaemonSet", "proxy")),
	} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			c := newCluster(object)
			c.PrependReactor("*", resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("disk full") })
			d := c.drainer(t)
			_, inspected := d.Inspect(context.Background(), "worker-1", Options{})
			_, previewed := d.Preview(context.Background(), "worker-1", Options{})
			_, evicted := d.Evict(context.Background(), "worker-1", Options{})
			for _, err := range []error{inspected, previewed, evicted} {
				if err == nil || !strings.Contains(err.Error(), "disk full") || !strings.Contains(err.Error(), "worker-1") {
					t.Errorf("got error %v, want one that tells cause and node", err)
				}
			}
		})
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"says that nothing happens": {nil, "no pod has to go"},
		"counts":                    {[]runtime.Object{newPod("a"), newPod("b", withEmptyDir)}, "2 pods have to go; 1 loses emptyDir data"},
		"names the first that is blocked": {[]runtime.Object{newPod("a"), newPod("b"), newBudget("web", spent)},
			"2 pods have to go; 2 are blocked, first default/a: " + shortage},
		"says that it cannot work": {[]runtime.Object{newPod("a"), newBudget("one"), newBudget("two")}, "1 pod has to go; it will fail: pod default/a: " + twice},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newCluster(c.objects...)
			got, err := cluster.drainer(t).Preview(context.Background(), "worker-1", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, action := range cluster.Actions() {
				if verb := action.GetVerb(); verb != "list" && verb != "get" {
					t.Errorf("got a %s of %s, want only reads", verb, action.GetResource().Resource)
				}
			}
		})
	}
	got, err := newCluster(newPod("a", alone, withEmptyDir), newPod("b", withEmptyDir, inPhase(corev1.PodFailed))).drainer(t).Preview(context.Background(), "worker-1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"default/a"}
	if diff := cmp.Diff([][]string{want, want}, [][]string{got.Unmanaged, got.Local}); diff != "" {
		t.Errorf("got other losses (-want +got):\n%s", diff)
	}
}

func TestNewWantsAClient(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Error("got no error, want one that names the client")
	}
}
