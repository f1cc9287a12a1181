package explain

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

var update = flag.Bool("update", false, "write golden files, and fail")

var now = time.Date(2026, 11, 21, 22, 10, 0, 0, time.UTC)

func before(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

// valid is a node that has what its group says; tests change it.
func valid() Input {
	return Input{
		Name: "worker-1", Now: now,
		Node: &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: "worker-1", Labels: map[string]string{v1alpha1.NodeGroupLabel: "worker"}, CreationTimestamp: before(time.Hour)},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		},
		Managed: &v1alpha1.ManagedNode{
			ObjectMeta: metav1.ObjectMeta{Name: "worker-1", Generation: 4},
			Spec:       v1alpha1.ManagedNodeSpec{NodeGroup: "worker", Revision: "worker-22222222"},
			Status: v1alpha1.ManagedNodeStatus{
				ObservedGeneration: 4, Phase: v1alpha1.PhaseUpToDate, AppliedRevision: "worker-22222222",
				Rollout:    &v1alpha1.RolloutStatus{ProvenRevision: "worker-22222222"},
				Conditions: []metav1.Condition{{Type: v1alpha1.ConditionWaiting, Status: metav1.ConditionFalse, Reason: string(decision.NotWaiting)}},
			},
		},
		Groups: []v1alpha1.NodeGroup{newGroup("worker", nil), newGroup("control-plane", nil)},
	}
}

func newGroup(name string, selector map[string]string) v1alpha1.NodeGroup {
	return v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 7}, Spec: v1alpha1.NodeGroupSpec{NodeSelector: selector},
		Status: v1alpha1.NodeGroupStatus{ObservedGeneration: 7, Revision: name + "-22222222"},
	}
}

// behind makes the node want to change by a plan.
func behind(in *Input, phase v1alpha1.Phase) {
	status := &in.Managed.Status
	status.Phase, status.AppliedRevision = phase, "worker-11111111"
	status.Rollout.ProvenRevision = "worker-11111111"
	status.Plan = &v1alpha1.PlanSummary{Revision: "worker-22222222", Hash: "0123456789abcdef", Impact: v1alpha1.ImpactDrain, Ops: 12, Staged: true}
}

// says makes the coordinator give a reason.
func says(in *Input, reason decision.Waiting, message string) {
	in.Managed.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionWaiting, Status: metav1.ConditionTrue, Reason: string(reason), Message: message, LastTransitionTime: before(12 * time.Minute)}}
}

func unready(in *Input) {
	in.Node.Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, LastTransitionTime: before(time.Hour), Message: "Kubelet stopped posting node status."}
}

func approval(in *Input, plan string) { in.Managed.Spec.Approval = &v1alpha1.Approval{Plan: plan} }

// cases are the nodes of the tests: a reason for each, or none.
var cases = map[string]struct {
	change func(*Input)
	state  State
	reason decision.Waiting
	say    string // part of the message
}{
	"up-to-date":    {func(*Input) {}, UpToDate, "", ""},
	"not-installed": {func(in *Input) { in.NotInstalled, in.Managed, in.Groups = true, nil, nil }, Waiting, NotInstalled, "not installed"},
	"no-such-node":  {func(in *Input) { in.Node, in.Managed = nil, nil }, Waiting, NoSuchNode, "no Node worker-1"},
	"no-label":      {func(in *Input) { in.Managed, in.Node.Labels = nil, nil }, Waiting, NoNodeGroup, "no label hostler.dev/node-group"},
	"many-groups": {func(in *Input) {
		in.Managed, in.Node.Labels = nil, nil
		in.Groups = append(in.Groups, newGroup("gpu", map[string]string{"pool": "gpu", "arch": "amd64"}), newGroup("edge", nil))
	}, Waiting, NoNodeGroup, "no label"},
	"label-of-no-group":    {func(in *Input) { in.Managed, in.Groups = nil, nil }, Waiting, NoNodeGroup, "a NodeGroup that does not exist"},
	"other-selector":       {func(in *Input) { in.Managed, in.Groups[0] = nil, newGroup("worker", map[string]string{"pool": "a"}) }, Waiting, NoNodeGroup, "by other labels"},
	"not-managed-yet":      {func(in *Input) { in.Managed = nil }, Waiting, CoordinatorSilent, "has made no ManagedNode"},
	"two-groups":           {func(in *Input) { in.Managed, in.Groups[1] = nil, newGroup("gpu", in.Node.Labels) }, Waiting, decision.WaitingConflict, "worker, gpu"},
	"node-gone":            {func(in *Input) { in.Node = nil }, Waiting, decision.WaitingNodeGone, "only its ManagedNode"},
	"never-reported":       {func(in *Input) { in.Managed.Status = v1alpha1.ManagedNodeStatus{} }, Waiting, decision.WaitingAgent, "has never reported"},
	"agent-silent":         {func(in *Input) { in.Managed.Generation = 5 }, Waiting, decision.WaitingAgent, "has not reported"},
	"node-not-ready":       {func(in *Input) { in.Managed.Generation = 5; unready(in) }, Waiting, decision.WaitingAgent, "Kubelet stopped posting"},
	"group-gone":           {func(in *Input) { in.Groups = in.Groups[1:] }, Waiting, CoordinatorSilent, "does not exist"},
	"edit-not-seen":        {func(in *Input) { in.Groups[0].Generation = 8 }, Waiting, CoordinatorSilent, "last edit"},
	"no-revision":          {func(in *Input) { in.Managed.Spec.Revision = "" }, Waiting, decision.WaitingRevision, "no revision yet"},
	"not-told":             {func(in *Input) { in.Groups[0].Status.Revision = "worker-33333333" }, Waiting, CoordinatorSilent, "worker-33333333"},
	"no-word-on-approval":  {func(in *Input) { behind(in, v1alpha1.PhaseWaitingForApproval) }, Waiting, CoordinatorSilent, "waits for approval"},
	"approval-of-old-plan": {func(in *Input) { behind(in, v1alpha1.PhaseWaitingForApproval); approval(in, "old") }, Waiting, CoordinatorSilent, "waits for approval"},
	"approved":             {func(in *Input) { behind(in, v1alpha1.PhaseWaitingForApproval); approval(in, "0123456789abcdef") }, Working, "", ""},
	"no-word-on-leave":     {func(in *Input) { behind(in, v1alpha1.PhaseWaitingForDisruption) }, Waiting, CoordinatorSilent, "leave to disrupt"},
	"not-applied-yet":      {func(in *Input) { in.Managed.Status.AppliedRevision = "worker-11111111" }, Working, "", ""},
	"applying":             {func(in *Input) { behind(in, v1alpha1.PhaseApplying) }, Working, "", ""},
	"rolled-back": {func(in *Input) {
		behind(in, v1alpha1.PhaseRolledBack)
		in.Managed.Status.Failure = &v1alpha1.Failure{Revision: "worker-22222222", Message: "kubelet did not come back"}
	}, Waiting, decision.WaitingFailed, "kubelet did not come back"},
	"plan-failed": {func(in *Input) { behind(in, v1alpha1.PhasePlanFailed); in.Managed.Status.Message = "no space" }, Waiting, decision.WaitingPlan, "no space"},
	"paused":      {func(in *Input) { behind(in, v1alpha1.PhasePaused) }, Waiting, decision.WaitingNodePaused, "leaves the host alone"},
	"slot": {func(in *Input) {
		behind(in, v1alpha1.PhaseWaitingForApproval)
		says(in, decision.WaitingSlot, "1 of 1 nodes of the group is unavailable: worker-2; goes on when it is back")
		unready(in)
		in.Groups[0].Generation = 8
		in.Managed.Status.Rollout.Refused = "hostler.dev/approved: there is nothing to start"
	}, Waiting, decision.WaitingSlot, "worker-2"},
	"draining": {func(in *Input) {
		behind(in, v1alpha1.PhaseWaitingForDisruption)
		says(in, decision.WaitingDrain, "pods are leaving; onTimeout is Abort at 2026-11-21T22:08:00Z")
		in.Managed.Spec.Drain = &v1alpha1.DrainOrder{}
		in.Managed.Status.Rollout.Drain = &v1alpha1.DrainStatus{State: v1alpha1.Draining, Since: metav1.NewMicroTime(now.Add(-time.Minute)), Left: 2}
	}, Working, decision.WaitingDrain, "leaving"},
	"budget": {func(in *Input) {
		behind(in, v1alpha1.PhaseWaitingForDisruption)
		says(in, decision.WaitingBudget, "1 pods are left, and cannot go now")
		in.Managed.Spec.Drain = &v1alpha1.DrainOrder{}
		in.Managed.Status.Rollout.Drain = &v1alpha1.DrainStatus{
			State: v1alpha1.Draining, Since: metav1.NewMicroTime(now.Add(-time.Minute)), Left: 1, Message: "cordoned",
			Blocking: []v1alpha1.BlockingPod{{Namespace: "default", Name: "web-1", Reason: "PodDisruptionBudget default/web allows 0 disruptions now: 2 of 2 needed pods are available"}},
		}
	}, Waiting, decision.WaitingBudget, "cannot go now"},
	"manual-approval": {func(in *Input) {
		behind(in, v1alpha1.PhaseWaitingForDisruption)
		says(in, decision.WaitingManualApproval, "plan 0123456789abcdef of impact Drain ends workloads and approvalMode is Manual")
	}, Waiting, decision.WaitingManualApproval, "Manual"},
	"disruption-window": {func(in *Input) {
		behind(in, v1alpha1.PhaseWaitingForDisruption)
		says(in, decision.WaitingWindow, "no window is open; the next moment is 2026-11-22T01:00:00Z")
		in.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Windows: []v1alpha1.Window{{From: "01:00", To: "05:00"}}}}
	}, Waiting, decision.WaitingWindow, "no window"},
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := valid()
			c.change(&in)
			got := Explain(in)
			reason := &Reason{}
			if got.Waiting != nil {
				reason = got.Waiting
			}
			if got.State != c.state || reason.Reason != c.reason || !strings.Contains(reason.Message, c.say) {
				t.Errorf("got state %s, reason %+v, want %s, %q with %q", got.State, reason, c.state, c.reason, c.say)
			}
			if got.Blocked() != (c.state == Waiting) {
				t.Errorf("got blocked %t in state %s", got.Blocked(), c.state)
			}
			if (c.reason == "") != (len(got.Remedies) == 0) {
				t.Errorf("got remedies %v for reason %q, want some for a reason and none without", got.Remedies, c.reason)
			}
			var text bytes.Buffer
			if err := got.WriteText(&text, now); err != nil {
				t.Fatal(err)
			}
			checkWidth(t, text.String())
			compareGolden(t, name+".txt", text.Bytes())
		})
	}
}

func checkWidth(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > columns {
			t.Errorf("got a line of %d columns, want %d at most: %s", n, columns, line)
		}
	}
}

func TestJSONIsStable(t *testing.T) {
	t.Parallel()
	in := valid()
	cases["budget"].change(&in)
	got, err := json.MarshalIndent(Explain(in), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "budget.json", got)
	in = valid()
	if got, err = json.MarshalIndent(Explain(in), "", "  "); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "up-to-date.json", got)
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written anew: look at it and run again without -update", name)
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// reasons reads the constants of type Waiting from a Go file.
func reasons(t *testing.T, file string) []decision.Waiting {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []decision.Waiting
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				if waiting := decision.Waiting(text); isWaiting(spec.Type) && waiting != decision.NotWaiting && waiting != decision.AgentTold {
					found = append(found, waiting)
				}
			}
		}
		return true
	})
	return found
}

func isWaiting(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Waiting"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Waiting"
	}
	return false
}

var command = regexp.MustCompile(`^(kubectl|ssh worker-1|hostler) \S`)

func TestEveryReasonHasAWayOut(t *testing.T) {
	t.Parallel()
	all := append(reasons(t, "../coordinator/decision/waiting.go"), reasons(t, "explanation.go")...)
	if len(all) < 25 {
		t.Fatalf("got %d reasons, want all of package decision", len(all))
	}
	known := map[decision.Waiting]bool{}
	for _, reason := range all {
		known[reason] = true
		if table[reason] == nil {
			t.Errorf("got no remedy for reason %s, want one in the table", reason)
		}
		in := valid()
		for _, r := range remedies(&in, reason) {
			if r.Text == "" || !command.MatchString(r.Command) || strings.Contains(r.Command, "GROUP") {
				t.Errorf("got remedy %+v for reason %s, want a text and a command that can be copied", r, reason)
			}
		}
	}
	for reason := range table {
		if !known[reason] {
			t.Errorf("got a remedy for %s, which is no reason", reason)
		}
	}
}

func TestAReasonOfANewerCoordinatorIsTold(t *testing.T) {
	t.Parallel()
	in := valid()
	says(&in, "Moon", "the moon is full")
	got := Explain(in)
	if got.State != Waiting || got.Waiting.Message != "the moon is full" || len(got.Remedies) != 1 {
		t.Errorf("got %+v, want the coordinator's own words and where to read more", got)
	}
}

// The coordinator grants hostler.dev/approved past much, and not past these.
func TestNobodyIsSentToAskInVain(t *testing.T) {
	t.Parallel()
	for _, reason := range []decision.Waiting{
		decision.WaitingNodeGone, decision.WaitingConflict, decision.WaitingInvalidGroup, decision.WaitingRevision, decision.WaitingNodePaused,
		decision.WaitingSkew, decision.WaitingPolicyPaused, decision.WaitingClusterSlot, decision.WaitingSlot, decision.WaitingManualApproval,
	} {
		in := valid()
		behind(&in, v1alpha1.PhaseWaitingForApproval)
		for _, r := range remedies(&in, reason) {
			if strings.Contains(r.Command, v1alpha1.ApprovedAnnotation+"=") {
				t.Errorf("got remedy %q for reason %s, which it does not go past", r.Command, reason)
			}
		}
	}
}
