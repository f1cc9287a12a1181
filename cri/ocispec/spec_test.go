package ocispec

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	_ "github.com/hostler-dev/hostler/steps/steptest" // its -update flag
)

// TestBase compares with a golden file; test/docker compares it with what a real
// containerd prints.
func TestBase(t *testing.T) {
	t.Parallel()
	got, err := Base([]Rlimit{{Type: "RLIMIT_NOFILE", Soft: 65535, Hard: 1048576}, {Type: "RLIMIT_MEMLOCK", Soft: 1 << 26, Hard: 1 << 26}})
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/base.json"
	want, err := os.ReadFile(golden)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("got another file than %s (%v); -update writes it (-want +got):\n%s", golden, err, cmp.Diff(string(want), string(got)))
}

func TestBaseMergesLimits(t *testing.T) {
	t.Parallel()
	nofile, core := Rlimit{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 7}, Rlimit{Type: "RLIMIT_CORE", Soft: 0, Hard: 0}
	own := specs.POSIXRlimit{Type: "RLIMIT_NOFILE", Soft: 1024, Hard: 1024}
	cases := map[string]struct {
		wish []Rlimit
		want []specs.POSIXRlimit
	}{
		"keeps containerd's own where nothing is wished":      {nil, []specs.POSIXRlimit{own}},
		"keeps containerd's own beside one of another type":   {[]Rlimit{core}, []specs.POSIXRlimit{{Type: "RLIMIT_CORE"}, own}},
		"takes the wish in place of the one of the same type": {[]Rlimit{nofile}, []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 5, Hard: 7}}},
		"writes one order for all":                            {[]Rlimit{nofile, core}, []specs.POSIXRlimit{{Type: "RLIMIT_CORE"}, {Type: "RLIMIT_NOFILE", Soft: 5, Hard: 7}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := Base(c.wish)
			if err != nil {
				t.Fatal(err)
			}
			var got specs.Spec
			if err := json.Unmarshal(content, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Process.Rlimits); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	valid := func() []Rlimit { return []Rlimit{{Type: "RLIMIT_NOFILE", Soft: 1, Hard: 2}} }
	if err := Check(valid()); err != nil {
		t.Fatal(err)
	}
	for want, mutate := range map[string]func([]Rlimit) []Rlimit{
		`rlimit "nofile" is not the name of a limit`: func(r []Rlimit) []Rlimit { r[0].Type = "nofile"; return r },
		"RLIMIT_NOFILE comes twice":                  func(r []Rlimit) []Rlimit { return append(r, r[0]) },
		"the soft limit 3 is above the hard one, 2":  func(r []Rlimit) []Rlimit { r[0].Soft = 3; return r },
	} {
		if _, err := Base(mutate(valid())); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
