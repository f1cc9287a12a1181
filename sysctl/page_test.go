package sysctl_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/sysctl"
)

// TestSysctlPage keeps docs/sysctl.md what the profile is; -update writes it, and the test still fails.
func TestSysctlPage(t *testing.T) {
	t.Parallel()
	const file = "../docs/sysctl.md"
	got := page(sysctl.KubernetesEntries(), sysctl.NotInProfile())
	want, err := os.ReadFile(file)
	if err == nil && string(want) == got {
		return
	}
	// The flag is that of steptest, which has the golden plans of this package.
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was written: look at it, then run the test without -update", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s is not what the profile is (-page +profile), -update writes it:\n%s", file, gocmp.Diff(string(want), got))
}

func TestPageShowsWhatAnEntryDependsOn(t *testing.T) {
	t.Parallel()
	got := page([]sysctl.Entry{{
		Key: "a.b", Also: []sysctl.Key{"a.c"}, Value: "7", Formula: "7 × CPUs", AtLeast: true, Module: "mod", Rare: true, IPv6: true, Why: "because", Source: "somewhere",
	}}, []sysctl.Omitted{{Key: "c.d", Why: "no use"}})
	for _, want := range []string{
		"| `a.b` | at least 7 × CPUs | because; is `a.c` too; comes with module mod; only where the kernel has it; only where nodes or pods have IPv6 addresses | somewhere |\n",
		"| `c.d` | no use |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no line\n%sin\n%s", want, got)
		}
	}
}

const pageHead = `# The sysctl profile

Written from ` + "`sysctl/kubernetes.go`" + ` (` + "`go test ./sysctl -run Page -update`" + `); do not edit.

` + "`operatingSystem.sysctlProfile: Kubernetes`" + ` sets what a node of a cluster needs, in ` + "`" + sysctl.File + "`" + ` for the next boot and in the running kernel.
[The page on the profile](profile.md#sysctlprofile) says what a change costs and what is left behind.

- What ` + "`operatingSystem.sysctl`" + ` names wins over the profile, under each of the names that a parameter has.
- "At least" is a limit: a host where it is higher keeps its own, be it the kernel's choice or another file's.
- A key that the running kernel lacks is left out, unless one of the modules brings it: the profile loads %s.
- CPUs are those of the machine. An image has none yet, so what depends on them is set by the first run on the machine.

| key | value | why | source |
|---|---|---|---|
`

const pageOmitted = `
## Not in the profile

Other tools set these. hostler does not; set them in ` + "`operatingSystem.sysctl`" + ` if you want them.

| key | why not |
|---|---|
`

// page is docs/sysctl.md.
func page(entries []sysctl.Entry, omitted []sysctl.Omitted) string {
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, strings.Join(sysctl.ProfileModules(sysctl.Kubernetes), ", "))
	for _, e := range entries {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Key, shownValue(e), strings.Join(append([]string{e.Why}, conditions(e)...), "; "), e.Source)
	}
	b.WriteString(pageOmitted)
	for _, o := range omitted {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.Key, o.Why)
	}
	return b.String()
}

func shownValue(e sysctl.Entry) string {
	value := cmp.Or(e.Formula, e.Value)
	if e.AtLeast {
		return "at least " + value
	}
	return value
}

// conditions are where the entry counts.
func conditions(e sysctl.Entry) []string {
	var said []string
	for _, also := range e.Also {
		said = append(said, fmt.Sprintf("is `%s` too", also))
	}
	if e.Module != "" {
		said = append(said, "comes with module "+e.Module)
	}
	if e.Rare {
		said = append(said, "only where the kernel has it")
	}
	if e.IPv6 {
		said = append(said, "only where nodes or pods have IPv6 addresses")
	}
	return said
}
