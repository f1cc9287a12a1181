package coordinator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	apiversion "k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/agent/coordinator/drain"
)

// clock moves only when a test says so.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is a coordinator with the world around it.
type bench struct {
	*loop
	t         testing.TB
	clock     *clock
	cluster   *cluster
	informers *informers
	pods      *pods
	told      *told
	evicted   chan struct{} // a wake of what runs beside the rounds
}

func newBench(t testing.TB, objects ...client.Object) *bench {
	t.Helper()
	ticks := newClock()
	c := newCluster(t, ticks.now, objects...)
	b := &bench{t: t, clock: ticks, cluster: c, informers: &informers{cluster: c},
		pods: &pods{left: map[string]int{}}, told: &told{}, evicted: make(chan struct{}, 100)}
	b.loop = b.leader()
	return b
}

// leader is a new one, as after a restart.
func (b *bench) leader() *loop {
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	wake := func() { b.evicted <- struct{}{} }
	log := zap.NewNop()
	drains := newDrains(b.pods, types.NamespacedName{}, b.clock.now, log, wake)
	go func() { _ = drains.Start(ctx) }()
	return &loop{
		informers: b.informers, live: b.cluster, writer: b.cluster, decide: decision.Decide,
		overlay: newOverlay(), drains: drains,
		prometheus: newPrometheus(b.clock.now, wake), daemonSets: newDaemonSets(b.cluster, log),
		servers: &servers{version: gitVersion("v1.36.3"), pods: b.cluster}, events: b.told,
		heed: &heed{live: b.cluster, log: log},
		now:  b.clock.now, log: log,
	}
}

// round makes one that must succeed.
func (b *bench) round() time.Duration {
	b.t.Helper()
	next, err := b.loop.round(context.Background())
	if err != nil {
		b.t.Fatalf("the round did not succeed: %v", err)
	}
	return next
}

func (b *bench) managed(name string) *v1alpha1.ManagedNode {
	b.t.Helper()
	return get[v1alpha1.ManagedNode](b.cluster, name)
}

func (b *bench) node(name string) *corev1.Node {
	b.t.Helper()
	return get[corev1.Node](b.cluster, name)
}

func (b *bench) group(name string) *v1alpha1.NodeGroup {
	b.t.Helper()
	return get[v1alpha1.NodeGroup](b.cluster, name)
}

type gitVersion string

func (v gitVersion) ServerVersion() (*apiversion.Info, error) {
	return &apiversion.Info{GitVersion: string(v)}, nil
}

// pods are those that have to go, counted by node; each eviction lets one go.
type pods struct {
	mu   sync.Mutex
	left map[string]int
	fail error
}

func (p *pods) Inspect(_ context.Context, node string, _ drain.Options) (decision.Drain, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return decision.Drain{Left: p.left[node]}, p.fail
}

func (p *pods) Preview(ctx context.Context, node string, options drain.Options) (drain.Preview, error) {
	found, err := p.Inspect(ctx, node, options)
	return drain.Preview{Drain: found}, err
}

func (p *pods) Evict(_ context.Context, node string, _ drain.Options) (decision.Drain, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[node] = max(0, p.left[node]-1)
	return decision.Drain{Left: p.left[node]}, p.fail
}

// told are the Events.
type told struct {
	mu     sync.Mutex
	events []string
}

func (t *told) tell(about client.Object, e decision.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, fmt.Sprintf("%s %s: %s", kindOf(about), about.GetName(), e.Reason))
}

func (t *told) about(kind, name string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []string
	for _, line := range t.events {
		if reason, ok := strings.CutPrefix(line, kind+" "+name+": "); ok {
			found = append(found, reason)
		}
	}
	return found
}

func newGroup(name string, change ...func(*v1alpha1.NodeGroup)) *v1alpha1.NodeGroup {
	g := &v1alpha1.NodeGroup{}
	g.Name = name
	for _, c := range change {
		c(g)
	}
	return g
}

func sysctl(value string) func(*v1alpha1.NodeGroup) {
	return func(g *v1alpha1.NodeGroup) {
		g.Spec.OperatingSystem.Sysctl = map[string]string{"vm.max_map_count": value}
	}
}

func newNode(name string, labels map[string]string) *corev1.Node {
	n := &corev1.Node{}
	n.Name, n.Labels = name, labels
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	return n
}

func member(name, group string) *corev1.Node {
	return newNode(name, map[string]string{v1alpha1.NodeGroupLabel: group})
}

// agents are hostler's on all nodes: each reports one step further.
type agents struct {
	bench  *bench
	impact v1alpha1.Impact
	// fails are nodes on which every revision fails.
	fails []string
}

func hash(revision string) string { return "plan-" + revision }

func (a *agents) step() {
	for _, name := range a.bench.cluster.names(kindManaged) {
		edit(a.bench.cluster, name, func(m *v1alpha1.ManagedNode) { a.report(m) })
	}
}

func (a *agents) report(m *v1alpha1.ManagedNode) {
	s, spec := &m.Status, &m.Spec
	s.ObservedGeneration = m.Generation
	if spec.Revision == "" {
		s.Phase = v1alpha1.PhaseUnassigned
		return
	}
	if s.AppliedRevision == spec.Revision {
		s.Phase, s.Plan = v1alpha1.PhaseUpToDate, nil
		return
	}
	s.Plan = &v1alpha1.PlanSummary{Revision: spec.Revision, Hash: hash(spec.Revision), Impact: a.impact, Ops: 1}
	switch {
	case s.Failure != nil && s.Failure.Revision == spec.Revision && (spec.Approval == nil || spec.Approval.At.Equal(&s.Failure.Approved)):
		s.Phase = v1alpha1.PhaseRolledBack
	case spec.Approval == nil || spec.Approval.Plan != s.Plan.Hash:
		s.Phase = v1alpha1.PhaseWaitingForApproval
	case a.impact.Disrupts() && spec.Disruption == nil:
		s.Phase, s.Plan.Staged = v1alpha1.PhaseWaitingForDisruption, true
	case s.Phase != v1alpha1.PhaseApplying:
		s.Phase = v1alpha1.PhaseApplying
	case slices.Contains(a.fails, m.Name):
		s.Phase = v1alpha1.PhaseRolledBack
		s.Failure = &v1alpha1.Failure{Revision: spec.Revision, Approved: spec.Approval.At, Outcome: v1alpha1.PhaseRolledBack, Message: "kubelet did not come back"}
	default:
		s.Phase, s.AppliedRevision, s.Plan, s.Failure = v1alpha1.PhaseUpToDate, spec.Revision, nil, nil
	}
}

// busy are the nodes that hold a slot.
func (b *bench) busy() []string {
	var found []string
	for _, name := range b.cluster.names(kindManaged) {
		m := b.managed(name)
		if m.Spec.Approval != nil || m.Status.Rollout != nil && m.Status.Rollout.StartedAt != nil {
			found = append(found, name)
		}
	}
	return found
}
