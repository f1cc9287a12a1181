package v1alpha1

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *checker) network(p *field.Path, s *NetworkSpec) {
	cni := p.Child("cni")
	oneOf(c, cni.Child("type"), s.CNI.Type, CNIBridge, CNIFlannel, CNICilium, CNINotManaged)
	switch {
	case s.CNI.Type == CNIBridge && s.CNI.Bridge == nil:
		c.require(cni.Child("bridge"), "with the subnet of the pods, because the type is Bridge")
	case s.CNI.Type != CNIBridge && s.CNI.Bridge != nil:
		c.forbid(cni.Child("bridge"), "is only for type Bridge, and the type is "+string(s.CNI.Type))
	}
	if s.CNI.Bridge != nil {
		c.subnet(cni.Child("bridge", "subnet"), s.CNI.Bridge.Subnet)
	}
	oneOf(c, p.Child("cniLinks"), s.CNILinks, CNILinksProtected, CNILinksUnmanaged)
	if ip, err := netip.ParseAddr(s.NodeLocalDNS.Address); err != nil || ip.Zone() != "" {
		c.invalid(p.Child("nodeLocalDNS", "address"), s.NodeLocalDNS.Address, "must be an IP address")
	}
}

func (c *checker) subnet(p *field.Path, value string) {
	if value == "" {
		c.require(p, "a network such as 10.88.0.0/16")
		return
	}
	prefix, err := netip.ParsePrefix(value)
	switch {
	case err != nil:
		c.invalid(p, value, "must be a network such as 10.88.0.0/16")
	case prefix.Masked() != prefix:
		c.invalid(p, value, "must be the first address of the network: %s", prefix.Masked())
	case prefix.Addr().BitLen()-prefix.Bits() < 2:
		c.invalid(p, value, "must have room for pods beside the gateway")
	}
}
