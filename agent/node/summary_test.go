package node

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/op"
)

func sysctls(step string, from, to int, value string) []engine.PlannedOp {
	var list []engine.PlannedOp
	for i := from; i < to; i++ {
		list = append(list, engine.PlannedOp{Step: step, Op: op.Sysctl{Name: fmt.Sprintf("vm.x%d", i), From: "0", To: value}})
	}
	return list
}

func TestSummary(t *testing.T) {
	t.Parallel()
	t.Run("has the ops by step in their order", func(t *testing.T) {
		t.Parallel()
		ops := append(sysctls("sysctl", 0, 2, "1"), sysctls("other", 2, 3, "1")...)
		ops = append(ops, sysctls("sysctl", 3, 4, "1")...)
		got := summarize("r1", "abc", &engine.Plan{Ops: ops, Waits: []engine.StepRemark{{Step: "kubelet", Text: "its package is not there"}}}, true)
		want := &v1alpha1.PlanSummary{
			Revision: "r1", Hash: "abc", Impact: "None", Ops: 4, Staged: true,
			Steps: []v1alpha1.StepPlan{
				{Step: "sysctl", Ops: []string{"set sysctl:vm.x0 0 → 1", "set sysctl:vm.x1 0 → 1"}},
				{Step: "other", Ops: []string{"set sysctl:vm.x2 0 → 1"}},
				{Step: "sysctl", Ops: []string{"set sysctl:vm.x3 0 → 1"}},
			},
			Waits: []string{"kubelet: its package is not there"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("summary differs (-want +got):\n%s", diff)
		}
	})
	for name, c := range map[string]struct {
		ops   int
		value string
	}{
		"of many ops":  {5000, "1"},
		"of long ones": {5000, strings.Repeat("ä", 4000)},
	} {
		t.Run(name+" says how many are left out", func(t *testing.T) {
			t.Parallel()
			got := summarize("r1", "abc", &engine.Plan{Ops: sysctls("sysctl", 0, c.ops, c.value)}, false)
			shown := 0
			for _, step := range got.Steps {
				shown += len(step.Ops)
				for _, line := range step.Ops {
					if len(line) > maxLineBytes || !utf8.ValidString(line) {
						t.Fatalf("got a line of %d bytes, want whole characters in %d", len(line), maxLineBytes)
					}
				}
			}
			if shown == 0 || shown > maxOpLines || shown+int(got.Omitted) != c.ops || int(got.Ops) != c.ops {
				t.Errorf("got %d shown, %d omitted, %d in all, want them to add up to %d, and %d shown at most", shown, got.Omitted, got.Ops, c.ops, maxOpLines)
			}
			if data, err := json.Marshal(got); err != nil || len(data) > 2*maxPlanBytes {
				t.Errorf("got %d bytes, %v, want it bounded", len(data), err)
			}
		})
	}
	t.Run("of as many ops as fit leaves none out", func(t *testing.T) {
		t.Parallel()
		if got := summarize("r1", "abc", &engine.Plan{Ops: sysctls("sysctl", 0, maxOpLines, "1")}, false); got.Omitted != 0 {
			t.Errorf("got %d omitted, want none", got.Omitted)
		}
	})
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"short":       "short",
		"a\nb\t\x1b":  "a; b  ",
		"0123456789":  "0123456789",
		"0123456789a": "0123456…",
		"012345äöü":   "012345…",
	} {
		if got := oneLine(text, 10); got != want {
			t.Errorf("got %q for %q, want %q", got, text, want)
		}
	}
}
