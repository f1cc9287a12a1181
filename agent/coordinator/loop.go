package coordinator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// loop makes the rounds, one at a time.
type loop struct {
	// informers are read in each round; live is the API server itself, for what no informer holds.
	informers client.Reader
	live      client.Reader
	writer    writer
	decide    func(decision.Observation) []decision.Action

	overlay    *overlay
	drains     *drains
	prometheus *prometheus
	daemonSets *daemonSets
	servers    *servers
	heed       *heed
	events     teller

	// self is the node that the coordinator runs on; empty: outside.
	self string
	now  func() time.Time
	log  *zap.Logger

	// led is set once the state that the last leader left has been read.
	led      bool
	failures int
}

const (
	// retryFirst and retryLast bound the pause after a failure, which doubles each time.
	retryFirst = 100 * time.Millisecond
	retryLast  = 30 * time.Second
	// retryConflict is the pause after somebody else's write was met; the informer has it by then.
	retryConflict = 20 * time.Millisecond
)

// round is the one key of the queue: whatever changes asks for the same.
type round struct{}

// Reconcile makes one round. Errors are logged here, with what they are about, and never returned.
func (l *loop) Reconcile(ctx context.Context, _ round) (reconcile.Result, error) {
	next, err := l.round(ctx)
	if err != nil {
		l.servers.disturbed()
		l.failures++
		pause := retryPause(l.failures)
		l.log.Error("a round did not succeed; it is tried again", zap.Error(err), zap.Duration("after", pause))
		return reconcile.Result{RequeueAfter: sooner(next, pause)}, nil
	}
	l.failures = 0
	return reconcile.Result{RequeueAfter: next}, nil
}

func retryPause(failures int) time.Duration {
	pause := retryFirst
	for i := 1; i < failures && pause < retryLast; i++ {
		pause *= 2
	}
	return min(pause, retryLast)
}

// sooner is the shorter of two pauses, of which 0 does not count.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// round looks at all groups, decides and acts. It returns after how long to look again although nothing has
// happened; 0: not before something does.
func (l *loop) round(ctx context.Context) (time.Duration, error) {
	w, err := l.prepare(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	if err := l.servers.refresh(ctx, w.now); err != nil {
		errs = append(errs, err) // decisions go on, without changes of a kubelet's minor version
	}
	if err := l.heed.refresh(ctx, w.now); err != nil {
		errs = append(errs, err) // decisions go on, without requests on Nodes
	}
	members := w.belong()
	next := time.Duration(0)
	for _, name := range slices.Sorted(maps.Keys(w.groups)) {
		r, err := l.revise(ctx, w, w.groups[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		pause, err := l.settleGroup(ctx, w, l.observe(ctx, w, r, l.heed.only(fresh(w, members.groups[name]))))
		next, errs = sooner(next, pause), append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(members.orphans)) {
		pause, err := l.settleGroup(ctx, w, l.observeOrphans(ctx, w, l.heed.only(fresh(w, members.orphans[name]))))
		next, errs = sooner(next, pause), append(errs, err)
	}
	errs = append(errs, l.prune(ctx, w))
	l.drains.forget(func(node string) bool {
		managed := w.managedNode(node)
		return managed != nil && (managed.Spec.Drain != nil || awaitsDrain(managed))
	})
	return next, errors.Join(errs...)
}

// prepare reads the world, and makes sure that it is no older than what was written last: by this leader, or
// by the one before it.
func (l *loop) prepare(ctx context.Context) (*world, error) {
	now := l.now()
	if !l.led {
		if err := catchUp(ctx, l.live, l.overlay, now); err != nil {
			return nil, err
		}
		l.led = true
	}
	if err := settle(ctx, l.live, l.overlay, now); err != nil {
		return nil, err
	}
	return look(ctx, l.informers, l.overlay, now)
}

// fresh replaces the members' objects by what this round has written since they were found: a node that two groups choose is
// decided on twice.
func fresh(w *world, members []decision.Node) []decision.Node {
	current := members[:0:0]
	for _, member := range members {
		name := member.Name()
		if member.Node != nil {
			member.Node = w.node(name)
		}
		member.Managed = w.managedNode(name)
		if member.Node != nil || member.Managed != nil {
			current = append(current, member)
		}
	}
	return current
}

// settleGroup decides about one group and carries it out.
func (l *loop) settleGroup(ctx context.Context, w *world, observation decision.Observation) (time.Duration, error) {
	o := l.execute(ctx, w, observation.Group, l.decide(observation))
	next := poll(observation)
	if o.again {
		next = sooner(next, retryConflict)
	}
	if !o.wake.IsZero() {
		// Rounded up: what is asked a moment too early has to be asked again.
		next = sooner(next, max(o.wake.Sub(w.now), 0)+time.Millisecond)
	}
	return next, errors.Join(o.errs...)
}

// poll is how soon to look again at what nobody watches: pods of nodes that are being emptied, and gates.
func poll(observation decision.Observation) time.Duration {
	next := time.Duration(0)
	for i := range observation.Nodes {
		node := &observation.Nodes[i]
		if node.Drain != nil && node.Drain.Left > 0 && drainGoesOn(node.Managed) {
			next = sooner(next, drainPoll)
		}
		if node.GateClosed != "" {
			next = sooner(next, gatePoll)
		}
	}
	if len(observation.Gates) > 0 {
		next = sooner(next, answerLasts)
	}
	return next
}

func drainGoesOn(managed *v1alpha1.ManagedNode) bool {
	return managed.Spec.Drain != nil && managed.Spec.Drain.GivenUp == nil
}
