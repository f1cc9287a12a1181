package v1alpha1

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// SetDefaults fills in what the file left out, exactly as the API server does from the CRD. Doing it twice changes
// nothing.
func (g *NodeGroup) SetDefaults() {
	g.Spec.HostSpec.setDefaults()
	g.Spec.Update.setDefaults()
	g.Spec.Disruptions.setDefaults()
	setDefault(&g.Spec.Drift.Policy, DriftRepair)
}

// Complete fills in the chosen member of each union, for which a CRD can have no default. The spec must have its
// defaults.
func (s *HostSpec) Complete() {
	switch {
	case s.CRI.Type == CRIContainerd && s.CRI.Containerd == nil:
		s.CRI.Containerd = &ContainerdSpec{}
		s.CRI.Containerd.setDefaults()
	case s.CRI.Type == CRIDocker && s.CRI.Docker == nil:
		s.CRI.Docker = &DockerSpec{}
		s.CRI.Docker.setDefaults()
	}
}

func (s *HostSpec) setDefaults() {
	setDefaultPointer(&s.Packages.LockTimeout, metav1.Duration{Duration: 10 * time.Minute})
	setDefault(&s.CRI.Type, CRIContainerd)
	if s.CRI.Containerd != nil {
		s.CRI.Containerd.setDefaults()
	}
	if s.CRI.Docker != nil {
		s.CRI.Docker.setDefaults()
	}
	s.Kubelet.setDefaults()
	s.OperatingSystem.setDefaults()
	setDefault(&s.Network.CNI.Type, CNINotManaged)
	setDefault(&s.Network.CNILinks, CNILinksUnmanaged)
	setDefault(&s.Network.NodeLocalDNS.Address, DefaultNodeLocalDNSAddress)
}

func (s *ContainerdSpec) setDefaults() {
	setDefault(&s.MaxConcurrentDownloads, 3)
	setDefault(&s.CgroupDriver, CgroupDriverAuto)
}

func (s *DockerSpec) setDefaults() {
	setDefault(&s.Source, DockerFromDistribution)
	setDefault(&s.MaxConcurrentDownloads, 3)
	setDefault(&s.LogMaxSize, "10m")
	setDefault(&s.LogMaxFile, 5)
	setDefaultPointer(&s.LiveRestore, true)
}

func (s *KubeletSpec) setDefaults() {
	setDefault(&s.RootDir, DefaultKubeletRootDir)
	setDefaultPointer(&s.ContainerLogMaxSize, resource.MustParse("50Mi"))
	setDefault(&s.ContainerLogMaxFiles, 4)
	setDefault(&s.ResourceReservation.Mode, ReservationAuto)
	setDefault(&s.TopologyManager.Policy, TopologyNone)
	setDefault(&s.TopologyManager.Scope, TopologyScopeContainer)
	setDefault(&s.MemorySwap.SwapBehavior, NoSwap)
}

func (s *OperatingSystemSpec) setDefaults() {
	for i := range s.Files {
		setDefault(&s.Files[i].Mode, "0644")
		setDefault(&s.Files[i].Owner, "root:root")
		setDefault(&s.Files[i].Impact, ImpactNone)
	}
	setDefault(&s.SysctlProfile, SysctlProfileUnmanaged)
	setDefault(&s.Swap, SwapDisabled)
	setDefault(&s.UnattendedUpgrades, Unmanaged)
	setDefault(&s.Firewall, Unmanaged)
	setDefault(&s.UnneededServices, Unmanaged)
	setDefault(&s.TimeSync, PresenceUnmanaged)
	setDefault(&s.AppArmor, PresenceUnmanaged)
	setDefault(&s.SELinux, SELinuxUnmanaged)
	setDefault(&s.Reboot, RebootUnmanaged)
	setDefault(&s.TransparentHugepages, HugepagesUnmanaged)
}

func (s *UpdateSpec) setDefaults() {
	setDefaultPointer(&s.MaxUnavailable, intstr.FromInt32(1))
	for i := range s.Waves {
		setDefaultPointer(&s.Waves[i].Size, intstr.FromInt32(1))
		setDefaultPointer(&s.Waves[i].Soak, metav1.Duration{Duration: 30 * time.Minute})
	}
	setDefault(&s.Order, OrderZone)
	setWindowDefaults(s.Windows)
	setDefault(&s.FailureBudget, 1)
}

func (s *DisruptionsSpec) setDefaults() {
	setDefault(&s.ApprovalMode, ApprovalAutomatic)
	setDefaultPointer(&s.Automatic.DrainBeforeApproval, true)
	setWindowDefaults(s.Automatic.Windows)
	setDefaultPointer(&s.Drain.Timeout, metav1.Duration{Duration: 10 * time.Minute})
	setDefault(&s.Drain.OnTimeout, DrainAbort)
}

func setWindowDefaults(windows []Window) {
	for i := range windows {
		setDefault(&windows[i].TimeZone, "UTC")
	}
}

func setDefault[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func setDefaultPointer[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

// SetDefaults fills in what was left out, exactly as the API server does from the CRD.
func (c *NodeGroupConfiguration) SetDefaults() {
	setDefaultPointer(&c.Spec.Weight, 100)
	if len(c.Spec.NodeGroups) == 0 {
		c.Spec.NodeGroups = []string{AllGroups}
	}
	setDefault(&c.Spec.Impact, ImpactRestart)
	setDefaultPointer(&c.Spec.Timeout, metav1.Duration{Duration: 5 * time.Minute})
}

// SetDefaults fills in what was left out, exactly as the API server does from the CRD.
func (p *UpdatePolicy) SetDefaults() { setWindowDefaults(p.Spec.Windows) }
