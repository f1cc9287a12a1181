package drain

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

const (
	// requestsAtOnce bounds the requests under way for one node.
	requestsAtOnce = 8
	// requestTimeout bounds one request. The API server itself tries for ten seconds where several evictions meet at one budget;
	// and client-go would sleep and ask again, for minutes, where an answer says when to.
	requestTimeout = 15 * time.Second
)

// Evict asks once for each pod to go that has to, and tells how far the node is then: pods that may go count as left
// until they have ended, and those that may not are blocking, with the API server's own reason. It does not wait for pods to end. It
// fails only where the pods could not be found, or ctx ended.
//
// kubectl asks every five seconds; more often is of no use.
func (d *Drainer) Evict(ctx context.Context, node string, options Options) (decision.Drain, error) {
	found, err := d.survey(ctx, node, options)
	if err != nil {
		return decision.Drain{}, fmt.Errorf("finding what to evict from node %s: %w", node, err)
	}
	verdicts := make([]verdict, len(found.pods))
	slots := make(chan struct{}, requestsAtOnce)
	var requests sync.WaitGroup
	for i := range found.pods {
		pod := &found.pods[i]
		if found.waitsForOthers(pod, options) {
			continue
		}
		slots <- struct{}{}
		requests.Go(func() {
			defer func() { <-slots }()
			verdicts[i] = d.release(ctx, found, pod, options)
		})
	}
	requests.Wait()
	if err := ctx.Err(); err != nil {
		return decision.Drain{}, fmt.Errorf("evicting the pods of node %s: %w", node, err)
	}
	return found.sum(verdicts), nil
}

// waitsForOthers tells whether the pod is the one that this runs in, with others still to go: whoever takes over should
// find the rest done.
func (s *survey) waitsForOthers(pod *corev1.Pod, options Options) bool {
	return len(s.pods) > 1 && pod.Name == options.Self.Name && pod.Namespace == options.Self.Namespace
}

// release asks for one pod to go.
func (d *Drainer) release(ctx context.Context, s *survey, pod *corev1.Pod, options Options) verdict {
	if terminating(pod) || unmanaged(pod) && !options.Force {
		return s.verdict(pod, options)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	kept := d.evict(ctx, s, pod)
	if kept.reason == "" || !options.Force {
		return kept
	}
	err := d.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *onlyThis(pod))
	return s.answer(pod, err)
}

// evict asks the eviction API.
func (d *Drainer) evict(ctx context.Context, s *survey, pod *corev1.Pod) verdict {
	if v, known := s.budgets.unasked(pod); known {
		return v
	}
	err := d.client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		DeleteOptions: onlyThis(pod),
	})
	return s.answer(pod, err)
}

// unasked is the verdict on a pod that the eviction API would only answer with "ask again in ten seconds", which client-go
// takes for an order to sleep.
func (b budgets) unasked(pod *corev1.Pod) (v verdict, known bool) {
	chosen := b.of(pod)
	if !asksBudgets(*pod) || !slices.ContainsFunc(chosen, func(b budget) bool { return b.uncounted() }) {
		return verdict{}, false
	}
	v = b.verdict(pod)
	return v, v.reason != ""
}

// onlyThis keeps a request from a pod that has come under the same name since. The grace period stays the pod's own.
func onlyThis(pod *corev1.Pod) *metav1.DeleteOptions {
	return &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}}
}

// answer tells what the API server's answer to an eviction or a deletion means.
func (s *survey) answer(pod *corev1.Pod, err error) verdict {
	switch {
	case err == nil, apierrors.IsNotFound(err):
		return verdict{}
	case apierrors.IsConflict(err):
		// Another pod has the name, or this one changed just now: the next look tells.
		return verdict{}
	case apierrors.IsTooManyRequests(err):
		return s.putOff(pod, err)
	case apierrors.IsForbidden(err) && apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return verdict{reason: fmt.Sprintf("namespace %s is being deleted, and the pod goes with it", pod.Namespace)}
	case apierrors.IsForbidden(err) && aboutBudget(err):
		return verdict{reason: fmt.Sprintf("%sin namespace %s does not let it go: %v", decision.BudgetPrefix, pod.Namespace, err)}
	case apierrors.IsForbidden(err), apierrors.IsBadRequest(err), apierrors.IsInvalid(err), apierrors.IsMethodNotSupported(err):
		return verdict{reason: fmt.Sprintf("the API server refuses to let it go: %v", err), never: true}
	}
	if expected := s.budgets.verdict(pod); expected.never {
		return expected // the API server answers 500, and says less
	}
	return verdict{reason: fmt.Sprintf("the API server could not let it go, and is asked again: %v", err)}
}
