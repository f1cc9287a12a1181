package kubelet

import (
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestExtraFlags(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"":                      nil,
		"KUBELET_EXTRA_ARGS=\n": nil,
		"KUBELET_EXTRA_ARGS=--max-pods=20 -v 4\n":        {"max-pods", "v"},
		"KUBELET_EXTRA_ARGS=\"--node-ip=1.2.3.4 --x\"\n": {"node-ip", "x"},
		"#KUBELET_EXTRA_ARGS=--a\nOTHER=--b\n":           nil,
		"KUBELET_EXTRA_ARGS=--a\nKUBELET_EXTRA_ARGS=--b": {"b"},
	}
	for content, want := range cases {
		if got := extraFlags([]byte(content)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", content, got, want)
		}
	}
}

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	const file = "/etc/default/kubelet"
	old := hosttest.File(file, "KUBELET_EXTRA_ARGS=--pod-infra-container-image=pause --cgroup-driver=cgroupfs --v=4\n")
	for minor, fails := range map[uint]bool{34: false, 35: true} {
		remarks, failure := steps.Split(checkEnvironment(bare(t, old), file, minor))
		if (failure != nil) != fails {
			t.Errorf("1.%d: got failure %v, want one: %t", minor, failure, fails)
		}
		if len(remarks) != 1 || !strings.Contains(remarks[0].Text, "--cgroup-driver") {
			t.Errorf("1.%d: got remarks %v, want one about --cgroup-driver", minor, remarks)
		}
	}
	if err := checkEnvironment(bare(t), file, 36); err != nil {
		t.Errorf("without the file: got %v, want none", err)
	}
}
