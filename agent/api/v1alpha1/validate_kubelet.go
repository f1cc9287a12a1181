package v1alpha1

import (
	"maps"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

func (c *checker) kubelet(p *field.Path, s *KubeletSpec) {
	if s.MaxPods != nil {
		c.atLeast(p.Child("maxPods"), *s.MaxPods, 1)
	}
	c.absolutePath(p.Child("rootDir"), s.RootDir, "the kubelet's state")
	c.nodeIP(p.Child("nodeIP"), s.NodeIP)
	if size := s.ContainerLogMaxSize; size != nil && size.Sign() <= 0 {
		c.invalid(p.Child("containerLogMaxSize"), size.String(), "must be more than nothing")
	}
	c.atLeast(p.Child("containerLogMaxFiles"), s.ContainerLogMaxFiles, 2)
	c.reservation(p.Child("resourceReservation"), &s.ResourceReservation)

	topology := p.Child("topologyManager")
	oneOf(c, topology.Child("policy"), s.TopologyManager.Policy,
		TopologyNone, TopologyBestEffort, TopologyRestricted, TopologySingleNumaNode)
	oneOf(c, topology.Child("scope"), s.TopologyManager.Scope, TopologyScopeContainer, TopologyScopePod)
	oneOf(c, p.Child("memorySwap", "swapBehavior"), s.MemorySwap.SwapBehavior, NoSwap, LimitedSwap)
	c.kubeletConfig(p.Child("config"), s.Config)
}

func (c *checker) nodeIP(p *field.Path, value string) {
	if value == "" {
		return
	}
	if _, err := netip.ParsePrefix(value); err == nil {
		c.forbid(p, "not supported yet: to choose the address by network; give one address")
		return
	}
	// The kubelet refuses these: validateNodeIP in its node status.
	ip, err := netip.ParseAddr(value)
	if err != nil || ip.Zone() != "" || ip.IsLoopback() || ip.IsMulticast() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() {
		c.invalid(p, value, "must be an address of the machine, neither loopback nor link-local, such as 10.0.0.7")
	}
}

func (c *checker) reservation(p *field.Path, s *ResourceReservation) {
	oneOf(c, p.Child("mode"), s.Mode, ReservationAuto, ReservationStatic, ReservationOff)
	static := p.Child("static")
	switch {
	case s.Mode != ReservationStatic && s.Static != nil:
		c.forbid(static, "is only for mode Static, and the mode is "+string(s.Mode))
	case s.Mode == ReservationStatic && (s.Static == nil || *s.Static == StaticReservation{}):
		c.require(static, "at least one of cpu, memory, ephemeralStorage, because the mode is Static")
	}
	if s.Static != nil {
		c.notNegative(static.Child("cpu"), s.Static.CPU)
		c.notNegative(static.Child("memory"), s.Static.Memory)
		c.notNegative(static.Child("ephemeralStorage"), s.Static.EphemeralStorage)
	}
}

func (c *checker) notNegative(p *field.Path, q *resource.Quantity) {
	if q != nil && q.Sign() < 0 {
		c.invalid(p, q.String(), "must not be negative")
	}
}

func (c *checker) atLeast(p *field.Path, value, least int32) {
	if value < least {
		c.invalid(p, value, "must be at least %d", least)
	}
}

// kubeletConfig refuses what hostler writes itself: two writers of one setting would overrule each other in silence.
func (c *checker) kubeletConfig(p *field.Path, overlay Overlay) {
	for _, key := range slices.Sorted(maps.Keys(overlay)) {
		if instead, isOwned := config.OwnedFields[key]; isOwned {
			c.forbid(p.Child(key), "belongs to hostler: "+instead)
		}
	}
}
