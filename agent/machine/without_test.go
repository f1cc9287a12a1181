package machine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/files"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// optional is a step whose failure is its own.
type optional struct{ steps.Step }

func (optional) Optional() bool { return true }

func TestNarrow(t *testing.T) {
	t.Parallel()
	step := files.New(files.Spec{Files: []files.File{
		{Path: "/etc/a", Content: []byte("a"), Restart: []string{"a.service"}}, {Path: "/etc/b", Content: []byte("b")},
	}})
	keys := func(leave ...string) []string {
		t.Helper()
		list := machine.Narrow([]steps.Step{step}, func(name string, op steps.Op) bool {
			return name == "files" && slices.Contains(leave, op.Key())
		})
		ops, err := list[0].Plan(context.Background(), hosttest.New(hosttest.UnitFile("a.service", "[Service]\nExecStart=/bin/true\n")))
		if _, failure := steps.Split(err); failure != nil {
			t.Fatal(failure)
		}
		var found []string
		for _, op := range ops {
			found = append(found, op.Key())
		}
		return found
	}
	all := keys()
	if len(all) < 3 || !slices.ContainsFunc(all, func(key string) bool { return strings.Contains(key, "a.service") }) {
		t.Fatalf("got %q, want both files and the restart", all)
	}
	without := func(key string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k == key })
	}
	if diff := cmp.Diff(without("file:/etc/b"), keys("file:/etc/b")); diff != "" {
		t.Errorf("an op that is left is gone alone (-want +got):\n%s", diff)
	}
	if got := keys("file:/etc/a", "file:/etc/b"); got != nil {
		t.Errorf("got %q, want no restart over files that are left", got)
	}
	if _, is := machine.Narrow([]steps.Step{step}, nil)[0].(steps.Optional); is {
		t.Error("got a step that is optional, which it was not")
	}
	if o, is := machine.Narrow([]steps.Step{optional{step}}, nil)[0].(steps.Optional); !is || !o.Optional() {
		t.Error("got a step that is not optional, which it was")
	}
}
