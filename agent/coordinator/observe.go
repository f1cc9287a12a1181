package coordinator

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/agent/coordinator/drain"
)

// observe puts together what a decision about a group is made from.
func (l *loop) observe(ctx context.Context, w *world, r rendered, members []decision.Node) decision.Observation {
	observation := decision.Observation{
		Now: w.now, Group: r.group, Invalid: r.invalid, Revision: r.revision, KubernetesVersion: r.kubernetesVersion,
		Policy: w.policy, Nodes: members, Elsewhere: w.elsewhere(members), APIServer: l.servers.lowest(),
		SingleControlPlane: w.singleControlPlane(), Self: l.self,
	}
	l.inspectDrains(ctx, w, r.group, members)
	gates := r.group.Spec.Update.Gates
	if gates == nil {
		return observation
	}
	if startable(members) {
		observation.Gates = l.prometheus.ask(gates.Prometheus, w.now)
	}
	if gates.DaemonSets != nil {
		l.daemonSets.check(ctx, w, r, members)
	}
	return observation
}

// observeOrphans is for nodes whose group is gone.
func (l *loop) observeOrphans(ctx context.Context, w *world, nodes []decision.Node) decision.Observation {
	l.inspectDrains(ctx, w, nil, nodes)
	return decision.Observation{
		Now: w.now, Policy: w.policy, Nodes: nodes, Elsewhere: w.elsewhere(nodes), APIServer: l.servers.lowest(),
		SingleControlPlane: w.singleControlPlane(), Self: l.self,
	}
}

// startable tells whether any node asks to start, so that gates are asked only when their answer counts.
func startable(members []decision.Node) bool {
	for i := range members {
		managed := members[i].Managed
		if managed != nil && managed.Spec.Approval == nil && managed.Status.Phase == v1alpha1.PhaseWaitingForApproval {
			return true
		}
	}
	return false
}

// inspectDrains looks at the pods of the nodes that are being emptied. No informer holds pods: there are a hundred
// times as many as nodes, and those of a few nodes are of interest.
func (l *loop) inspectDrains(ctx context.Context, w *world, group *v1alpha1.NodeGroup, members []decision.Node) {
	for i := range members {
		managed := members[i].Managed
		if awaitsDrain(managed) && group != nil {
			members[i].Ahead = l.drains.ahead(ctx, managed.Name, drain.Options{})
		}
		if managed == nil || managed.Spec.Drain == nil {
			continue
		}
		found, err := l.drains.inspect(ctx, managed.Name, drainOptions(group, managed.Spec.Drain, w.now))
		if err != nil {
			l.log.Warn("the pods of a node cannot be read: it does not count as empty", zap.String("node", managed.Name), zap.Error(err))
			found = unknownDrain(managed)
		}
		members[i].Drain = &found
	}
}

// awaitsDrain tells whether a drain is what a node needs next, or what a person asks for.
func awaitsDrain(managed *v1alpha1.ManagedNode) bool {
	if managed == nil || managed.Spec.Drain != nil {
		return false
	}
	_, asked := managed.Annotations[v1alpha1.DrainAnnotation]
	return asked || managed.Spec.Approval != nil && managed.Spec.Disruption == nil && managed.Status.Phase == v1alpha1.PhaseWaitingForDisruption
}

// unknownDrain is for a node whose pods cannot be read: as far as it was, and never empty.
func unknownDrain(managed *v1alpha1.ManagedNode) decision.Drain {
	if rollout := managed.Status.Rollout; rollout != nil && rollout.Drain != nil && rollout.Drain.Left > 0 {
		return decision.Drain{Left: int(rollout.Drain.Left), Blocking: rollout.Drain.Blocking}
	}
	return decision.Drain{Left: 1}
}

// drainOptions are what Evict will be decided with, so that what is inspected is what will be done.
func drainOptions(group *v1alpha1.NodeGroup, order *v1alpha1.DrainOrder, now time.Time) drain.Options {
	if group == nil {
		return drain.Options{}
	}
	spec := group.Spec.Disruptions.Drain
	var options drain.Options
	if spec.SkipWaitForDeleteTimeout != nil {
		options.SkipTerminating = spec.SkipWaitForDeleteTimeout.Duration
	}
	options.Force = spec.OnTimeout == v1alpha1.DrainForce && spec.Timeout != nil && now.Sub(order.At.Time) >= spec.Timeout.Duration
	return options
}
