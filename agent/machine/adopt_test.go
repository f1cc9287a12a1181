package machine

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

func TestFind(t *testing.T) {
	t.Parallel()
	kubelet := hosttest.UnitFile("kubelet.service", "[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n")
	flags := hosttest.File("/var/lib/kubelet/kubeadm-flags.env", "")
	for name, c := range map[string]struct {
		options []hosttest.Option
		want    Found
	}{
		"a bare machine": {nil, Found{Files: []string{}, Units: []FoundUnit{}}},
		"a node of kubeadm": {
			[]hosttest.Option{kubelet, hosttest.Enabled("kubelet.service"), hosttest.Running("kubelet.service"), flags, hosttest.File("/etc/kubernetes/kubelet.conf", "")},
			Found{"kubeadm", []string{"/var/lib/kubelet/kubeadm-flags.env", "/etc/kubernetes/kubelet.conf"}, []FoundUnit{{"kubelet.service", "active", "enabled"}}},
		},
		"a node of kubespray, which used kubeadm": {
			[]hosttest.Option{kubelet, flags, hosttest.File("/etc/kubernetes/kubelet.env", "")},
			Found{"kubespray", []string{"/etc/kubernetes/kubelet.env", "/var/lib/kubelet/kubeadm-flags.env"}, []FoundUnit{{"kubelet.service", "inactive", "disabled"}}},
		},
		"a node that hostler took over from kubeadm": {
			[]hosttest.Option{kubelet, flags, hosttest.File("/etc/systemd/system/kubelet.service.d/20-hostler.conf", "")},
			Found{"hostler", []string{"/etc/systemd/system/kubelet.service.d/20-hostler.conf", "/var/lib/kubelet/kubeadm-flags.env"}, []FoundUnit{{"kubelet.service", "inactive", "disabled"}}},
		},
		"a kubelet that somebody set up by hand": {
			[]hosttest.Option{kubelet}, Found{"other", []string{}, []FoundUnit{{"kubelet.service", "inactive", "disabled"}}},
		},
		"an image with a runtime": {
			[]hosttest.Option{hosttest.Image(), hosttest.UnitFile("docker.service", "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n")},
			Found{Files: []string{}, Units: []FoundUnit{{"docker.service", "", "disabled"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := find(t.Context(), hosttest.New(c.options...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Errorf("found differs (-want +got):\n%s", diff)
			}
		})
	}
}

// wants is a step that wants ops.
type wants struct {
	name string
	ops  []steps.Op
}

func (w wants) Name() string { return w.name }

func (w wants) Plan(context.Context, host.View) ([]steps.Op, error) { return w.ops, nil }

func TestAdoption(t *testing.T) {
	t.Parallel()
	restart := op.Job{Unit: "a.service", Verb: host.JobRestart, Cost: steps.Restart}
	list := []steps.Step{wants{"same", nil}, wants{"first", []steps.Op{restart}}, wants{"second", []steps.Op{restart}}, wants{"idle", nil}}
	got, err := adoption(t.Context(), hosttest.New(), list, list[:3])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"same"}, got.Same); diff != "" {
		t.Errorf("steps that want nothing differ (-want +got):\n%s", diff)
	}
	if len(got.Plan.Ops) != 1 || got.Plan.Impact() != steps.Restart {
		t.Errorf("got ops %v, want the one restart", got.Plan.Ops)
	}
}
