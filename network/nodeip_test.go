package network

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// link is an interface that is up.
func link(name string, addresses ...string) hosttest.Option {
	return hosttest.Interface(name, addresses...)
}

// via is a default route; source may be empty.
func via(name, gateway, source string, metric int) hosttest.Option {
	route := host.Route{Interface: name, Metric: metric}
	if gateway != "" {
		route.Gateway = netip.MustParseAddr(gateway)
	}
	if source != "" {
		route.Source = netip.MustParseAddr(source)
	}
	return hosttest.DefaultRoute(route)
}

func TestNodeIP(t *testing.T) {
	t.Parallel()
	lo := link("lo", "127.0.0.1/8", "::1/128")
	type links []hosttest.Option
	cases := map[string]struct {
		links  links
		wanted string
		want   string
		fails  []string // all must be in the error
	}{
		"is the address of the default route's interface": {
			links: links{lo, link("eth0", "192.168.1.7/24", "fe80::1/64"), link("eth1", "10.0.0.7/8"), via("eth1", "10.0.0.1", "", 0)},
			want:  "10.0.0.7",
		},
		"is the route's own source": {
			links: links{lo, link("eth0", "10.0.0.7/24", "10.0.0.8/24"), via("eth0", "10.0.0.1", "10.0.0.8", 0)},
			want:  "10.0.0.8",
		},
		"is the primary address, not a virtual one beside it": {
			links: links{link("eth0", "10.0.0.7/24", "10.0.0.100/24", "10.0.0.101/32"), via("eth0", "10.0.0.1", "", 0)},
			want:  "10.0.0.7",
		},
		"is in the gateway's network even if another comes first": {
			links: links{link("eth0", "172.16.0.7/24", "10.0.0.7/24"), via("eth0", "10.0.0.1", "", 0)},
			want:  "10.0.0.7",
		},
		"is the single address of a machine whose gateway is outside": {
			links: links{link("eth0", "10.1.2.3/32"), via("eth0", "169.254.1.1", "", 0)},
			want:  "10.1.2.3",
		},
		"is that of a link without gateway": {
			links: links{link("ppp0", "10.1.2.3/32"), via("ppp0", "", "", 0)},
			want:  "10.1.2.3",
		},
		"follows the better metric": {
			links: links{link("wifi", "10.9.0.7/24"), link("eth0", "10.0.0.7/24"), via("wifi", "10.9.0.1", "", 600), via("eth0", "10.0.0.1", "", 100)},
			want:  "10.0.0.7",
		},
		"prefers IPv4 whatever the metric": {
			links: links{link("eth0", "2001:db8::7/64", "10.0.0.7/24"), via("eth0", "fe80::1", "", 1), via("eth0", "10.0.0.1", "", 100)},
			want:  "10.0.0.7",
		},
		"is IPv6 where there is no IPv4 route": {
			links: links{lo, link("eth0", "fe80::7/64", "2001:db8::7/64"), via("eth0", "fe80::1", "", 1024)},
			want:  "2001:db8::7",
		},
		"goes on to the next route when the best has no address": {
			links: links{link("tun0"), link("eth0", "10.0.0.7/24"), via("tun0", "", "", 0), via("eth0", "10.0.0.1", "", 100)},
			want:  "10.0.0.7",
		},
		"is the same address by two routes": {
			links: links{link("eth0", "10.0.0.7/24"), via("eth0", "10.0.0.1", "", 0), via("eth0", "10.0.0.2", "", 0)},
			want:  "10.0.0.7",
		},
		"fails for two equal routes and names both": {
			links: links{link("eth0", "10.0.0.7/24"), link("eth1", "10.1.0.7/24"), via("eth0", "10.0.0.1", "", 0), via("eth1", "10.1.0.1", "", 0)},
			fails: []string{"same metric", "10.0.0.7 on eth0, 10.1.0.7 on eth1", "spec.kubelet.nodeIP"},
		},
		"is the only global address where there is no route": {
			links: links{
				lo, link("host0", "10.99.0.7/24", "fe80::7/64"), link("docker0", "172.17.0.1/16"), link("cni0", "10.88.0.1/24"), link("br-0123456789ab", "172.18.0.1/16"),
				link("cali1234", "10.5.0.1/32"), link("flannel.1", "10.244.0.0/32"), link("kube-ipvs0", "10.96.0.1/32", "10.96.0.10/32"), link("nodelocaldns", "169.254.20.10/32"),
			},
			want: "10.99.0.7",
		},
		"prefers the only IPv4 address to IPv6 where there is no route": {
			links: links{link("eth0", "2001:db8::7/64", "10.0.0.7/24")},
			want:  "10.0.0.7",
		},
		"fails for two addresses without a route and names both": {
			links: links{link("eth0", "10.0.0.7/24"), link("br-lan", "10.1.0.7/24")},
			fails: []string{"no default route", "10.0.0.7 on eth0, 10.1.0.7 on br-lan", "spec.kubelet.nodeIP"},
		},
		"fails where there is nothing": {
			links: links{lo, link("eth0", "169.254.3.4/16", "fe80::1/64")},
			fails: []string{"no interface has a global one", "spec.kubelet.nodeIP"},
		},
		"is the wanted address, whatever the routes": {
			links:  links{link("eth0", "10.0.0.7/24"), link("eth1", "10.1.0.7/24"), via("eth0", "10.0.0.1", "", 0)},
			wanted: "10.1.0.7", want: "10.1.0.7",
		},
		"fails for a wanted address that is elsewhere": {
			links:  links{lo, link("eth0", "10.0.0.7/24"), via("eth0", "10.0.0.1", "", 0)},
			wanted: "10.0.0.9", fails: []string{"does not have spec.kubelet.nodeIP 10.0.0.9", "it has 10.0.0.7 on eth0"},
		},
		"fails for a wanted address that nobody reaches": {
			links:  links{lo},
			wanted: "127.0.0.1", fails: []string{"127.0.0.1 is not an address that other hosts can reach"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wanted netip.Addr
			if c.wanted != "" {
				wanted = netip.MustParseAddr(c.wanted)
			}
			got, err := NodeIP(t.Context(), hosttest.New(c.links...), wanted)
			if len(c.fails) == 0 {
				if err != nil || got.String() != c.want {
					t.Errorf("got %v, %v, want %s", got, err, c.want)
				}
				return
			}
			for _, text := range c.fails {
				if !errors.Is(err, ErrNoNodeIP) || !strings.Contains(err.Error(), text) {
					t.Errorf("got %v, %v, want ErrNoNodeIP with %q", got, err, text)
				}
			}
		})
	}
}

func TestNodeIPLeavesOutInterfacesThatAreDown(t *testing.T) {
	t.Parallel()
	h := down{hosttest.New(link("eth0", "10.0.0.7/24"), link("eth1", "10.1.0.7/24"))}
	got, err := NodeIP(t.Context(), h, netip.Addr{})
	if err != nil || got.String() != "10.0.0.7" {
		t.Errorf("got %v, %v, want 10.0.0.7", got, err)
	}
}

// down is a host whose eth1 is down.
type down struct{ *hosttest.Fake }

func (d down) Interfaces(ctx context.Context) ([]host.Interface, error) {
	interfaces, err := d.Fake.Interfaces(ctx)
	for i := range interfaces {
		interfaces[i].Up = interfaces[i].Name != "eth1"
	}
	return interfaces, err
}
