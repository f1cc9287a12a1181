package coordinator

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/agent/coordinator/drain"
)

func TestNodeWhosePodsCannotBeReadIsNotEmpty(t *testing.T) {
	t.Parallel()
	managed := managedIn("a", "worker")
	managed.Spec.Drain = &v1alpha1.DrainOrder{By: "coordinator"}
	b := newBench(t, newGroup("worker"), member("a", "worker"), managed)
	b.pods.fail = errors.New("connection refused")
	var seen *decision.Drain
	b.decide = func(o decision.Observation) []decision.Action {
		seen = o.Nodes[0].Drain
		return nil
	}
	next := b.round()
	if seen == nil || seen.Left == 0 {
		t.Errorf("got %+v, want pods left", seen)
	}
	if next == 0 || next > drainPoll {
		t.Errorf("got the next look after %v, want it within %v", next, drainPoll)
	}
}

func TestDrainIsLookedAheadAtBeforeItIsDecided(t *testing.T) {
	t.Parallel()
	managed := managedIn("a", "worker")
	managed.Spec.Approval = &v1alpha1.Approval{Plan: "h"}
	managed.Status.Phase = v1alpha1.PhaseWaitingForDisruption
	b := newBench(t, newGroup("worker"), member("a", "worker"), managed, member("b", "worker"), managedIn("b", "worker"))
	b.pods.left = map[string]int{"a": 2, "b": 2}
	ahead := map[string]string{}
	b.decide = func(o decision.Observation) []decision.Action {
		for i := range o.Nodes {
			ahead[o.Nodes[i].Name()] = o.Nodes[i].Ahead
		}
		return nil
	}
	b.round()
	if ahead["a"] != "2 pods have to go" || ahead["b"] != "" {
		t.Errorf("got %q, want it for a, which waits for a drain, and not for b", ahead)
	}
}

// slow is a drainer whose evictions take until the test says so.
type slow struct {
	begun, end chan struct{}
	options    drain.Options
}

func (s *slow) Inspect(context.Context, string, drain.Options) (decision.Drain, error) {
	return decision.Drain{Left: 1}, nil
}

func (s *slow) Preview(context.Context, string, drain.Options) (drain.Preview, error) {
	return drain.Preview{Drain: decision.Drain{Left: 1}}, nil
}

func (s *slow) Evict(_ context.Context, _ string, options drain.Options) (decision.Drain, error) {
	s.options = options
	s.begun <- struct{}{}
	<-s.end
	return decision.Drain{Left: 1}, nil
}

func TestEvictionsOfANodeComeOneAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := &slow{begun: make(chan struct{}), end: make(chan struct{})}
	b.drains.drainer = s
	waits := func() bool { // evict marks the node before it returns
		b.drains.mu.Lock()
		defer b.drains.mu.Unlock()
		return b.drains.of("a").evicting
	}
	b.drains.evict(decision.Evict{Node: "a"})
	<-s.begun
	b.drains.evict(decision.Evict{Node: "a"}) // would block on begun for ever, and leak
	s.end <- struct{}{}
	<-b.evicted
	b.drains.evict(decision.Evict{Node: "a"})
	if waits() {
		t.Error("the second attempt follows the first at once, want a pause")
	}
	b.drains.evict(decision.Evict{Node: "a", Force: true})
	<-s.begun
	if !s.options.Force {
		t.Error("force waits for the pause, want it at once")
	}
	s.end <- struct{}{}
	<-b.evicted
	b.clock.pass(evictionPause)
	b.drains.evict(decision.Evict{Node: "a", Force: true})
	<-s.begun
	s.end <- struct{}{}
	<-b.evicted
	b.drains.forget(func(string) bool { return false })
	if len(b.drains.nodes) > 0 {
		t.Error("a node that is no longer drained is kept in memory")
	}
}

func TestInspectionForcesWhenTheDrainDoes(t *testing.T) {
	t.Parallel()
	group := newGroup("worker")
	group.SetDefaults()
	order := &v1alpha1.DrainOrder{}
	order.At.Time = newClock().now()
	for name, c := range map[string]struct {
		policy v1alpha1.DrainTimeoutPolicy
		after  time.Duration
		want   bool
	}{
		"not before the timeout":     {v1alpha1.DrainForce, 9 * time.Minute, false},
		"from the timeout on":        {v1alpha1.DrainForce, 10 * time.Minute, true},
		"never where it is to wait":  {v1alpha1.DrainWait, time.Hour, false},
		"never where it is to abort": {v1alpha1.DrainAbort, time.Hour, false},
	} {
		group.Spec.Disruptions.Drain.OnTimeout = c.policy
		if got := drainOptions(group, order, order.At.Add(c.after)).Force; got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
