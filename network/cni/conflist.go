package cni

import (
	"encoding/json"
	"fmt"
	"net/netip"
)

// File is the name of hostler's network configuration.
const File = "10-hostler.conflist"

// bridgeName is the interface that the pods' ends are plugged into.
const bridgeName = "cni0"

// The configuration as the plugins document it: cni.dev/plugins/current/main/bridge,
// ipam/host-local and meta/portmap.
type conflist struct {
	CNIVersion string   `json:"cniVersion"`
	Name       string   `json:"name"`
	Plugins    []plugin `json:"plugins"`
}

type plugin struct {
	Type         string          `json:"type"`
	Bridge       string          `json:"bridge,omitempty"`
	IsGateway    bool            `json:"isGateway,omitempty"`
	IPMasq       bool            `json:"ipMasq,omitempty"`
	HairpinMode  bool            `json:"hairpinMode,omitempty"`
	IPAM         *ipam           `json:"ipam,omitempty"`
	Capabilities map[string]bool `json:"capabilities,omitempty"`
}

type ipam struct {
	Type   string      `json:"type"`
	Ranges [][]ipRange `json:"ranges"`
	Routes []route     `json:"routes"`
}

type ipRange struct {
	Subnet netip.Prefix `json:"subnet"`
}

type route struct {
	Dst netip.Prefix `json:"dst"`
}

// Conflist is the configuration of a bridge network whose pods get addresses of
// the subnet, reach the world behind the host's address, can be reached at host
// ports, and can reach themselves through a service (hairpin).
func Conflist(subnet netip.Prefix) ([]byte, error) {
	if err := CheckSubnet(subnet); err != nil {
		return nil, err
	}
	everywhere := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if subnet.Addr().Is6() {
		everywhere = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	content, err := json.MarshalIndent(conflist{
		CNIVersion: "0.4.0",
		Name:       "hostler",
		Plugins: []plugin{
			{
				Type: "bridge", Bridge: bridgeName, IsGateway: true, IPMasq: true, HairpinMode: true,
				IPAM: &ipam{Type: "host-local", Ranges: [][]ipRange{{{Subnet: subnet}}}, Routes: []route{{Dst: everywhere}}},
			},
			{Type: "portmap", Capabilities: map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the network configuration: %w", err)
	}
	return append(content, '\n'), nil
}

// CheckSubnet tells whether pods can get addresses of the subnet: host-local takes
// the network's own address, not a host's in it, and needs one address for the bridge and one
// for a pod.
func CheckSubnet(subnet netip.Prefix) error {
	switch {
	case !subnet.IsValid():
		return fmt.Errorf("the bridge needs a subnet for its pods, such as 10.88.0.0/16")
	case subnet != subnet.Masked():
		return fmt.Errorf("subnet %s is an address in a network: write the network, %s", subnet, subnet.Masked())
	case subnet.Addr().BitLen()-subnet.Bits() < 2:
		return fmt.Errorf("subnet %s is too small: it must have room for the bridge and a pod", subnet)
	}
	return nil
}
