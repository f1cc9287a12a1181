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

func (c *catalog) containerdSpec() containerd.Spec {
	facts := c.machine.Release
	spec := containerd.Spec{
		Unit: facts.Containerd.Unit, ConfigFile: facts.Containerd.ConfigFile,
		BinDir: facts.CNI.BinDir, ConfDir: facts.CNI.ConfDir, KubernetesMinor: minorOf(c.spec.KubernetesVersion),
	}
	version := ""
	if wish := c.spec.CRI.Containerd; wish != nil {
		version = wish.Version
		spec.MaxConcurrentDownloads = int(wish.MaxConcurrentDownloads)
		spec.SandboxImage = wish.SandboxImage
		spec.CgroupDriver = cgroupDrivers[wish.CgroupDriver]
		spec.Config = wish.Config
	}
	name := facts.Packages.Containerd
	spec.Package = containerd.Managed{
		Step:    c.packageStep("cri/containerd", name, version, steps.Restart), // its scripts restart the service
		Manager: c.manager, PackageName: name, Wish: version,
	}
	return spec
}

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
		Labels: c.spec.NodeTemplate.Labels, CRISocket: containerd.SocketPath, RuntimeUnit: facts.Containerd.Unit,
		LogMaxSize: quantity(wish.ContainerLogMaxSize), LogMaxFiles: wish.ContainerLogMaxFiles,
		SeccompDefault: wish.SeccompDefault, Reservation: reservation(wish.ResourceReservation),
		TopologyPolicy: topologyPolicies[wish.TopologyManager.Policy], TopologyScope: topologyScopes[wish.TopologyManager.Scope],
		SwapBehavior: string(wish.MemorySwap.SwapBehavior), AllowSwap: c.spec.OperatingSystem.Swap != v1alpha1.SwapDisabled,
		Overlay: wish.Config, Join: c.machine.Join,
	}
	if wish.MaxPods != nil {
		spec.MaxPods = *wish.MaxPods
	}
	if c.spec.CRI.Containerd != nil {
		spec.CgroupDriver = string(cgroupDrivers[c.spec.CRI.Containerd.CgroupDriver])
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

// kubeletStep gives the kubelet the cgroup driver that containerd chose, which is
// known only when the host is looked at.
type kubeletStep struct{ kubelet.Step }

// Plan implements steps.Step.
func (s kubeletStep) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if s.Spec.CgroupDriver == string(containerd.Auto) {
		driver, err := containerd.DriverFor(v)
		if err != nil {
			return nil, err
		}
		s.Spec.CgroupDriver = string(driver)
	}
	return s.Step.Plan(ctx, v)
}

func (c *catalog) cniSpec() (cni.Spec, error) {
	facts, wish := c.machine.Release, c.spec.Network.CNI
	spec := cni.Spec{
		Type: cni.Type(wish.Type), Package: c.packageStep("network/cni", facts.Packages.KubernetesCNI, "", steps.None),
		RuntimeUnit: facts.Containerd.Unit, BinDir: facts.CNI.BinDir, ConfDir: facts.CNI.ConfDir,
	}
	if wish.Bridge == nil {
		return spec, nil
	}
	var err error
	if spec.Subnet, err = netip.ParsePrefix(wish.Bridge.Subnet); err != nil {
		return spec, fmt.Errorf("bridge.subnet: %w", err)
	}
	return spec, nil
}
