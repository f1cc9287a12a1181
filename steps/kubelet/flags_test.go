package kubelet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestFlagsIn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		content string
		want    []string
	}{
		"nothing":            {"", nil},
		"an empty value":     {"KUBELET_EXTRA_ARGS=\n", nil},
		"two flags":          {"KUBELET_EXTRA_ARGS=--max-pods=20 -v 4\n", []string{"f:1 passes --max-pods in KUBELET_EXTRA_ARGS", "f:1 passes --v in KUBELET_EXTRA_ARGS"}},
		"quotes":             {"KUBELET_EXTRA_ARGS=\"--node-ip=1.2.3.4 --x\"\n", []string{"f:1 passes --node-ip in KUBELET_EXTRA_ARGS", "f:1 passes --x in KUBELET_EXTRA_ARGS"}},
		"a comment":          {"#KUBELET_EXTRA_ARGS=--a\n; X=--a\nOTHER=--b\n", []string{"f:3 passes --b in OTHER"}},
		"two assignments":    {"KUBELET_EXTRA_ARGS=--a\nKUBELET_EXTRA_ARGS=--b", []string{"f:2 passes --b in KUBELET_EXTRA_ARGS"}},
		"lines that go on":   {"[Service]\nExecStart=\nExecStart=/usr/bin/kubelet \\\n  --a=b \\\n  --c\nRestart=--d\n", []string{"f:4 passes --a in ExecStart", "f:5 passes --c in ExecStart", "f:6 passes --d in Restart"}},
		"a unit's variables": {"[Service]\nEnvironment=\"KUBELET_EXTRA_ARGS=--a\"\n", []string{"f:2 passes --a in KUBELET_EXTRA_ARGS"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags, err := flagsIn(bare(t, hosttest.File("/f", c.content)), "/f")
			var got []string
			for _, f := range flags {
				got = append(got, strings.TrimPrefix(f.String(), "/"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%q: got error %v (-want +got):\n%s", c.content, err, diff)
			}
		})
	}
}

func TestCheckRemovedFlags(t *testing.T) {
	t.Parallel()
	const (
		environment = "/etc/default/kubelet"
		before      = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
		after       = "/etc/systemd/system/kubelet.service.d/99-mine.conf"
		flag        = "--pod-infra-container-image=pause:3.9"
		refused     = "which kubelet 1.35 and later refuse to start with: remove it there"
		waits       = "it has no effect as long as 20-hostler.conf wins"
	)
	kubeadm := hosttest.File(kubeadmFlagsFile, "KUBELET_KUBEADM_ARGS=\""+flag+"\"\n")
	cases := map[string]struct {
		host          []hosttest.Option
		minor         uint
		fails, warned string
	}{
		"nobody passes one":                      {nil, 35, "", ""},
		"the administrator":                      {[]hosttest.Option{hosttest.File(environment, "\nKUBELET_EXTRA_ARGS="+flag+"\n")}, 35, environment + ":2 passes --pod-infra-container-image in KUBELET_EXTRA_ARGS, " + refused, ""},
		"the administrator, of an older kubelet": {[]hosttest.Option{hosttest.File(environment, "KUBELET_EXTRA_ARGS="+flag+"\n")}, 34, "", ""},
		"a drop-in's variable":                   {[]hosttest.Option{hosttest.File(before, "[Service]\nEnvironment=KUBELET_EXTRA_ARGS="+flag+"\n")}, 36, before + ":2 passes", ""},
		"kubeadm's file":                         {[]hosttest.Option{kubeadm}, 35, "", kubeadmFlagsFile + ":1 passes --pod-infra-container-image in KUBELET_KUBEADM_ARGS"},
		"kubeadm's file, with a drop-in that wins": {[]hosttest.Option{kubeadm, hosttest.File(after, "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBEADM_ARGS\n")}, 35,
			kubeadmFlagsFile + ":1 passes", ""},
		"a drop-in that loses": {[]hosttest.Option{hosttest.File(before, "[Service]\nExecStart=/usr/bin/kubelet "+flag+"\n")}, 35, "", waits},
		"a drop-in that wins":  {[]hosttest.Option{hosttest.File(after, "[Service]\nExecStart=/usr/bin/kubelet "+flag+"\n")}, 35, after + ":2 passes --pod-infra-container-image in ExecStart, " + refused, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remarks, failure := steps.Split(checkRemovedFlags(bare(t, c.host...), environment, c.minor))
			if (failure != nil) != (c.fails != "") || failure != nil && !strings.Contains(failure.Error(), c.fails) {
				t.Errorf("got failure %v, want %q", failure, c.fails)
			}
			if (len(remarks) > 0) != (c.warned != "") || len(remarks) > 0 && !strings.Contains(remarks[0].Text, c.warned) {
				t.Errorf("got remarks %v, want %q", remarks, c.warned)
			}
		})
	}
}
