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
	{"kubelet.rootDir", "only " + DefaultKubeletRootDir + " is", func(s *NodeGroupSpec) bool {
		return s.Kubelet.RootDir != DefaultKubeletRootDir
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
