package v1alpha1

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// unsupportedField is a field of the API that no step serves yet. To set it to anything but its default is an error: a
// setting that is ignored in silence would be worse than none.
type unsupportedField struct {
	path   string // below spec
	reason string
	used   func(*NodeGroupSpec) bool
}

const (
	reasonNoCoordinator = "machines are changed one at a time, by apply on each"
	reasonNoRegistries  = "write the files under /etc/containerd/certs.d with operatingSystem.files"
)

// unsupported lists every such field. Whoever writes the step that serves one deletes its line here.
var unsupported = []unsupportedField{
	{"cri.type", "only Containerd is", func(s *NodeGroupSpec) bool { return isKnown(s.CRI.Type, CRIDocker, CRINotManaged) }},
	{"cri.containerd.registries", reasonNoRegistries, func(s *NodeGroupSpec) bool {
		return s.CRI.Containerd != nil && len(s.CRI.Containerd.Registries) > 0
	}},
	{"cri.containerd.runtimes", "describe them in cri.containerd.config", func(s *NodeGroupSpec) bool {
		return s.CRI.Containerd != nil && len(s.CRI.Containerd.Runtimes) > 0
	}},
	{"cri.containerd.baseRuntimeSpec", "set limits in a drop-in of containerd.service", func(s *NodeGroupSpec) bool {
		return s.CRI.Containerd != nil && s.CRI.Containerd.BaseRuntimeSpec != nil
	}},
	{"cri.docker", "only containerd is", func(s *NodeGroupSpec) bool { return s.CRI.Docker != nil }},
	{"cri.notManaged", "only containerd is", func(s *NodeGroupSpec) bool { return s.CRI.NotManaged != nil }},
	{"kubelet.rootDir", "only " + DefaultKubeletRootDir + " is", func(s *NodeGroupSpec) bool {
		return s.Kubelet.RootDir != DefaultKubeletRootDir
	}},
	{"operatingSystem.swap", "only Disabled and Unmanaged are", func(s *NodeGroupSpec) bool {
		return s.OperatingSystem.Swap == SwapLimited
	}},
	{"operatingSystem.swapSize", "no swap file is made", func(s *NodeGroupSpec) bool {
		return s.OperatingSystem.SwapSize != nil
	}},
	{"operatingSystem.unattendedUpgrades", "stop their timers with operatingSystem.units", func(s *NodeGroupSpec) bool {
		return s.OperatingSystem.UnattendedUpgrades == Disabled
	}},
	{"operatingSystem.firewall", "stop its unit with operatingSystem.units", func(s *NodeGroupSpec) bool {
		return s.OperatingSystem.Firewall == Disabled
	}},
	{"operatingSystem.selinux", "only Unmanaged is", func(s *NodeGroupSpec) bool {
		return isKnown(s.OperatingSystem.SELinux, SELinuxEnforcing, SELinuxPermissive, SELinuxDisabled)
	}},
	{"operatingSystem.transparentHugepages", "only Unmanaged is", func(s *NodeGroupSpec) bool {
		return isKnown(s.OperatingSystem.TransparentHugepages, HugepagesAlways, HugepagesMadvise, HugepagesNever)
	}},
	{"operatingSystem.caCertificates", "the host's trust is left alone", func(s *NodeGroupSpec) bool {
		return len(s.OperatingSystem.CACertificates) > 0
	}},
	{"operatingSystem.proxy", "set it in drop-ins with operatingSystem.units", func(s *NodeGroupSpec) bool {
		return s.OperatingSystem.Proxy != nil
	}},
	{"network.cni.type", "only Bridge and NotManaged are", func(s *NodeGroupSpec) bool {
		return isKnown(s.Network.CNI.Type, CNIFlannel, CNICilium)
	}},
	{"network.nodeLocalDNS.enabled", "no cache is installed", func(s *NodeGroupSpec) bool {
		return s.Network.NodeLocalDNS.Enabled
	}},
	{"network.nodeLocalDNS.address", "no cache is installed", func(s *NodeGroupSpec) bool {
		return s.Network.NodeLocalDNS.Address != DefaultNodeLocalDNSAddress
	}},
	{"nodeTemplate.annotations", "a kubelet cannot annotate its own Node", func(s *NodeGroupSpec) bool {
		return len(s.NodeTemplate.Annotations) > 0
	}},
	{"update.maxUnavailable", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return s.Update.MaxUnavailable != nil && *s.Update.MaxUnavailable != intstr.FromInt32(1)
	}},
	{"update.waves", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return len(s.Update.Waves) > 0 }},
	{"update.order", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return isKnown(s.Update.Order, OrderName, OrderOldestFirst)
	}},
	{"update.windows", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return len(s.Update.Windows) > 0 }},
	{"update.exclusions", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return len(s.Update.Exclusions) > 0 }},
	{"update.failureBudget", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return s.Update.FailureBudget != 1 }},
	{"update.paused", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return s.Update.Paused }},
	{"update.gates", reasonNoCoordinator, func(s *NodeGroupSpec) bool { return s.Update.Gates != nil }},
	{"disruptions.approvalMode", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return s.Disruptions.ApprovalMode == ApprovalManual
	}},
	{"disruptions.automatic.drainBeforeApproval", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return s.Disruptions.Automatic.DrainBeforeApproval != nil && !*s.Disruptions.Automatic.DrainBeforeApproval
	}},
	{"disruptions.automatic.windows", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return len(s.Disruptions.Automatic.Windows) > 0
	}},
	{"disruptions.drain.timeout", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return s.Disruptions.Drain.Timeout != nil && s.Disruptions.Drain.Timeout.Duration != 10*time.Minute
	}},
	{"disruptions.drain.onTimeout", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return isKnown(s.Disruptions.Drain.OnTimeout, DrainForce, DrainWait)
	}},
	{"disruptions.drain.skipWaitForDeleteTimeout", reasonNoCoordinator, func(s *NodeGroupSpec) bool {
		return s.Disruptions.Drain.SkipWaitForDeleteTimeout != nil
	}},
	{"drift.policy", "drift is found by verify and repaired by apply", func(s *NodeGroupSpec) bool {
		return isKnown(s.Drift.Policy, DriftAlert, DriftIgnore)
	}},
	{"drift.items", "drift is found by verify and repaired by apply", func(s *NodeGroupSpec) bool {
		return len(s.Drift.Items) > 0
	}},
}

// isKnown tells a value that is right but not served yet from one that is wrong: the latter is reported as such, once.
func isKnown[T comparable](value T, notYet ...T) bool {
	return slices.Contains(notYet, value)
}

// refuseUnsupported expects a spec with its defaults.
func (c *checker) refuseUnsupported(spec *NodeGroupSpec) {
	for _, f := range unsupported {
		if f.used(spec) {
			c.forbid(field.NewPath("spec", f.path), "not supported yet: "+f.reason)
		}
	}
}
