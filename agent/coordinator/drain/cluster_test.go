package drain

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// now is the coordinator's clock in all tests.
var now = time.Date(2026, 11, 21, 22, 10, 0, 0, time.UTC)

var podResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// cluster is an API server as far as a drain meets it: it selects pods by node, and its eviction API asks budgets. A pod that may
// go ends at once, unless it is stubborn.
type cluster struct {
	*fake.Clientset
	mu sync.Mutex
	// answers are errors in the place of the eviction API's own answer, and deleteAnswers in that of a deletion, by pod name.
	answers, deleteAnswers map[string]error
	// stubborn pods, by name, are terminating from an eviction on.
	stubborn map[string]bool
	// before runs before each eviction.
	before func(pod string)
	// evicted and deleted are the names of pods that were let go, in order.
	evicted, deleted []string
	// asked counts requests for eviction, granted or not.
	asked int
}

func newCluster(objects ...runtime.Object) *cluster {
	c := &cluster{Clientset: fake.NewClientset(objects...), answers: map[string]error{}, deleteAnswers: map[string]error{}, stubborn: map[string]bool{}}
	c.PrependReactor("list", "pods", c.list)
	c.PrependReactor("create", "pods", c.evict)
	c.PrependReactor("delete", "pods", c.remove)
	return c
}

func (c *cluster) drainer(t *testing.T) *Drainer {
	t.Helper()
	d, err := New(Config{Client: c, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// list does what the fake does not: it selects by node.
func (c *cluster) list(action clienttesting.Action) (bool, runtime.Object, error) {
	selector := action.(clienttesting.ListAction).GetListRestrictions().Fields
	object, err := c.Tracker().List(podResource, corev1.SchemeGroupVersion.WithKind("Pod"), "")
	if err != nil {
		return true, nil, err
	}
	out := &corev1.PodList{}
	for _, pod := range object.(*corev1.PodList).Items {
		if want, ok := selector.RequiresExactMatch("spec.nodeName"); !ok || want == pod.Spec.NodeName {
			out.Items = append(out.Items, pod)
		}
	}
	return true, out, nil
}

// evict is the eviction API.
func (c *cluster) evict(action clienttesting.Action) (bool, runtime.Object, error) {
	if action.GetSubresource() != "eviction" {
		return false, nil, nil
	}
	eviction := action.(clienttesting.CreateAction).GetObject().(*policyv1.Eviction)
	if c.before != nil {
		c.before(eviction.Name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if err := c.answers[eviction.Name]; err != nil {
		return true, nil, err
	}
	pod, err := c.find(eviction.Namespace, eviction.Name, eviction.DeleteOptions)
	if err != nil {
		return true, nil, err
	}
	if asksBudgets(*pod) {
		if err := c.askBudgets(pod); err != nil {
			return true, nil, err
		}
	}
	c.evicted = append(c.evicted, pod.Name)
	return true, nil, c.end(pod)
}

// remove deletes a pod.
func (c *cluster) remove(action clienttesting.Action) (bool, runtime.Object, error) {
	wanted := action.(clienttesting.DeleteActionImpl)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.deleteAnswers[wanted.Name]; err != nil {
		return true, nil, err
	}
	if wanted.DeleteOptions.GracePeriodSeconds != nil {
		return true, nil, fmt.Errorf("pod %s was deleted with a grace period that is not its own", wanted.Name)
	}
	pod, err := c.find(wanted.Namespace, wanted.Name, &wanted.DeleteOptions)
	if err != nil {
		return true, nil, err
	}
	c.deleted = append(c.deleted, pod.Name)
	return true, nil, c.end(pod)
}

// find returns the pod that a request means.
func (c *cluster) find(namespace, name string, options *metav1.DeleteOptions) (*corev1.Pod, error) {
	object, err := c.Tracker().Get(podResource, namespace, name)
	if err != nil {
		return nil, err
	}
	pod := object.(*corev1.Pod)
	if p := options.Preconditions; p != nil && p.UID != nil && *p.UID != pod.UID {
		return nil, apierrors.NewConflict(podResource.GroupResource(), name, fmt.Errorf("the UID differs"))
	}
	return pod, nil
}

func (c *cluster) askBudgets(pod *corev1.Pod) error {
	budgetResource := policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")
	object, err := c.Tracker().List(budgetResource, policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), pod.Namespace)
	if err != nil {
		return err
	}
	var chosen []*policyv1.PodDisruptionBudget
	for _, b := range object.(*policyv1.PodDisruptionBudgetList).Items {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			chosen = append(chosen, &b)
		}
	}
	switch {
	case len(chosen) == 0:
		return nil
	case len(chosen) > 1:
		return serverError(http.StatusInternalServerError, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
	case chosen[0].Status.DisruptionsAllowed == 0:
		return budgetError(fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently",
			chosen[0].Name, chosen[0].Status.DesiredHealthy, chosen[0].Status.CurrentHealthy))
	}
	chosen[0].Status.DisruptionsAllowed--
	chosen[0].Status.CurrentHealthy--
	return c.Tracker().Update(budgetResource, chosen[0], pod.Namespace)
}

// end lets a pod go.
func (c *cluster) end(pod *corev1.Pod) error {
	if !c.stubborn[pod.Name] {
		return c.Tracker().Delete(podResource, pod.Namespace, pod.Name)
	}
	terminatingFor(0)(pod)
	return c.Tracker().Update(podResource, pod, pod.Namespace)
}

func serverError(code int32, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: message}}
}

// budgetError is the eviction API's answer where a budget allows nothing.
func budgetError(cause string) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: policyv1.DisruptionBudgetCause, Message: cause}}
	return err
}

// newPod is a pod of a Deployment, running and ready on node worker-1, with changes.
func newPod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{NodeName: "worker-1"},
		Status: corev1.PodStatus{
			Phase:             corev1.PodRunning,
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
	ownedBy("ReplicaSet", "web")(pod)
	for _, change := range changes {
		change(pod)
	}
	return pod
}

func ownedBy(kind, name string) func(*corev1.Pod) {
	controller := true
	return func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, Controller: &controller}}
	}
}

func onNode(name string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.NodeName = name }
}

func alone(pod *corev1.Pod) { pod.OwnerReferences = nil }

func static(pod *corev1.Pod) {
	pod.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
}

func withEmptyDir(pod *corev1.Pod) {
	pod.Spec.Volumes = []corev1.Volume{{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
}

func inPhase(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Status.Phase = phase }
}

func unready(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }

// terminatingFor makes a pod that was told to end so long ago, with a grace period of a minute.
func terminatingFor(d time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		seconds := int64(60)
		ends := metav1.NewTime(now.Add(time.Minute - d))
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &ends, &seconds
	}
}

func heldBy(finalizers ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Finalizers = finalizers }
}

func ended(pod *corev1.Pod) {
	pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
}

func daemonSet(name string) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
}

// newBudget demands two of three pods with the label app=web, which are all available: one may go.
func newBudget(name string, changes ...func(*policyv1.PodDisruptionBudget)) *policyv1.PodDisruptionBudget {
	b := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Generation: 1},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
		Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: 1, CurrentHealthy: 3, DesiredHealthy: 2, ExpectedPods: 3},
	}
	for _, change := range changes {
		change(b)
	}
	return b
}

// spent allows no disruption: one pod is down already.
func spent(b *policyv1.PodDisruptionBudget) {
	b.Status.DisruptionsAllowed, b.Status.CurrentHealthy = 0, 2
}

func newNode(ready corev1.ConditionStatus) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker-1"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: ready, LastTransitionTime: metav1.NewTime(now.Add(-time.Hour))},
	}}}
}

// mustEvict runs a round and returns the reasons of the blocking pods by name.
func mustEvict(t *testing.T, c *cluster, options Options) (left int, reasons map[string]string, failed string) {
	t.Helper()
	got, err := c.drainer(t).Evict(context.Background(), "worker-1", options)
	if err != nil {
		t.Fatal(err)
	}
	reasons = map[string]string{}
	for _, pod := range got.Blocking {
		reasons[pod.Name] = pod.Reason
		if about := strings.Contains(pod.Reason, decision.BudgetPrefix); about != strings.HasPrefix(pod.Reason, decision.BudgetPrefix) {
			t.Errorf("got reason %q of pod %s, want %q in front of those of budgets and no others", pod.Reason, pod.Name, decision.BudgetPrefix)
		}
	}
	return got.Left, reasons, got.Failed
}
