package kubelet

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestWarnOfEnvironment(t *testing.T) {
	t.Parallel()
	const file = "/etc/default/kubelet"
	f := bare(t, hosttest.File(file, "# ours\nKUBELET_EXTRA_ARGS=--node-labels=x=y --cgroup-driver=cgroupfs --v=4\nOTHER=--max-pods=1\n"))
	remarks, failure := steps.Split(warnOfEnvironment(f, file))
	const want = "/etc/default/kubelet:2 passes --cgroup-driver in KUBELET_EXTRA_ARGS, which overrides what hostler sets"
	if failure != nil || len(remarks) != 1 || !strings.HasPrefix(remarks[0].Text, want) {
		t.Errorf("got %v, %v, want one remark: %s", remarks, failure, want)
	}
	for name, file := range map[string]string{"a file that is not there": file, "no file": ""} {
		if err := warnOfEnvironment(bare(t), file); err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
	}
}
