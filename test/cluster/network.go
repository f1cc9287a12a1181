package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
)

// networks is where runs take their /24 from.
var networks = netip.MustParsePrefix("10.213.0.0/16")

// freeNetwork returns the bridge address of a network that neither this machine nor another run uses. The caller holds the
// lock of the runs.
func freeNetwork() (netip.Prefix, error) {
	taken, err := takenNetworks()
	if err != nil {
		return netip.Prefix{}, err
	}
	base := networks.Addr().As4()
	for third := range 256 {
		base[2], base[3] = byte(third), 1
		candidate := netip.PrefixFrom(netip.AddrFrom4(base), 24)
		if !overlapsAny(candidate, taken) {
			return candidate, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("no free network in %s: run the sweep", networks)
}

func overlapsAny(candidate netip.Prefix, taken []netip.Prefix) bool {
	for _, other := range taken {
		if candidate.Overlaps(other) {
			return true
		}
	}
	return false
}

// takenNetworks returns the networks of this machine's interfaces and of the runs.
func takenNetworks() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing this machine's addresses: %w", err)
	}
	var taken []netip.Prefix
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			taken = append(taken, prefix)
		}
	}
	notes, err := filepath.Glob(filepath.Join(runsFolder, "*", "network"))
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		content, err := os.ReadFile(note)
		if err != nil {
			return nil, fmt.Errorf("reading the network of a run: %w", err)
		}
		if prefix, err := netip.ParsePrefix(strings.TrimSpace(string(content))); err == nil {
			taken = append(taken, prefix)
		}
	}
	return taken, nil
}

// makeBridge makes a bridge that is up and has an address.
//
// Its hardware address is given, and so stays. A bridge without one takes the lowest of its ports', another whenever a node
// comes or goes, and then the other nodes do not reach it until they ask again, half a minute later.
func makeBridge(name string, address netip.Prefix) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	attrs.HardwareAddr = make(net.HardwareAddr, 6)
	rand.Read(attrs.HardwareAddr)
	attrs.HardwareAddr[0] = 0x02 // one machine's, and nobody bought it
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("making bridge %s: %w", name, err)
	}
	addr, err := netlink.ParseAddr(address.String())
	if err != nil {
		return fmt.Errorf("making bridge %s: %w", name, err)
	}
	if err := errors.Join(netlink.AddrAdd(bridge, addr), netlink.LinkSetUp(bridge)); err != nil {
		return fmt.Errorf("making bridge %s: %w", name, err)
	}
	return nil
}

// removeLink removes a link, if it is there.
func removeLink(name string) error {
	link, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if err != nil {
		return fmt.Errorf("removing link %s: %w", name, err)
	}
	return nil
}

// setLink takes a link up or down.
func setLink(name string, up bool) error {
	link, err := netlink.LinkByName(name)
	if err == nil && up {
		err = netlink.LinkSetUp(link)
	} else if err == nil {
		err = netlink.LinkSetDown(link)
	}
	if err != nil {
		return fmt.Errorf("setting link %s: %w", name, err)
	}
	return nil
}
