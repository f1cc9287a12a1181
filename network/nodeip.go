package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// ErrNoNodeIP is wrapped by errors that say why a host's address cannot be
// chosen; spec.kubelet.nodeIP is the way out of each.
var ErrNoNodeIP = errors.New("no address for the node")

// NodeIP picks the address that the kubelet registers: the one that the host
// would use to reach the world. It is
//
//   - the wanted address, if that is valid and the host has it,
//   - else the source address of the best default route, IPv4 before IPv6,
//   - else, on hosts without a default route, the only global address there is.
//
// Where two answers are as good as each other it picks none and names them: a
// node must not change its address because an interface came up sooner. The
// kubelet itself would pick the first.
func NodeIP(ctx context.Context, v host.Links, wanted netip.Addr) (netip.Addr, error) {
	interfaces, err := v.Interfaces(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	if wanted.IsValid() {
		return confirm(interfaces, wanted)
	}
	routes, err := v.DefaultRoutes(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	families := []func(netip.Addr) bool{netip.Addr.Is4, netip.Addr.Is6}
	for _, family := range families {
		if found := byRoute(interfaces, routes, family); len(found) > 0 {
			return only(found, "default routes of the same metric leave by several addresses")
		}
	}
	for _, family := range families {
		if found := usable(interfaces, family); len(found) > 0 {
			return only(found, "there is no default route to tell which of several addresses to use")
		}
	}
	return netip.Addr{}, fmt.Errorf("%w: no interface has a global one, but for those of container networks; "+
		"give the host one, or set spec.kubelet.nodeIP", ErrNoNodeIP)
}

// candidate is an address and where it is.
type candidate struct {
	addr netip.Addr
	link string
}

// only returns the one address; several are an error that lists them.
func only(found []candidate, why string) (netip.Addr, error) {
	if len(found) == 1 {
		return found[0].addr, nil
	}
	return netip.Addr{}, fmt.Errorf("%w: %s (%s); set spec.kubelet.nodeIP to one of them", ErrNoNodeIP, why, list(found))
}

func list(found []candidate) string {
	texts := make([]string, len(found))
	for i, c := range found {
		texts[i] = fmt.Sprintf("%s on %s", c.addr, c.link)
	}
	return strings.Join(texts, ", ")
}

// confirm checks that the host has the wanted address. The kubelet would go on
// with an address that is not there, and nobody would reach the node.
func confirm(interfaces []host.Interface, wanted netip.Addr) (netip.Addr, error) {
	wanted = wanted.Unmap()
	if !wanted.IsGlobalUnicast() {
		return netip.Addr{}, fmt.Errorf("%w: spec.kubelet.nodeIP %s is not an address that other hosts can reach", ErrNoNodeIP, wanted)
	}
	for _, i := range interfaces {
		if slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == wanted }) {
			return wanted, nil
		}
	}
	everything := usable(interfaces, func(netip.Addr) bool { return true })
	return netip.Addr{}, fmt.Errorf("%w: the host does not have spec.kubelet.nodeIP %s; it has %s", ErrNoNodeIP, wanted, list(everything))
}

// byRoute returns the source addresses of the best default routes of a family
// that have any.
func byRoute(interfaces []host.Interface, routes []host.Route, family func(netip.Addr) bool) []candidate {
	var found []candidate
	metric := 0
	for _, route := range routes {
		if len(found) > 0 && route.Metric != metric {
			break
		}
		if !leads(route, family) {
			continue
		}
		addr := source(interfaces, route, family)
		if !addr.IsValid() || slices.ContainsFunc(found, func(c candidate) bool { return c.addr == addr }) {
			continue
		}
		found = append(found, candidate{addr, route.Interface})
		metric = route.Metric
	}
	return found
}

// leads tells whether a route is of the family. One that names neither gateway
// nor source (a point-to-point link) may be of either.
func leads(route host.Route, family func(netip.Addr) bool) bool {
	for _, addr := range []netip.Addr{route.Source, route.Gateway} {
		if addr.IsValid() {
			return family(addr)
		}
	}
	return true
}

// source is the address that the kernel gives packets that leave by the route:
// the route's own, else the first of the gateway's network, which is the
// primary one (virtual addresses are added later), else the first at all.
func source(interfaces []host.Interface, route host.Route, family func(netip.Addr) bool) netip.Addr {
	if route.Source.IsValid() {
		return route.Source
	}
	var first netip.Addr
	for _, i := range interfaces {
		if i.Name != route.Interface {
			continue
		}
		for _, prefix := range i.Addresses {
			addr := prefix.Addr()
			if !addr.IsGlobalUnicast() || !family(addr) {
				continue
			}
			if prefix.Contains(route.Gateway) {
				return addr
			}
			if !first.IsValid() {
				first = addr
			}
		}
	}
	return first
}

// usable lists the global addresses of the interfaces that are the host's own and up.
func usable(interfaces []host.Interface, family func(netip.Addr) bool) []candidate {
	var found []candidate
	for _, i := range interfaces {
		if !i.Up || isContainerNetwork(i.Name) {
			continue
		}
		for _, prefix := range i.Addresses {
			if addr := prefix.Addr(); addr.IsGlobalUnicast() && family(addr) {
				found = append(found, candidate{addr, i.Name})
			}
		}
	}
	return found
}

// isContainerNetwork knows the interfaces that container engines, network
// plugins and kube-proxy make. Their addresses are the same on many nodes, or
// are services'.
func isContainerNetwork(name string) bool {
	prefixes := []string{
		"docker", "cni", "podman", "veth", "virbr", "lxc", "cilium", "cali", "flannel", "weave", "antrea",
		"tunl", "vxlan.calico", "vxlan-v6.calico", "wireguard.cali", "wg-v6.cali", "kube-", "nodelocaldns",
	}
	return isDockerBridge(name) || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// isDockerBridge knows the bridges of Docker's user-defined networks, br- and the
// first twelve digits of an id; br-lan and the like are people's own.
func isDockerBridge(name string) bool {
	id, found := strings.CutPrefix(name, "br-")
	return found && len(id) == 12 && strings.Trim(id, "0123456789abcdef") == ""
}
