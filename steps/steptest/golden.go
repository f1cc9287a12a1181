package steptest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/engine"
)

var update = flag.Bool("update", false, "write golden files; the test fails all the same, so that they are looked at")

// Text is a plan as golden files hold it.
func Text(plan *engine.Plan) string {
	var b strings.Builder
	for _, planned := range plan.Ops {
		diff := planned.Op.Diff()
		fmt.Fprintf(&b, "%s: %s %s [%s]\n", planned.Step, diff.Action, planned.Op.Key(), planned.Op.Impact())
		if diff.From != "" || diff.To != "" {
			fmt.Fprintf(&b, "  %q -> %q\n", diff.From, diff.To)
		}
		for _, note := range diff.Notes {
			fmt.Fprintf(&b, "  note: %s\n", note)
		}
		if diff.Irreversible != "" {
			fmt.Fprintf(&b, "  cannot be taken back: %s\n", diff.Irreversible)
		}
		for line := range strings.Lines(diff.Text) {
			fmt.Fprintf(&b, "    %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	for _, wait := range plan.Waits {
		fmt.Fprintf(&b, "%s: waits: %s\n", wait.Step, wait.Text)
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintf(&b, "%s: warning: %s\n", warning.Step, warning.Text)
	}
	return b.String()
}

func compareGolden(t *testing.T, c Case) {
	t.Helper()
	p := &proof{Case: c}
	plan, err := p.plan(c.Host())
	if err != nil {
		t.Fatal(err)
	}
	got := Text(plan)
	want, err := os.ReadFile(c.Golden)
	if err == nil && string(want) == got {
		return
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(c.Golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.Golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written: look at it, then run the test without -update", c.Golden)
		return
	}
	if err != nil {
		t.Fatalf("%v: run the test with -update to write it", err)
	}
	t.Errorf("plan differs from %s (-want +got):\n%s", c.Golden, cmp.Diff(string(want), got))
}
