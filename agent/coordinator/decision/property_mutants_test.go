package decision_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

type decide = func(decision.Observation) []decision.Action

// blind is a bug: Decide is shown something else than what was observed. It gets a copy that it may change.
func blind(falsify func(*decision.Observation)) decide {
	return func(o decision.Observation) []decision.Action {
		o = copied(o)
		falsify(&o)
		return decision.Decide(o)
	}
}

// blindToGroup is blind where there is a group.
func blindToGroup(falsify func(*v1alpha1.NodeGroupSpec)) decide {
	return blind(func(o *decision.Observation) {
		if o.Group != nil {
			falsify(&o.Group.Spec)
		}
	})
}

// blindToPolicy is blind where there is a policy.
func blindToPolicy(falsify func(*v1alpha1.UpdatePolicySpec)) decide {
	return blind(func(o *decision.Observation) {
		if o.Policy != nil {
			falsify(&o.Policy.Spec)
		}
	})
}

// blindToNodes is blind to something of each node that has a ManagedNode.
func blindToNodes(falsify func(*decision.Node)) decide {
	return blind(func(o *decision.Observation) {
		for i := range o.Nodes {
			if n := &o.Nodes[i]; n.Node != nil && n.Managed != nil {
				falsify(n)
			}
		}
	})
}

// clumsy is a bug: what was decided becomes something else. nil: it is left out.
func clumsy[A decision.Action](change func(decision.Observation, A) decision.Action) decide {
	return func(o decision.Observation) []decision.Action {
		var changed []decision.Action
		for _, action := range decision.Decide(o) {
			if a, ok := action.(A); ok {
				action = change(o, a)
			}
			if action != nil {
				changed = append(changed, action)
			}
		}
		return changed
	}
}

// without leaves actions of one kind out.
func without[A decision.Action]() decide {
	return clumsy(func(decision.Observation, A) decision.Action { return nil })
}

// specs changes what is decided of the spec of a ManagedNode that exists.
func specs(change func(n *decision.Node, spec *v1alpha1.ManagedNodeSpec)) decide {
	return clumsy(func(o decision.Observation, a decision.SetSpec) decision.Action {
		if n := observed(&o, a.Node); n.Managed != nil && n.Node != nil {
			a.Spec = *a.Spec.DeepCopy()
			change(n, &a.Spec)
		}
		return a
	})
}

func many() *intstr.IntOrString {
	limit := intstr.FromInt32(100)
	return &limit
}

// mutant is a Decide with a bug, and the rule that it breaks.
type mutant struct {
	name   string
	breaks string
	decide decide
}

func mutants() []mutant {
	return []mutant{
		{"ignores maxUnavailable", "got a slot of the group", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.MaxUnavailable = many() })},
		{"does not see that nodes are unavailable", "nodes were unavailable where", blindToNodes(func(n *decision.Node) {
			n.Node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		})},
		{"ignores maxUnavailable of the policy", "got a slot of the policy", blindToPolicy(func(s *v1alpha1.UpdatePolicySpec) { s.MaxUnavailable = nil })},
		{"does not count the nodes of other groups", "got a slot of the policy", blind(func(o *decision.Observation) { o.Elsewhere = decision.Count{} })},
		{"ignores the group's windows", "outside of the windows", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.Windows = nil })},
		{"ignores the policy's windows", "outside of the windows", blindToPolicy(func(s *v1alpha1.UpdatePolicySpec) { s.Windows = nil })},
		{"ignores exclusions", "outside of the windows", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.Exclusions = nil })},
		{"ignores the windows of disruptions", "windows are closed", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Disruptions.Automatic.Windows = nil })},
		{"ignores a pause of the group", "group is paused", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.Paused = false })},
		{"ignores a pause of all", "all updates are stopped", blindToPolicy(func(s *v1alpha1.UpdatePolicySpec) { s.Paused = false })},
		{"ignores that the group is not valid", "all updates are stopped", blind(func(o *decision.Observation) { o.Invalid = "" })},
		{"ignores a pause of a node", "is paused and was approved", blindToNodes(func(n *decision.Node) {
			delete(n.Node.Annotations, v1alpha1.PausedAnnotation)
			delete(n.Managed.Annotations, v1alpha1.PausedAnnotation)
		})},
		{"ignores the failure budget", "spend the budget", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.FailureBudget = 100 })},
		{"forgets failures", "does not remember it", clumsy(func(_ decision.Observation, a decision.SetGroupStatus) decision.Action {
			a.Status.Failures = nil
			return a
		})},
		{"counts failures twice", "counts twice", clumsy(func(_ decision.Observation, a decision.SetGroupStatus) decision.Action {
			if f := a.Status.Failures; f != nil {
				a.Status.Failures = &v1alpha1.FailuresStatus{Revision: f.Revision, Nodes: slices.Concat(f.Nodes, f.Nodes)}
			}
			return a
		})},
		{"forgives by itself", "forgiven by nobody", clumsy(func(_ decision.Observation, a decision.SetGroupStatus) decision.Action {
			if a.Status.Failures != nil {
				a.Status.Failures = a.Status.Failures.DeepCopy()
				for i := range a.Status.Failures.Nodes {
					a.Status.Failures.Nodes[i].Forgiven = true
				}
			}
			return a
		})},
		{"tries again what failed", "nobody asked for it", blindToNodes(func(n *decision.Node) {
			if s := &n.Managed.Status; s.Phase == v1alpha1.PhaseRolledBack && n.Managed.Spec.Approval == nil {
				s.Phase = v1alpha1.PhaseWaitingForApproval
			}
		})},
		{"knows no waves", "had soaked", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Update.Waves = nil })},
		{"does not soak", "had soaked", blindToGroup(func(s *v1alpha1.NodeGroupSpec) {
			for i := range s.Update.Waves {
				s.Update.Waves[i].Soak = &metav1.Duration{}
			}
		})},
		{"takes the API server for newer", "above API server", blind(func(o *decision.Observation) { o.APIServer = "1.38.0" })},
		{"ignores the group's gates", "is closed", blind(func(o *decision.Observation) { o.Gates = nil })},
		{"ignores the gates of nodes", "counts as proven", blindToNodes(func(n *decision.Node) { n.GateClosed = "" })},
		{"takes a plan for another revision for the plan", "which it does not show", blindToNodes(func(n *decision.Node) {
			if plan := n.Managed.Status.Plan; plan != nil {
				plan.Revision = n.Managed.Spec.Revision
				n.Managed.Status.ObservedGeneration = n.Managed.Generation
			}
		})},
		{"approves another plan", "which it does not show", specs(func(_ *decision.Node, s *v1alpha1.ManagedNodeSpec) {
			if s.Approval != nil {
				s.Approval.Plan += "'"
			}
		})},
		{"approves for a person who did not ask", "who did not ask", specs(func(_ *decision.Node, s *v1alpha1.ManagedNodeSpec) {
			if s.Approval != nil {
				s.Approval.By = "somebody"
			}
		})},
		{"takes leave for an old plan for leave", "who gave leave for", blindToNodes(func(n *decision.Node) {
			for _, annotations := range []map[string]string{n.Node.Annotations, n.Managed.Annotations} {
				if _, asked := annotations[v1alpha1.DisruptionApprovedAnnotation]; asked {
					annotations[v1alpha1.DisruptionApprovedAnnotation] = ""
				}
			}
		})},
		{"needs no person to approve", "a person must approve", blindToGroup(func(s *v1alpha1.NodeGroupSpec) { s.Disruptions.ApprovalMode = v1alpha1.ApprovalAutomatic })},
		{"disrupts before it drains", "was not drained", blindToGroup(func(s *v1alpha1.NodeGroupSpec) {
			first := false
			s.Disruptions.Automatic.DrainBeforeApproval = &first
		})},
		{"takes a node with pods for empty", "was not drained", blindToNodes(func(n *decision.Node) {
			if n.Drain != nil {
				n.Drain = &decision.Drain{}
			}
		})},
		{"disrupts what is not cordoned yet", "was not drained", blindToNodes(func(n *decision.Node) {
			if n.Managed.Spec.Drain != nil && !n.Node.Spec.Unschedulable {
				n.Node.Spec.Unschedulable = true
				n.Node.Annotations = cloneMap(n.Node.Annotations)
				n.Node.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
			}
		})},
		{"leave for another impact", "which is not what it shows", specs(func(_ *decision.Node, s *v1alpha1.ManagedNodeSpec) {
			if s.Disruption != nil {
				s.Disruption.Impact = "Restart"
			}
		})},
		{"takes every cordon for its own", "cordon is not hostler's", blindToNodes(func(n *decision.Node) {
			if n.Node.Spec.Unschedulable {
				n.Node.Annotations = cloneMap(n.Node.Annotations)
				n.Node.Annotations[v1alpha1.CordonedByAnnotation] = v1alpha1.CordonedByHostler
			}
		})},
		{"goes on in spite of somebody's cordon", "somebody cordoned it", blindToNodes(func(n *decision.Node) {
			if n.Node.Spec.Unschedulable && !marked(n.Node) {
				n.Node.Spec.Unschedulable = false
			}
		})},
		{"forgets to uncordon", "", without[decision.Uncordon]()},
		{"forgets to cordon", "", without[decision.Cordon]()},
		{"uncordons too early", "order to drain it stands", uncordonsEarly},
		{"forgets to evict", "", without[decision.Evict]()},
		{"never wakes", "", without[decision.Wake]()},
		{"forgets to say why", "", without[decision.SetRollout]()},
		{"never lets go", "is gone and its ManagedNode is not", without[decision.DeleteManaged]()},
		{"lets go of a node at work", "its ManagedNode is deleted", letsGoEarly},
		{"gives a slot away while the agent may be at work", "holds no slot", givesAway},
		{"approves nobody", "", specs(func(n *decision.Node, s *v1alpha1.ManagedNodeSpec) { s.Approval = n.Managed.Spec.Approval })},
		{"takes no approval back", "", specs(func(n *decision.Node, s *v1alpha1.ManagedNodeSpec) {
			if s.Approval == nil {
				s.Approval = n.Managed.Spec.Approval
			}
		})},
		{"takes each node for unavailable", "the reason is not true", blindToNodes(func(n *decision.Node) { n.Node.Spec.Unschedulable = true })},
		{"does not see what people ask", "", blindToNodes(func(n *decision.Node) {
			maps.DeleteFunc(n.Managed.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, "hostler.dev/") })
		})},
		{"gives another answer each time", "gave another decision", forgetful()},
		{"changes what it observed", "changed what was observed", func(o decision.Observation) []decision.Action {
			if o.Group != nil {
				o.Group.Status.Nodes.Total++
			}
			return decision.Decide(o)
		}},
	}
}

func uncordonsEarly(o decision.Observation) []decision.Action {
	actions := decision.Decide(o)
	for i := range o.Nodes {
		if n := &o.Nodes[i]; n.Drain != nil && n.Drain.Left == 0 && marked(n.Node) {
			actions = append(actions, decision.Uncordon{Node: n.Name()})
		}
	}
	return actions
}

func letsGoEarly(o decision.Observation) []decision.Action {
	var actions []decision.Action
	for i := range o.Nodes {
		if n := &o.Nodes[i]; (o.Group == nil || n.Left) && n.Managed != nil {
			actions = append(actions, decision.DeleteManaged{Node: n.Name(), Observed: n.Managed.ResourceVersion})
		}
	}
	return append(actions, decision.Decide(o)...)
}

// givesAway forgets, when it takes an approval back, that the agent may have begun.
func givesAway(o decision.Observation) []decision.Action {
	var actions []decision.Action
	withdrawn := map[string]bool{}
	for _, action := range decision.Decide(o) {
		switch a := action.(type) {
		case decision.SetSpec:
			n := observed(&o, a.Node)
			if n.Managed != nil && n.Managed.Spec.Approval != nil && a.Spec.Approval == nil {
				withdrawn[a.Node] = true
				rollout := decision.SetRollout{Node: a.Node}
				if n.Managed.Status.Rollout != nil {
					rollout.Rollout = *n.Managed.Status.Rollout
				}
				rollout.Rollout.StartedAt = nil
				actions = append(actions, a, rollout)
				continue
			}
		case decision.SetRollout:
			if withdrawn[a.Node] {
				continue
			}
		}
		actions = append(actions, action)
	}
	return actions
}

// forgetful adds something to every other decision.
func forgetful() decide {
	odd := false
	return func(o decision.Observation) []decision.Action {
		actions := decision.Decide(o)
		if odd = !odd; odd {
			actions = append(actions, decision.Event{Reason: "Odd", Message: "odd"})
		}
		return actions
	}
}

// caught plays rollouts of all scenarios, and moments of scripts, until one breaks a rule.
func caught(d decide, rule string, most int) (c *cluster, others map[string]int) {
	others = map[string]int{}
	moments := moments()
	for seed := range most {
		var c *cluster
		if seed%2 == 0 {
			c = scenarios[(seed/2)%len(scenarios)].rollout(newSeeded(uint64(seed)), d)
		} else {
			c = moments[(seed*31)%len(moments)].play(d)
		}
		if c.broken != "" && strings.Contains(c.broken, rule) {
			return c, others
		}
		if c.broken != "" {
			others[c.broken]++
		}
	}
	return nil, others
}

// within so many rollouts each bug is found. CI plays far more.
const mostRollouts = 1000

// A bug in any rule is found: what finds none may not look.
func TestBugsAreFound(t *testing.T) {
	t.Parallel()
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if c, others := caught(m.decide, m.breaks, mostRollouts); c == nil {
				t.Errorf("got no rollout of %d that breaks the rule %q, want one; other rules broken: %v", mostRollouts, m.breaks, others)
			}
		})
	}
}

// Each of Decide's own rules is missed where it is left out.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	for rule := range decision.Rules {
		t.Run(fmt.Sprint("rule ", rule), func(t *testing.T) {
			t.Parallel()
			if c, _ := caught(decision.DecideWithout(rule), "", mostRollouts); c == nil {
				t.Errorf("got no rollout of %d that misses the rule, want one", mostRollouts)
			}
		})
	}
}

// What mutants are found with finds nothing where there is nothing.
func TestNoBugIsFoundWhereThereIsNone(t *testing.T) {
	t.Parallel()
	const rollouts = 300
	if c, _ := caught(decision.Decide, "", rollouts); c != nil {
		t.Error(c.story())
	}
}
