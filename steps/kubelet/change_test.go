package kubelet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

func TestVersionChange(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		installed string
		want      steps.Impact
	}{
		"nothing installed":         {"", steps.Restart},
		"the same":                  {"1.36.3-1.1", steps.None},
		"the same, with an epoch":   {"0:1.36.3-150500.1.1", steps.None},
		"a patch back":              {"1.36.4-1.1", steps.Restart},
		"a patch on":                {"1.36.1-00", steps.Restart},
		"a minor on":                {"1.35.3-1.1", steps.Drain},
		"a minor back":              {"1.37.3-1.1", steps.Drain},
		"three minors on":           {"1.33.3-1.1", steps.Drain},
		"a version of another kind": {"nightly", steps.Drain},
	}
	for name, c := range cases {
		got := judgeVersions(c.installed, version{1, 36, 3})
		if got.cost != c.want || (len(got.why) > 0) != (c.want != steps.None) {
			t.Errorf("%s: got %s %q, want %s", name, got.cost, got.why, c.want)
		}
	}
}

func TestWarnOfDowngrade(t *testing.T) {
	t.Parallel()
	for installed, want := range map[string]bool{
		"": false, "1.36.3-1.1": false, "1.36.9-1.1": false, "1.35.3-1.1": false, "nightly": false, "1.37.0-1.1": true, "2.0.0-1.1": true,
	} {
		if err := warnOfDowngrade(installed, version{1, 36, 3}); (err != nil) != want {
			t.Errorf("from %q to 1.36.3: got %v, want a warning: %t", installed, err, want)
		}
	}
}

func TestConfigChange(t *testing.T) {
	t.Parallel()
	const cpu, memory = "/var/lib/kubelet/cpu_manager_state", "/var/lib/kubelet/memory_manager_state"
	cases := map[string]struct {
		old, wish string
		want      steps.Impact
		stale     []string
	}{
		"an ordinary field":           {"maxPods: 10\n", "maxPods: 20\n", steps.Restart, nil},
		"the cgroup driver":           {"cgroupDriver: cgroupfs\n", "cgroupDriver: systemd\n", steps.Drain, nil},
		"the default cgroup driver":   {"maxPods: 10\n", "cgroupDriver: cgroupfs\n", steps.Restart, nil},
		"a file that is no YAML":      {"\t{", "cgroupDriver: systemd\n", steps.Drain, nil},
		"the CPU manager switched on": {"maxPods: 10\n", "cpuManagerPolicy: static\n", steps.Drain, []string{cpu}},
		"the default CPU manager":     {"maxPods: 10\n", "cpuManagerPolicy: none\n", steps.Restart, nil},
		"what is reserved, with static CPUs": {"cpuManagerPolicy: static\nkubeReserved: {cpu: 100m}\n",
			"cpuManagerPolicy: static\nkubeReserved: {cpu: 200m}\n", steps.Drain, []string{cpu}},
		"what is reserved, otherwise": {"kubeReserved: {cpu: 100m}\n", "kubeReserved: {cpu: 200m}\n", steps.Restart, nil},
		"the memory manager":          {"maxPods: 10\n", "memoryManagerPolicy: Static\n", steps.Drain, []string{memory}},
		"reserved memory": {"memoryManagerPolicy: Static\nreservedMemory: [{numaNode: 0}]\n",
			"memoryManagerPolicy: Static\nreservedMemory: [{numaNode: 1}]\n", steps.Drain, []string{memory}},
	}
	for name, c := range cases {
		var got change
		got.config([]byte(c.old), []byte(c.wish), "/var/lib/kubelet", "")
		if got.cost != c.want {
			t.Errorf("%s: got %s %q, want %s", name, got.cost, got.why, c.want)
		}
		if diff := cmp.Diff(c.stale, got.stale); diff != "" {
			t.Errorf("%s: stale files (-want +got):\n%s", name, diff)
		}
	}
	var first change
	if first.config(nil, []byte("cgroupDriver: systemd\n"), "/var/lib/kubelet", ""); first.cost != steps.Restart {
		t.Errorf("a first file: got %s, want Restart", first.cost)
	}
}

func TestDropInChange(t *testing.T) {
	t.Parallel()
	at := func(root string) []byte { return dropIn([]flag{{"config", "/a"}, {"root-dir", root}}, "", "") }
	for name, c := range map[string]struct {
		old, wish []byte
		want      steps.Impact
	}{
		"a first one":    {nil, at("/b"), steps.Restart},
		"the same root":  {at("/b"), at("/b"), steps.Restart},
		"another root":   {at("/b"), at("/c"), steps.Drain},
		"a default root": {dropIn(nil, "", ""), at("/c"), steps.Drain},
	} {
		var got change
		if got.dropIn(c.old, c.wish); got.cost != c.want {
			t.Errorf("%s: got %s, want %s", name, got.cost, c.want)
		}
	}
}

func TestJob(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change change
		state  string
		joined bool
		want   *op.Job
	}{
		"running and unchanged":         {change{}, "active", true, nil},
		"running and changed":           {change{steps.Restart, []string{"a", "b"}, nil}, "active", true, &op.Job{Verb: host.JobRestart, Cost: steps.Restart, Why: "a; b"}},
		"stopped":                       {change{}, "inactive", true, &op.Job{Verb: host.JobStart, Why: "it is inactive"}},
		"failed":                        {change{}, "failed", true, &op.Job{Verb: host.JobStart, Why: "it is failed"}},
		"ending again and again":        {change{}, "activating", true, &op.Job{Verb: host.JobRestart, Why: "it is activating"}},
		"a first start":                 {change{steps.Restart, []string{"a"}, nil}, "inactive", false, &op.Job{Verb: host.JobStart, Why: "a"}},
		"stopped for another minor":     {change{steps.Drain, []string{"a"}, nil}, "inactive", true, &op.Job{Verb: host.JobStart, Cost: steps.Drain, Why: "a"}},
		"a minor before the first join": {change{steps.Drain, []string{"a"}, nil}, "inactive", false, &op.Job{Verb: host.JobStart, Why: "a"}},
	}
	for name, c := range cases {
		job, needed := c.change.job(host.Unit{ActiveState: c.state}, c.joined)
		if c.want == nil {
			if needed {
				t.Errorf("%s: got %+v, want none", name, job)
			}
			continue
		}
		c.want.Unit = UnitName
		if diff := cmp.Diff(*c.want, job); diff != "" || !needed {
			t.Errorf("%s: needed %t (-want +got):\n%s", name, needed, diff)
		}
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	if got, err := parseVersion("1.36.3"); err != nil || got != (version{1, 36, 3}) {
		t.Errorf("got %v, %v, want 1.36.3", got, err)
	}
	for _, text := range []string{"", "1.36", "v1.36.3", "1.36.3-1.1", "1.36.x", "1.36.3 ", "1.99999999.3"} {
		if got, err := parseVersion(text); err == nil || !strings.Contains(err.Error(), "such as 1.36.3") {
			t.Errorf("%q: got %v, %v, want an error", text, got, err)
		}
	}
}
