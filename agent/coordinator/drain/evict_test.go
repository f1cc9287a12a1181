package drain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	policyclient "k8s.io/client-go/kubernetes/typed/policy/v1"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func TestEvictEmptiesANode(t *testing.T) {
	t.Parallel()
	c := newCluster(newPod("a"), newPod("b", withEmptyDir), newPod("c", inPhase(corev1.PodSucceeded)), newPod("d", static),
		newPod("e", ownedBy("DaemonSet", "proxy")), daemonSet("proxy"), newPod("f", onNode("worker-2")))
	mustEvict(t, c, Options{})
	slices.Sort(c.evicted)
	if diff := cmp.Diff([]string{"a", "b", "c"}, c.evicted); diff != "" {
		t.Errorf("got other pods evicted (-want +got):\n%s", diff)
	}
	if left, reasons, _ := mustEvict(t, c, Options{}); left != 0 || len(reasons) != 0 {
		t.Errorf("got %d pods left, %v, want none in the second round", left, reasons)
	}
	if len(c.deleted) != 0 {
		t.Errorf("got %q deleted, want evictions only", c.deleted)
	}
}

func TestEvictNeverOverrunsABudget(t *testing.T) {
	t.Parallel()
	c := newCluster(newPod("a"), newPod("b"), newPod("c"), newBudget("web"))
	left, reasons, failed := mustEvict(t, c, Options{})
	if len(c.evicted) != 1 || left != 3 || len(reasons) != 2 || failed != "" {
		t.Errorf("got %q evicted, %d left, %v, %q, want one evicted and two blocked", c.evicted, left, reasons, failed)
	}
	for name, got := range reasons {
		if got != shortage {
			t.Errorf("got reason %q of pod %s, want %q as Inspect tells it", got, name, shortage)
		}
	}
}

func TestEvictTellsTheAnswer(t *testing.T) {
	t.Parallel()
	resource := podResource.GroupResource()
	terminatingNamespace := apierrors.NewForbidden(resource, "a", errors.New("namespace is going"))
	terminatingNamespace.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	forbidden := apierrors.NewForbidden(resource, "a", errors.New("no right"))
	for name, c := range map[string]struct {
		answer error
		want   string
		failed bool
	}{
		"a pod that is gone is fine":          {apierrors.NewNotFound(resource, "a"), "", false},
		"a pod that was replaced is gone":     {apierrors.NewConflict(resource, "a", errors.New("UID")), "", false},
		"a budget of which nothing was known": {budgetError("The disruption budget db needs 3 healthy pods and has 3 currently"), "PodDisruptionBudget default/db allows 0 disruptions now: needs 3 healthy pods and has 3 currently", false},
		"a budget in words of tomorrow":       {budgetError("Not today"), "PodDisruptionBudget default/? allows 0 disruptions now: Not today", false},
		"too much to do":                      {apierrors.NewTooManyRequests("busy", 0), "the API server puts it off, and is asked again: busy", false},
		"a broken API server":                 {serverError(http.StatusInternalServerError, "etcd has no leader"), "the API server could not let it go, and is asked again: etcd has no leader", false},
		"an API server that is not there":     {errors.New("connection refused"), "the API server could not let it go, and is asked again: connection refused", false},
		"a namespace that is being deleted":   {terminatingNamespace, "namespace default is being deleted, and the pod goes with it", false},
		"a right that is missing":             {forbidden, "the API server refuses to let it go: " + forbidden.Error(), true},
		"an admission webhook":                {apierrors.NewBadRequest("admission webhook denied the request"), "the API server refuses to let it go: admission webhook denied the request", true},
		"a budget that forbids":               {apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), "web", errors.New("too big")), `PodDisruptionBudget in namespace default does not let it go: poddisruptionbudget.policy "web" is forbidden: too big`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c2 := newCluster(newPod("a"), newPod("b"))
			c2.answers["a"] = c.answer
			_, reasons, failed := mustEvict(t, c2, Options{})
			if reasons["a"] != c.want || len(reasons) > 1 {
				t.Errorf("got reasons %q, want %q of pod a", reasons, c.want)
			}
			if (failed != "") != c.failed || failed != "" && failed != "pod default/a: "+c.want {
				t.Errorf("got failed %q, want it %t and to tell the reason", failed, c.failed)
			}
			if !slices.Equal(c2.evicted, []string{"b"}) {
				t.Errorf("got %q evicted, want b whatever becomes of a", c2.evicted)
			}
		})
	}
	t.Run("the numbers of a budget are those of the answer", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"), newBudget("web"))
		c.answers["a"] = budgetError("The disruption budget web needs 3 healthy pods and has 2 currently")
		want := "PodDisruptionBudget default/web allows 0 disruptions now: 2 of 3 needed pods are available, and it needs all 3: add a replica, or loosen it"
		if _, reasons, _ := mustEvict(t, c, Options{}); reasons["a"] != want {
			t.Errorf("got reason %q, want %q", reasons["a"], want)
		}
	})
	t.Run("two budgets are told by name", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"), newBudget("one"), newBudget("two"))
		if _, reasons, failed := mustEvict(t, c, Options{}); reasons["a"] != twice || failed != "pod default/a: "+twice {
			t.Errorf("got %q, failed %q, want %q for both", reasons["a"], failed, twice)
		}
	})
	t.Run("a budget that is not counted yet is not asked", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"), newBudget("web", func(b *policyv1.PodDisruptionBudget) { b.Generation = 2 }))
		if _, reasons, _ := mustEvict(t, c, Options{}); c.asked != 0 || !strings.Contains(reasons["a"], "not counted yet") {
			t.Errorf("got %d requests and %q, want none and the reason", c.asked, reasons["a"])
		}
	})
}

func TestEvictWithForce(t *testing.T) {
	t.Parallel()
	t.Run("leaves pods without controller until then", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a", alone))
		if _, reasons, _ := mustEvict(t, c, Options{}); c.asked != 0 || reasons["a"] != lost {
			t.Errorf("got %d requests, %q, want none and %q", c.asked, reasons["a"], lost)
		}
		mustEvict(t, c, Options{Force: true})
		if !slices.Equal(c.evicted, []string{"a"}) || len(c.deleted) > 0 {
			t.Errorf("got %q evicted, %q deleted, want a evicted", c.evicted, c.deleted)
		}
	})
	t.Run("deletes what may not be evicted, and nothing else", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"), newPod("b"), newPod("c", func(p *corev1.Pod) { p.Labels = nil }), newBudget("web"))
		_, reasons, failed := mustEvict(t, c, Options{Force: true})
		if len(c.evicted) != 2 || len(c.deleted) != 1 || len(reasons) > 0 || failed != "" {
			t.Errorf("got %q evicted, %q deleted, %v, %q, want two evicted and the third deleted", c.evicted, c.deleted, reasons, failed)
		}
	})
	t.Run("deletes what has two budgets", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"), newBudget("one"), newBudget("two"))
		if _, _, failed := mustEvict(t, c, Options{Force: true}); failed != "" || !slices.Equal(c.deleted, []string{"a"}) {
			t.Errorf("got %q deleted, failed %q, want a deleted", c.deleted, failed)
		}
	})
	t.Run("says what keeps a pod even so", func(t *testing.T) {
		t.Parallel()
		c := newCluster(newPod("a"))
		forbidden := apierrors.NewForbidden(podResource.GroupResource(), "a", errors.New("no right"))
		c.answers["a"], c.deleteAnswers["a"] = forbidden, forbidden
		if _, _, failed := mustEvict(t, c, Options{Force: true}); !strings.Contains(failed, "no right") {
			t.Errorf("got failed %q, want the missing right", failed)
		}
	})
}

func TestPodsThatTerminateAreNotAskedAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(newPod("a"), newNode(corev1.ConditionTrue))
	c.stubborn["a"] = true
	for _, force := range []bool{false, true} {
		for range 2 {
			if left, reasons, _ := mustEvict(t, c, Options{Force: force}); left != 1 || len(reasons) > 0 {
				t.Errorf("got %d left, %v, want the pod to be on its way", left, reasons)
			}
		}
	}
	if c.asked != 1 || len(c.deleted) > 0 {
		t.Errorf("got %d evictions, %q deleted, want one eviction", c.asked, c.deleted)
	}
}

func TestEvictKeepsItsOwnPodForLast(t *testing.T) {
	t.Parallel()
	self := types.NamespacedName{Namespace: "default", Name: "a"}
	for _, force := range []bool{false, true} {
		c := newCluster(newPod("a"), newPod("b"), newPod("c", inPhase(corev1.PodFailed)), newNode(corev1.ConditionTrue))
		c.stubborn["b"] = true
		mustEvict(t, c, Options{Self: self, Force: force})
		if left, _, _ := mustEvict(t, c, Options{Self: self, Force: force}); left != 2 || slices.Contains(c.evicted, "a") {
			t.Errorf("got %q evicted with b still ending, want a not to be", c.evicted)
		}
		if err := c.Tracker().Delete(podResource, "default", "b"); err != nil {
			t.Fatal(err)
		}
		mustEvict(t, c, Options{Self: self, Force: force})
		if got := c.evicted[len(c.evicted)-1]; got != "a" {
			t.Errorf("got %s evicted last, want the own pod a", got)
		}
	}
}

// A StatefulSet makes a pod of the same name elsewhere as soon as one is gone.
func TestALateRequestSparesTheReplacement(t *testing.T) {
	t.Parallel()
	for _, force := range []bool{false, true} {
		c := newCluster(newPod("web-0"))
		var once sync.Once
		c.before = func(string) {
			once.Do(func() {
				replacement := newPod("web-0", onNode("worker-2"), func(p *corev1.Pod) { p.UID = "another" })
				if err := c.Tracker().Update(podResource, replacement, "default"); err != nil {
					t.Error(err)
				}
			})
		}
		mustEvict(t, c, Options{Force: force})
		if len(c.evicted)+len(c.deleted) > 0 {
			t.Errorf("got %q evicted, %q deleted with force %t, want the replacement left alone", c.evicted, c.deleted, force)
		}
	}
}

func TestTwoCoordinatorsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(newBudget("web", func(b *policyv1.PodDisruptionBudget) { b.Status.DisruptionsAllowed = 5 }))
	for i := range 9 {
		if err := c.Tracker().Add(newPod(fmt.Sprintf("pod-%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup
	results := make([]decision.Drain, 2)
	for i := range results {
		d := c.drainer(t)
		both.Go(func() {
			var err error
			if results[i], err = d.Evict(context.Background(), "worker-1", Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if len(c.evicted) != 5 {
		t.Errorf("got %d pods evicted, want as many as the budget allowed", len(c.evicted))
	}
	for _, result := range results {
		if result.Failed != "" {
			t.Errorf("got failed %q, want none", result.Failed)
		}
	}
}

func TestEvictEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	c := newCluster(newPod("a"))
	c.before = func(string) { cancel() }
	if _, err := c.drainer(t).Evict(ctx, "worker-1", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

// crowd counts evictions under way. The fake clientset answers one request after the other, so it stands before it.
type crowd struct {
	kubernetes.Interface
	policyclient.PolicyV1Interface
	policyclient.EvictionInterface
	mu          sync.Mutex
	under, most int
	full        chan struct{}
}

func (c *crowd) PolicyV1() policyclient.PolicyV1Interface        { return c }
func (c *crowd) Evictions(string) policyclient.EvictionInterface { return c }

// Evict waits until as many are under way as may be.
func (c *crowd) Evict(context.Context, *policyv1.Eviction) error {
	c.mu.Lock()
	c.under++
	c.most = max(c.most, c.under)
	if c.most == requestsAtOnce && c.under == requestsAtOnce {
		select {
		case <-c.full:
		default:
			close(c.full)
		}
	}
	c.mu.Unlock()
	select {
	case <-c.full:
	case <-time.After(time.Minute):
	}
	for range 1000 { // one too many would come now
		runtime.Gosched()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under--
	return nil
}

func TestRequestsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	c := newCluster()
	for i := range 4 * requestsAtOnce {
		if err := c.Tracker().Add(newPod(fmt.Sprintf("pod-%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	gate := &crowd{Interface: c, PolicyV1Interface: c.PolicyV1(), full: make(chan struct{})}
	d, err := New(Config{Client: gate})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Evict(context.Background(), "worker-1", Options{}); err != nil {
		t.Fatal(err)
	}
	if gate.most != requestsAtOnce {
		t.Errorf("got %d requests at once, want %d", gate.most, requestsAtOnce)
	}
}
