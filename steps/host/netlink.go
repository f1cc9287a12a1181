package host

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Interfaces implements Links.
func (h *OS) Interfaces(ctx context.Context) ([]Interface, error) {
	if err := h.live("listing network interfaces"); err != nil {
		return nil, err
	}
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing network interfaces: %w", err)
	}
	interfaces := make([]Interface, 0, len(links))
	for _, link := range links {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("listing network interfaces: %w", err)
		}
		attrs := link.Attrs()
		addresses, err := netlink.AddrList(link, netlink.FAMILY_ALL)
		if err != nil {
			return nil, fmt.Errorf("listing the addresses of %q: %w", attrs.Name, err)
		}
		found := Interface{Name: attrs.Name, Up: attrs.Flags&net.FlagUp != 0}
		for _, address := range addresses {
			if prefix, ok := prefixOf(address.IPNet); ok {
				found.Addresses = append(found.Addresses, prefix)
			}
		}
		interfaces = append(interfaces, found)
	}
	return interfaces, nil
}

// DefaultRoutes implements Links.
func (h *OS) DefaultRoutes(context.Context) ([]Route, error) {
	const act = "listing default routes"
	if err := h.live(act); err != nil {
		return nil, err
	}
	mainTable := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, mainTable, netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", act, err)
	}
	var defaults []Route
	for _, route := range routes {
		if !isDefault(route.Dst) || route.Type != unix.RTN_UNICAST {
			continue
		}
		for _, hop := range hops(route) {
			link, err := netlink.LinkByIndex(hop.LinkIndex)
			if err != nil {
				return nil, fmt.Errorf("%s: interface %d: %w", act, hop.LinkIndex, err)
			}
			defaults = append(defaults, Route{
				Interface: link.Attrs().Name, Gateway: addrOf(hop.Gw), Source: addrOf(route.Src), Metric: route.Priority,
			})
		}
	}
	slices.SortStableFunc(defaults, func(a, b Route) int { return a.Metric - b.Metric })
	return defaults, nil
}

// hops are the ways of a route: several for one with equal-cost paths.
func hops(route netlink.Route) []*netlink.NexthopInfo {
	if len(route.MultiPath) > 0 {
		return route.MultiPath
	}
	return []*netlink.NexthopInfo{{LinkIndex: route.LinkIndex, Gw: route.Gw}}
}

func isDefault(destination *net.IPNet) bool {
	if destination == nil {
		return true
	}
	ones, _ := destination.Mask.Size()
	return ones == 0 && destination.IP.IsUnspecified()
}

func addrOf(ip net.IP) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr := addrOf(n.IP)
	ones, _ := n.Mask.Size()
	prefix := netip.PrefixFrom(addr, ones)
	return prefix, prefix.IsValid()
}
