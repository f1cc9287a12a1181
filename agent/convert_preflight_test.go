package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps/preflight"
)

func TestPreflight(t *testing.T) {
	t.Parallel()
	machine := Machine{NodeName: "worker-1", Release: &distros.Release{
		Kernel: distros.Kernel{Iptables: "nft"}, Containerd: distros.Containerd{Unit: "containerd.service"},
		Docker: distros.Docker{Unit: "docker.service"}, CNI: distros.CNI{BinDir: "/usr/libexec/cni"},
	}}
	v1 := false
	for name, c := range map[string]struct {
		spec v1alpha1.HostSpec
		want preflight.Spec
	}{
		"knows the runtime, and what the profile needs": {
			v1alpha1.HostSpec{
				CRI:             v1alpha1.CRISpec{Type: v1alpha1.CRIContainerd},
				OperatingSystem: v1alpha1.OperatingSystemSpec{SysctlProfile: v1alpha1.SysctlProfileKubernetes, KernelModules: []string{"ip_vs"}},
			},
			preflight.Spec{RuntimeUnits: []string{"containerd.service"}, Modules: []string{"br_netfilter", "nf_conntrack", "overlay", "ip_vs"}},
		},
		"looks at docker's folder": {
			v1alpha1.HostSpec{CRI: v1alpha1.CRISpec{Type: v1alpha1.CRIDocker}, OperatingSystem: v1alpha1.OperatingSystemSpec{Swap: v1alpha1.SwapDisabled}},
			preflight.Spec{RuntimeUnits: []string{"docker.service", "containerd.service"}, RuntimeDir: "/var/lib/docker", SwapHandled: true},
		},
		"reads the kubelet's configuration": {
			v1alpha1.HostSpec{
				KubernetesVersion: "1.36.3", CRI: v1alpha1.CRISpec{Type: v1alpha1.CRINotManaged},
				Kubelet: v1alpha1.KubeletSpec{RootDir: "/data/kubelet", Config: v1alpha1.Overlay{"failCgroupV1": false, "shutdownGracePeriod": "2m30s"}},
			},
			preflight.Spec{KubernetesVersion: "1.36.3", KubeletDir: "/data/kubelet", FailCgroupV1: &v1, ShutdownGracePeriod: 150 * time.Second, SwapHandled: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.want
			want.NodeName, want.BinDir, want.Iptables = "worker-1", "/usr/libexec/cni", "nft"
			if diff := cmp.Diff(want, Preflight(&c.spec, machine)); diff != "" {
				t.Errorf("what checks are told (-want +got):\n%s", diff)
			}
		})
	}
}
