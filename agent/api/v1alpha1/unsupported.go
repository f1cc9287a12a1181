package v1alpha1

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// unsupportedField is a field of the API that no step serves yet. To set it to anything but its default is an error: a
// setting that is ignored in silence would be worse than none.
type unsupportedField struct {
	path   string // below spec
	reason string
	used   func(*NodeGroupSpec) bool
}

// unsupported lists every such field. Whoever writes the step that serves one deletes its line here.
var unsupported = []unsupportedField{
	{"cri.type", "only Containerd is", func(s *NodeGroupSpec) bool { return isKnown(s.CRI.Type, CRIDocker, CRINotManaged) }},
	{"cri.containerd.registries", "write the files under /etc/containerd/certs.d with operatingSystem.files", func(s *NodeGroupSpec) bool {
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
