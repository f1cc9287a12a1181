package kubelet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestDropIn(t *testing.T) {
	t.Parallel()
	flags := []flag{{"config", "/a"}, {"root-dir", "/da ta/50%"}, {"node-labels", "a=1,b="}}
	const want = `# Written by hostler. Changes made here are undone by its next run.
[Unit]
After=containerd.service

[Service]
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet \
  --config=/a \
  "--root-dir=/da ta/50%%" \
  --node-labels=a=1,b= \
  $KUBELET_EXTRA_ARGS
`
	got := dropIn(flags, "/etc/default/kubelet", "containerd.service")
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, want := range map[string]string{"config": "/a", "node-labels": "a=1,b=", "node-ip": ""} {
		if value := flagValue(got, name); value != want {
			t.Errorf("flag %s: got %q, want %q", name, value, want)
		}
	}
	if got := string(dropIn(flags, "", "")); strings.Contains(got, "Environment") || strings.Contains(got, "EXTRA") || strings.Contains(got, "After") {
		t.Errorf("without an environment file and a runtime's unit, got:\n%s", got)
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"--a=b": "--a=b", "--a=b c": `"--a=b c"`, "--a=100%": "--a=100%%", "--a=$HOME": "--a=$$HOME", `--a="x"`: `"--a=\"x\""`, `--a=\x`: `"--a=\\x"`,
	} {
		if got := escape(word); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
}

func TestWarnOfDropIns(t *testing.T) {
	t.Parallel()
	const command, etc, lib = "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet\n", "/etc/systemd/system/kubelet.service.d/", "/usr/lib/systemd/system/kubelet.service.d/"
	cases := map[string]struct {
		host []hosttest.Option
		want []string
	}{
		"none":                      {nil, nil},
		"ours":                      {[]hosttest.Option{hosttest.File(etc+"20-hostler.conf", command)}, nil},
		"one that comes before":     {[]hosttest.Option{hosttest.File(lib+"10-kubeadm.conf", command)}, []string{"20-hostler.conf comes after it and wins"}},
		"one that comes after":      {[]hosttest.Option{hosttest.File(lib+"99-x.conf", command)}, []string{"no effect: remove it"}},
		"one hidden by its name":    {[]hosttest.Option{hosttest.File(lib+"99-x.conf", command), hosttest.File(etc+"99-x.conf", "[Service]\nNice=1\n")}, nil},
		"one switched off":          {[]hosttest.Option{hosttest.File(lib+"99-x.conf", command), hosttest.Link(etc+"99-x.conf", "/dev/null")}, nil},
		"one without a command":     {[]hosttest.Option{hosttest.File(etc+"99-x.conf", "[Service]\n# ExecStart=/x\nExecStart=\nExecStartPre=/x\n")}, nil},
		"a file that is no drop-in": {[]hosttest.Option{hosttest.File(etc+"99-x.conf.bak", command)}, nil},
	}
	for name, c := range cases {
		remarks, failure := steps.Split(warnOfDropIns(bare(t, c.host...)))
		if failure != nil || len(remarks) != len(c.want) {
			t.Errorf("%s: got %v, %v, want %q", name, remarks, failure, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(remarks[i].Text, want) {
				t.Errorf("%s: got %q, want it to say %q", name, remarks[i].Text, want)
			}
		}
	}
}
