package agent

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/cri/containerd"
	"github.com/hostler-dev/hostler/network"
	"github.com/hostler-dev/hostler/network/cni"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet"
)

// minorOf is the 36 of 1.36.3, and 0 of what is no version.
func minorOf(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) != 3 {
		return 0
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0
	}
	return minor
}

// The API has names in camel case, as Kubernetes wants; the programs have theirs.
var (
	cgroupDrivers = map[v1alpha1.CgroupDriver]containerd.CgroupDriver{
		v1alpha1.CgroupDriverAuto: containerd.Auto, v1alpha1.CgroupDriverSystemd: containerd.Systemd, v1alpha1.CgroupDriverCgroupfs: containerd.Cgroupfs,
	}
	topologyPolicies = map[v1alpha1.TopologyPolicy]string{
		v1alpha1.TopologyNone: "none", v1alpha1.TopologyBestEffort: "best-effort",
		v1alpha1.TopologyRestricted: "restricted", v1alpha1.TopologySingleNumaNode: "single-numa-node",
	}
	topologyScopes = map[v1alpha1.TopologyScope]string{
		v1alpha1.TopologyScopeContainer: "container", v1alpha1.TopologyScopePod: "pod",
	}
)

func (c *catalog) kubeletSpec() kubelet.Spec {
	facts, wish := c.machine.Release, &c.spec.Kubelet
	spec := kubelet.Spec{
		Version:        c.spec.KubernetesVersion,
		KubeletPackage: facts.Packages.Kubelet, KubectlPackage: facts.Packages.Kubectl,
		EnvironmentFile: facts.Kubelet.EnvironmentFile,
		NodeName:        c.machine.NodeName, NodeIP: wish.NodeIP, RootDir: wish.RootDir,
		Labels:     c.spec.NodeTemplate.Labels,
		LogMaxSize: quantity(wish.ContainerLogMaxSize), LogMaxFiles: wish.ContainerLogMaxFiles,
		SeccompDefault: wish.SeccompDefault, Reservation: reservation(wish.ResourceReservation),
		TopologyPolicy: topologyPolicies[wish.TopologyManager.Policy], TopologyScope: topologyScopes[wish.TopologyManager.Scope],
		SwapBehavior: string(wish.MemorySwap.SwapBehavior), AllowSwap: c.spec.OperatingSystem.Swap != v1alpha1.SwapDisabled,
		Overlay: wish.Config, Join: c.machine.Join,
	}
	if wish.MaxPods != nil {
		spec.MaxPods = *wish.MaxPods
	}
	for _, t := range c.spec.NodeTemplate.Taints {
		spec.Taints = append(spec.Taints, kubelet.Taint{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
	}
	return spec
}

func reservation(r v1alpha1.ResourceReservation) kubelet.Reservation {
	out := kubelet.Reservation{Mode: kubelet.ReservationMode(r.Mode)}
	if r.Static != nil {
		out.CPU, out.Memory, out.EphemeralStorage = quantity(r.Static.CPU), quantity(r.Static.Memory), quantity(r.Static.EphemeralStorage)
	}
	return out
}

func quantity(q *resource.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}

// chooseIP is the kubelet step's way to the network package.
func chooseIP(ctx context.Context, v host.View) (netip.Addr, error) {
	return network.NodeIP(ctx, v, netip.Addr{})
}

func (c *catalog) cniSpec() (cni.Spec, error) {
	facts, wish := c.machine.Release, c.spec.Network.CNI
	spec := cni.Spec{
		Type: cni.Type(wish.Type), RuntimeUnit: c.runtime().Unit, BinDir: facts.CNI.BinDir, ConfDir: facts.CNI.ConfDir,
	}
	if wish.Bridge == nil {
		return spec, nil
	}
	if facts.Packages.KubernetesCNI == "" {
		c.unknown("spec.network.cni.type", "what the package of network plugins is called", "take NotManaged, and install them by packages.install")
		return spec, nil
	}
	spec.Package = c.packageStep("network/cni", facts.Packages.KubernetesCNI, "", steps.None)
	var err error
	if spec.Subnet, err = netip.ParsePrefix(wish.Bridge.Subnet); err != nil {
		return spec, fmt.Errorf("bridge.subnet: %w", err)
	}
	return spec, nil
}
