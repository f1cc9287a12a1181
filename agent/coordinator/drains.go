package coordinator

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/types"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/agent/coordinator/drain"
)

// drainer empties nodes; drain.Drainer does.
type drainer interface {
	Inspect(ctx context.Context, node string, options drain.Options) (decision.Drain, error)
	Preview(ctx context.Context, node string, options drain.Options) (drain.Preview, error)
	Evict(ctx context.Context, node string, options drain.Options) (decision.Drain, error)
}

const (
	// inspectionLasts is how long what was seen of a node's pods counts as seen now. Rounds may follow each other faster.
	inspectionLasts = 500 * time.Millisecond
	// aheadLasts is the same for what a drain would meet that has not begun.
	aheadLasts = 5 * time.Second
	// drainPoll is how often a node that is being emptied is looked at. Its pods are not watched.
	drainPoll = time.Second
	// evictionPause lies between two attempts to evict what is left of a node. kubectl waits as long after a refusal.
	evictionPause = 5 * time.Second
	// inspectionTimeout bounds one look at a node's pods; a round waits for it.
	inspectionTimeout = 4 * time.Second
	// evictionTimeout bounds one attempt at all pods of a node.
	evictionTimeout = 2 * time.Minute
)

// drains carries evictions out beside the rounds: a node with a hundred pods takes a while, and others must not wait for it.
// What it holds in memory saves requests and no more.
type drains struct {
	drainer drainer
	self    types.NamespacedName
	now     func() time.Time
	log     *zap.Logger
	// wake asks for a round.
	wake func()
	// jobs are evictions that Start has not begun yet.
	jobs chan decision.Evict

	mu    sync.Mutex
	nodes map[string]*emptying
}

// waitingJobs is how many evictions may wait for Start; more are decided again.
const waitingJobs = 100

// emptying is one node's.
type emptying struct {
	evicting  bool
	evicted   time.Time
	forced    bool
	found     decision.Drain
	inspected time.Time
	options   drain.Options
	ahead     string
	looked    time.Time
}

func newDrains(d drainer, self types.NamespacedName, now func() time.Time, log *zap.Logger, wake func()) *drains {
	return &drains{drainer: d, self: self, now: now, log: log, wake: wake, jobs: make(chan decision.Evict, waitingJobs), nodes: map[string]*emptying{}}
}

// Start carries evictions out until ctx ends.
func (d *drains) Start(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case action := <-d.jobs:
			running.Go(func() { d.run(ctx, action) })
		}
	}
}

func (d *drains) of(node string) *emptying {
	if d.nodes[node] == nil {
		d.nodes[node] = &emptying{}
	}
	return d.nodes[node]
}

// inspect tells how far a node is from being empty.
func (d *drains) inspect(ctx context.Context, node string, options drain.Options) (decision.Drain, error) {
	options.Self = d.self
	d.mu.Lock()
	e := d.of(node)
	if e.options == options && !e.inspected.IsZero() && d.now().Sub(e.inspected) < inspectionLasts {
		defer d.mu.Unlock()
		return e.found, nil
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, inspectionTimeout)
	defer cancel()
	found, err := d.drainer.Inspect(ctx, node, options)
	if err != nil {
		return found, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e.found, e.inspected, e.options = found, d.now(), options
	return found, nil
}

// ahead tells on a line what a drain of a node would meet; empty: that cannot be told now.
func (d *drains) ahead(ctx context.Context, node string, options drain.Options) string {
	options.Self = d.self
	d.mu.Lock()
	e := d.of(node)
	if !e.looked.IsZero() && d.now().Sub(e.looked) < aheadLasts {
		defer d.mu.Unlock()
		return e.ahead
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, inspectionTimeout)
	defer cancel()
	text := ""
	if preview, err := d.drainer.Preview(ctx, node, options); err != nil {
		d.log.Warn("what a drain would meet cannot be told", zap.String("node", node), zap.Error(err))
	} else {
		text = preview.String()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e.ahead, e.looked = text, d.now()
	return text
}

// evict has the pods of a node evicted, unless that is under way, or was tried a moment ago. It returns at once.
func (d *drains) evict(action decision.Evict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.of(action.Node)
	again := d.now().Sub(e.evicted) < evictionPause && e.forced == action.Force
	if e.evicting || again {
		return
	}
	select {
	case d.jobs <- action:
		e.evicting, e.forced = true, action.Force
	default:
	}
}

func (d *drains) run(ctx context.Context, action decision.Evict) {
	ctx, cancel := context.WithTimeout(ctx, evictionTimeout)
	defer cancel()
	options := drain.Options{Force: action.Force, SkipTerminating: action.SkipTerminating, Self: d.self}
	found, err := d.drainer.Evict(ctx, action.Node, options)
	if err != nil && ctx.Err() == nil {
		d.log.Warn("pods cannot be evicted; it is tried again", zap.String("node", action.Node), zap.Error(err))
	} else {
		d.log.Info("evictions asked for", zap.String("node", action.Node), zap.Int("left", found.Left),
			zap.Int("blocked", len(found.Blocking)), zap.Bool("force", action.Force))
	}
	d.mu.Lock()
	e := d.of(action.Node)
	e.evicting, e.evicted, e.inspected = false, d.now(), time.Time{}
	d.mu.Unlock()
	d.wake()
}

// forget drops what is known of nodes that are not being emptied.
func (d *drains) forget(draining func(node string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for node, e := range d.nodes {
		if !e.evicting && !draining(node) {
			delete(d.nodes, node)
		}
	}
}
