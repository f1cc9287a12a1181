package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadOf(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		values []int
		want   spread[int]
	}{
		"of one":                              {[]int{4}, spread[int]{4, 4, 4}},
		"of three, unsorted":                  {[]int{9, 1, 5}, spread[int]{1, 5, 9}},
		"of four has the lower of the middle": {[]int{4, 1, 3, 2}, spread[int]{1, 2, 4}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var samples []sample
			for _, v := range c.values {
				samples = append(samples, sample{Tasks: v})
			}
			if got := spreadOf(samples, func(s sample) int { return s.Tasks }); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestParseBenchmark(t *testing.T) {
	t.Parallel()
	const output = "goos: linux\nBenchmarkPlan-2   \t     500\t  27871547 ns/op\t         0 children\t    203036 read-B/op\nPASS\n"
	got, err := parseBenchmark(output)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"ns/op": 27871547, "children": 0, "read-B/op": 203036}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics differ (-want +got):\n%s", diff)
	}
	if _, err := parseBenchmark("PASS\n"); err == nil {
		t.Error("got no error for a benchmark that did not run")
	}
}

// measured are results in which bash alone misses its goal.
func measured() *results {
	r := &results{Rounds: 1, Versions: map[string]string{}, Drifts: changes(), InProcess: inProcess{CPU: 4 * time.Millisecond, Plans: 500}}
	for i, wall := range []time.Duration{10, 19, 20, 300, 1000} {
		r.Processes = append(r.Processes, process{peers[i].name, []sample{{Wall: wall * time.Millisecond, CPU: time.Millisecond}}})
	}
	return r
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, v := range verdicts(measured()) {
		got[v.What] = v.Met
	}
	want := map[string]string{
		"`hostler verify` against bash":     "**no**",
		"`hostler verify` against CFEngine": "yes",
		"`hostler verify` against Puppet":   "yes",
		"`hostler verify` against Ansible":  "yes",
		"a plan inside a process":           "yes",
		"processes started by that plan":    "yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts differ (-want +got):\n%s", diff)
	}
}

func TestPageTellsAll(t *testing.T) {
	t.Parallel()
	content, err := page(measured())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| hostler | 10 ms |", "| bash | 19 ms |", "100 ×", "a mask removed", "**no**"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the page lacks %q:\n%s", want, content)
		}
	}
	if strings.Contains(string(content), "<no value>") {
		t.Errorf("the page has a hole:\n%s", content)
	}
}
