package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

const (
	// writers is how many nodes are written at the same time.
	writers = 16
	// turn is how long a round may go on to begin writes. What is left over is decided again in the next round, which
	// sees what has happened meanwhile.
	turn = 150 * time.Millisecond
)

// errStale says that an object is not the one any more that the decision was made on. The next round decides anew.
var errStale = errors.New("it has changed since")

// outcome is what became of a list of actions.
type outcome struct {
	mu sync.Mutex
	// failed are the nodes, "" for the group itself, whose later actions are left out.
	failed map[string]bool
	// again asks for another round at once: somebody else has written, or the turn was over.
	again bool
	// errs are real failures, to be tried again after a while.
	errs []error
	// wake is when to decide again at the latest; zero: not before something happens.
	wake time.Time
}

func (o *outcome) stopped(subject string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed[subject]
}

func (o *outcome) note(subject string, err error) {
	if err == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed[subject] = true
	if expected(err) {
		o.again = true
		return
	}
	o.errs = append(o.errs, err)
}

func (o *outcome) goOn() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.again = true
}

// expected tells whether an error is what happens where several write to one API.
func expected(err error) bool {
	return errors.Is(err, errStale) || apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err)
}

// execute carries the actions of one group out. Those of one node, and those of the group itself, keep their order, and
// the first that fails ends them. Nodes do not wait for each other, but do for what the group does before them in the list.
func (l *loop) execute(ctx context.Context, w *world, group *v1alpha1.NodeGroup, actions []decision.Action) *outcome {
	o := &outcome{failed: map[string]bool{}}
	over := time.Now().Add(turn)
	for _, part := range parts(actions) {
		if part.node == nil {
			for _, action := range part.group {
				l.one(ctx, w, group, "", action, o)
			}
			continue
		}
		var workers errgroup.Group
		workers.SetLimit(writers)
		for _, list := range urgentFirst(w, part.node) {
			workers.Go(func() error {
				if time.Now().After(over) && !urgent(w, list) {
					o.goOn()
					return nil
				}
				for _, action := range list {
					l.one(ctx, w, group, subject(action), action, o)
				}
				return nil
			})
		}
		_ = workers.Wait() // the outcome holds what went wrong
	}
	return o
}

// one carries one action out, unless one before it has failed.
func (l *loop) one(ctx context.Context, w *world, group *v1alpha1.NodeGroup, subject string, action decision.Action, o *outcome) {
	if wake, ok := action.(decision.Wake); ok {
		o.wake = earlier(o.wake, wake.At)
		return
	}
	if o.stopped(subject) || ctx.Err() != nil {
		return
	}
	err := l.act(ctx, w, group, action)
	if err != nil {
		log := l.log.Warn
		if expected(err) {
			log = l.log.Debug
		}
		log("an action did not succeed; it is decided again", zap.String("action", fmt.Sprintf("%T", action)),
			zap.String("node", subject), zap.Error(err))
	}
	o.note(subject, err)
}

// act carries an action out.
func (l *loop) act(ctx context.Context, w *world, group *v1alpha1.NodeGroup, action decision.Action) error {
	switch a := action.(type) {
	case decision.SetSpec:
		return l.setSpec(ctx, w, a)
	case decision.DeleteManaged:
		return l.deleteManaged(ctx, w, a)
	case decision.SetRollout:
		return l.setRollout(ctx, w, a)
	case decision.Cordon:
		return l.cordon(ctx, w, a.Node)
	case decision.Uncordon:
		return l.uncordon(ctx, w, a.Node)
	case decision.Evict:
		l.drains.evict(a)
		return nil
	case decision.Mirror:
		return l.mirror(ctx, w, a)
	case decision.Template:
		return l.template(ctx, w, a)
	case decision.SetGroupStatus:
		return l.setGroupStatus(ctx, w, group, a.Status)
	case decision.DropResume:
		return l.dropResume(ctx, w, group)
	case decision.Event:
		l.tell(w, group, a)
		return nil
	default:
		return fmt.Errorf("there is no way to carry out a %T", action)
	}
}

// part is a run of actions that belong to the group, or a set of lists that belong to a node each.
type part struct {
	group []decision.Action
	node  [][]decision.Action
}

// parts cuts a list where actions of nodes and actions of the group itself meet.
func parts(actions []decision.Action) []part {
	var found []part
	var index map[string]int // of the nodes in the last part
	for _, action := range actions {
		name := subject(action)
		last := len(found) - 1
		if name == "" {
			if last < 0 || found[last].node != nil {
				found = append(found, part{})
				last++
			}
			found[last].group = append(found[last].group, action)
			continue
		}
		if last < 0 || found[last].node == nil {
			found = append(found, part{})
			last, index = last+1, map[string]int{}
		}
		at, known := index[name]
		if !known {
			at = len(found[last].node)
			index[name] = at
			found[last].node = append(found[last].node, nil)
		}
		found[last].node[at] = append(found[last].node[at], action)
	}
	return found
}

// urgentFirst lets the nodes that are granted something, or give something back, go before those that only learn of a
// revision. The order is kept otherwise.
func urgentFirst(w *world, lists [][]decision.Action) [][]decision.Action {
	var first, rest [][]decision.Action
	for _, list := range lists {
		if urgent(w, list) {
			first = append(first, list)
		} else {
			rest = append(rest, list)
		}
	}
	return append(first, rest...)
}

// urgent tells whether others wait for a node's actions: it holds a slot, or is to get one.
func urgent(w *world, list []decision.Action) bool {
	for _, action := range list {
		switch a := action.(type) {
		case decision.SetSpec:
			if holds(&a.Spec) {
				return true
			}
			if current := w.managedNode(a.Node); current != nil && holds(&current.Spec) {
				return true
			}
		case decision.Cordon, decision.Uncordon, decision.Evict:
			return true
		}
	}
	return false
}

func holds(spec *v1alpha1.ManagedNodeSpec) bool { return spec.Approval != nil || spec.Drain != nil }

// subject is the node that an action is about; empty: the group.
func subject(action decision.Action) string {
	switch a := action.(type) {
	case decision.SetSpec:
		return a.Node
	case decision.DeleteManaged:
		return a.Node
	case decision.SetRollout:
		return a.Node
	case decision.Cordon:
		return a.Node
	case decision.Uncordon:
		return a.Node
	case decision.Evict:
		return a.Node
	case decision.Mirror:
		return a.Node
	case decision.Template:
		return a.Node
	case decision.Event:
		return a.Node
	default:
		return ""
	}
}

// earlier is the earlier of two times, of which a zero one does not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
