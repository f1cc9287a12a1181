package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
)

// page shows a rollout as it goes: a line for each thing that happens to a node, and beside it how the workload is.
type page struct {
	began time.Time
	nodes []*fleet.Node

	told      map[string]string // by node and subject, what was said last
	shownPlan bool
}

// turn shows what is new in the world. Its error says what is still missing for the end.
func (p *page) turn(w *fleet.World) error {
	var missing []error
	for _, node := range p.nodes {
		m := w.Managed(node.Name)
		if m == nil {
			continue
		}
		p.plan(m)
		phase := phaseOf(w, m)
		p.say(w, node.Name, "phase", phase, phase)
		reason, message := waitingOf(m)
		p.say(w, node.Name, "waiting", reason, "waits, "+reason+": "+message)
		if err := fleet.UpToDate(w, groupName, node.Name); err != nil || m.Status.Plan != nil {
			missing = append(missing, cmp.Or(err, errors.New("node "+node.Name+" shows a plan")))
		} else if version := w.Node(node.Name).Status.NodeInfo.KubeletVersion; version != "v"+cluster.Kubernetes {
			missing = append(missing, fmt.Errorf("node %s has kubelet %s", node.Name, version))
		}
	}
	return errors.Join(missing...)
}

// plan shows the first plan whole: those of the others are the same.
func (p *page) plan(m *v1alpha1.ManagedNode) {
	if p.shownPlan || m.Status.Plan == nil || m.Status.Plan.Revision != m.Spec.Revision {
		return
	}
	p.shownPlan = true
	plan := m.Status.Plan
	fmt.Printf("\n%s, as its ManagedNode shows it: %d ops, impact %s, plan %s\n", m.Name, plan.Ops, plan.Impact, plan.Hash)
	for _, step := range plan.Steps {
		for _, op := range step.Ops {
			fmt.Printf("    %s: %s\n", step.Step, op)
		}
	}
	fmt.Println()
}

// say prints a line where a node's state on a subject is not what it was; an empty state has nothing to say.
func (p *page) say(w *fleet.World, node, subject, state, line string) {
	if p.told == nil {
		p.told = map[string]string{}
	}
	if p.told[node+subject] == state {
		return
	}
	p.told[node+subject] = state
	if state == "" {
		return
	}
	fmt.Printf("%5.1fs  %d of %d pods available  %s  %s\n", time.Since(p.began).Seconds(), w.Available(web.Name), web.Replicas, node, line)
}

// phaseOf is what a node is at, in words.
func phaseOf(w *fleet.World, m *v1alpha1.ManagedNode) string {
	drain := v1alpha1.DrainState("")
	if rollout := m.Status.Rollout; rollout != nil && rollout.Drain != nil {
		drain = rollout.Drain.State
	}
	switch phase := m.Status.Phase; {
	case phase == v1alpha1.PhaseApplying:
		return "drained: upgrading"
	case drain == v1alpha1.Draining:
		return "cordoned: pods are being evicted"
	case phase == v1alpha1.PhaseStaging:
		return "approved: downloading packages"
	case phase == v1alpha1.PhaseUpToDate && m.Spec.Approval != nil:
		return "upgraded: must prove itself"
	case fleet.UpToDate(w, groupName, m.Name) == nil && w.Node(m.Name).Status.NodeInfo.KubeletVersion == "v"+cluster.Kubernetes:
		return "\033[32mproven\033[0m with kubelet " + cluster.Kubernetes + ", and uncordoned"
	default:
		return ""
	}
}

// passing are reasons that are over in a moment, or that the phase says already.
var passing = []decision.Waiting{decision.WaitingAgent, decision.WaitingDrain}

// waitingOf is why a node waits, empty where there is nothing to say.
func waitingOf(m *v1alpha1.ManagedNode) (reason, message string) {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionWaiting)
	if c == nil || c.Status != "True" || slices.Contains(passing, decision.Waiting(c.Reason)) {
		return "", ""
	}
	return c.Reason, c.Message
}

// summary is the rollout in numbers.
type summary struct {
	recording fleet.Recording
	nodes     []*fleet.Node
}

// print prints the numbers. An error says what was not kept.
func (s summary) print() error {
	available, away := s.recording.MinAvailable(web.Name), s.recording.MaxUnavailable(groupName)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\t\033[1mseen\033[0m\t\033[1mallowed\033[0m\n")
	fmt.Fprintf(table, "fewest available pods of %s, in %d samples\t%d\tat least %d\n", web.Name, len(s.recording), available, web.MinAvailable)
	fmt.Fprintf(table, "most nodes away at once\t%d\tat most 1\n", away)
	for _, node := range s.nodes {
		cordoned := s.recording.Took(node.Name, func(n fleet.NodeSample) bool { return n.Cordoned })
		drained := s.recording.Took(node.Name, func(n fleet.NodeSample) bool { return n.Drain == v1alpha1.Draining })
		fmt.Fprintf(table, "%s\tdrained in %s, down for %s\t\n", node.Name, seconds(drained), seconds(cordoned))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if available < web.MinAvailable || away > 1 {
		return fmt.Errorf("a promise was broken; all samples:\n%s", strings.TrimSpace(s.recording.String()))
	}
	return nil
}

func seconds(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
