//go:build cluster

package cluster

import (
	"testing"

	"github.com/vishvananda/netlink"
)

func TestBridgeKeepsItsAddress(t *testing.T) {
	address := func() string {
		link, err := netlink.LinkByName(shared.bridgeName())
		if err != nil {
			t.Fatal(err)
		}
		return link.Attrs().HardwareAddr.String()
	}
	before := address()
	var nodes []*Node
	for range 3 { // the lowest of three random addresses changes with them
		nodes = append(nodes, bootNode(t, shared, NodeConfig{}))
	}
	for _, node := range nodes {
		if err := node.PowerCut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := address(); after != before {
			t.Errorf("hardware address of the bridge after a node went: got %s, want %s as before", after, before)
		}
	}
}
