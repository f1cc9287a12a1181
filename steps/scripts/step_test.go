package scripts

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	noUndo := func(s *Spec) { s.Undo = "" }
	configuration := func(s Spec) func() steps.Step { return func() steps.Step { return Step{s} } }
	removal := func(wanted ...string) func() steps.Step {
		return func() steps.Step { return NewRemoval(wanted, false) }
	}
	cases := []struct {
		name, golden string
		step         func() steps.Step
		host         func() *hosttest.Fake
		irreversible []string
	}{
		{"applies what its check misses, and notes it before", "apply.golden", configuration(banner()), func() *hosttest.Fake { return machine() }, nil},
		{"says that it cannot be taken back", "no-undo.golden", configuration(banner(noUndo)), func() *hosttest.Fake { return machine() }, []string{"script:banner"}},
		{"has nothing to do where its check is satisfied", "satisfied.golden", configuration(banner()),
			func() *hosttest.Fake { return machine(hosttest.File("/etc/banner", "mine\n")) }, nil},
		{"has nothing to do after it was applied", "satisfied.golden", configuration(banner()),
			func() *hosttest.Fake { return applied(t, banner()) }, nil},
		{"repairs what drifted", "drifted.golden", configuration(banner()), func() *hosttest.Fake {
			f := applied(t, banner())
			f.Change(hosttest.Absent("/etc/banner"))
			return f
		}, nil},
		{"notes another way back", "record.golden", configuration(banner(func(s *Spec) { s.Undo = "rm /etc/banner && true\n" })),
			func() *hosttest.Fake { return applied(t, banner()) }, nil},
		{"waits for the machine in an image", "image.golden", configuration(banner()), func() *hosttest.Fake { return machine(hosttest.Image()) }, nil},

		{"leaves what is wanted", "satisfied.golden", removal("banner"), func() *hosttest.Fake { return applied(t, banner()) }, nil},
		{"takes back what nobody wants any more", "removal.golden", removal("other"), func() *hosttest.Fake { return applied(t, banner()) }, nil},
		{"takes back the last first", "removal-order.golden", removal(), func() *hosttest.Fake {
			return applied(t, banner(), banner(func(s *Spec) {
				s.Name, s.Check, s.Undo, s.Apply = "note", "test /etc/note", "rm /etc/note", "touch /etc/note"
			}))
		}, nil},
		{"forgets what has no undo, and says that it stays", "removal-no-undo.golden", removal(), func() *hosttest.Fake { return applied(t, banner(noUndo)) }, nil},
		{"leaves optional ones to their own step", "satisfied.golden", removal(), func() *hosttest.Fake {
			return applied(t, banner(func(s *Spec) { s.Optional = true }))
		}, nil},
		{"takes optional ones back in their own step", "removal-optional.golden", func() steps.Step { return NewRemoval(nil, true) }, func() *hosttest.Fake {
			return applied(t, banner(func(s *Spec) { s.Optional = true }))
		}, nil},
		{"takes nothing back in an image", "removal-image.golden", removal(), func() *hosttest.Fake {
			f := applied(t, banner())
			f.Change(hosttest.Image())
			return f
		}, nil},
	}
	for _, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: c.name, Golden: "testdata/" + c.golden, Step: c.step, Host: c.host,
			Kinds: []map[string]steps.Op{Kinds()}, Irreversible: c.irreversible,
		})
	}
}

func TestOptionalIsSaid(t *testing.T) {
	t.Parallel()
	for _, optional := range []bool{true, false} {
		step := New(banner(func(s *Spec) { s.Optional = optional }))
		if step.Optional() != optional || NewRemoval(nil, optional).Optional() != optional {
			t.Errorf("got %v, want optional: %t", step, optional)
		}
	}
}

func TestPlanFails(t *testing.T) {
	t.Parallel()
	answer := func(err error) hosttest.Option {
		return hosttest.Answers(banner().Check, func(host.View, host.Script) (int, error) { return 0, err })
	}
	const record = "/var/lib/hostler/configurations/banner.json"
	cases := map[string]struct {
		step steps.Step
		host hosttest.Option
		want []string
		is   error
	}{
		"when a check passes its deadline":            {Step{banner()}, answer(fmt.Errorf("%w: it ran for 1m", host.ErrTimeout)), []string{"check of configuration banner", "deadline passed"}, host.ErrTimeout},
		"when a check cannot start":                   {Step{banner()}, answer(fs.ErrPermission), []string{"check of configuration banner", "permission denied"}, fs.ErrPermission},
		"when a record is damaged":                    {NewRemoval(nil, false), hosttest.File(record, "{"), []string{record, "take it back by hand and remove the file"}, nil},
		"when a record is about another":              {NewRemoval(nil, false), hosttest.File(record, `{"name": "other"}`), []string{record, `about "other"`}, nil},
		"when a record does not say how to take back": {NewRemoval(nil, false), hosttest.File(record, `{"name": "banner"}`), []string{record, "there is no apply"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops, err := c.step.Plan(t.Context(), machine(c.host))
			if _, failure := steps.Split(err); failure == nil || ops != nil {
				t.Fatalf("got %v, %v, want a failure", ops, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v, want one that is %v", err, c.is)
			}
		})
	}
}

func TestRemovalLeavesABrokenStateFolderToTheEngine(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*hosttest.Fake{
		"none": machine(), "a file": machine(hosttest.File("/var/lib/hostler", "mine\n")), "a file in it": machine(hosttest.File("/var/lib/hostler/configurations", "mine\n")),
	} {
		if ops, err := NewRemoval(nil, false).Plan(t.Context(), f); err != nil || ops != nil {
			t.Errorf("%s: got %v, %v, want nothing to do", name, ops, err)
		}
	}
}

func TestCheckIsGivenItsTimeAndNode(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: time.Minute, 5 * time.Second: 5 * time.Second, time.Hour: time.Minute} {
		spec := banner(func(s *Spec) { s.Timeout = timeout })
		var got host.Script
		f := machine(hosttest.Answers(spec.Check, func(_ host.View, script host.Script) (int, error) {
			got = script
			return 0, nil
		}))
		if _, err := (Step{spec}).Plan(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(host.Script{Content: spec.Check, NodeName: "node-7", Timeout: want}, got); diff != "" {
			t.Errorf("timeout %s (-want +got):\n%s", timeout, diff)
		}
	}
}

func TestSpecIsValidated(t *testing.T) {
	t.Parallel()
	if _, err := New(banner()).Plan(t.Context(), machine()); err != nil {
		t.Fatalf("got %v for a valid one", err)
	}
	for name, c := range map[string]struct {
		edit func(*Spec)
		want string
	}{
		"no name":                      {func(s *Spec) { s.Name = "" }, `name ""`},
		"a name that leads elsewhere":  {func(s *Spec) { s.Name = "../x" }, `name "../x"`},
		"a name of dots":               {func(s *Spec) { s.Name = ".." }, `name ".."`},
		"a long name":                  {func(s *Spec) { s.Name = strings.Repeat("a", 64) }, "at most 63"},
		"no check":                     {func(s *Spec) { s.Check = "" }, "there is no check"},
		"no apply":                     {func(s *Spec) { s.Apply = "" }, "there is no apply"},
		"a timeout below 0":            {func(s *Spec) { s.Timeout = -1 }, "below 0"},
		"an undo without its program":  {func(s *Spec) { s.Undo = "#!bash\n" }, "undo: "},
		"an apply without its program": {func(s *Spec) { s.Apply = "#!\n" }, "apply: "},
	} {
		if _, err := New(banner(c.edit)).Plan(t.Context(), machine()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
