package linkmanagers

import (
	"context"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// pluginInterfaces are the names that network plugins and Kubernetes itself give: from
// Calico's documentation (cali, tunl, vxlan, wireguard), flannel's, Cilium's (cilium,
// lxc), kube-proxy's IPVS mode, node-local DNS, the CNI project's bridge plugin (cni0, veth).
var pluginInterfaces = []string{
	"cali*", "tunl*", "vxlan.calico", "vxlan-v6.calico", "wireguard.cali", "wg-v6.cali",
	"flannel*", "cni*", "veth*", "cilium*", "lxc*", "kube-ipvs0", "nodelocaldns",
}

// patterns returns the interfaces to leave alone, without those that would take the
// machine's own way out along: a machine may have a veth for its uplink, as
// containers do.
func patterns(ctx context.Context, v host.View) ([]string, error) {
	if !v.Live() {
		return pluginInterfaces, nil
	}
	routes, err := v.DefaultRoutes(ctx)
	if err != nil {
		return nil, err
	}
	var safe []string
	var remark error
	for _, pattern := range pluginInterfaces {
		uplink := ""
		for _, route := range routes {
			if matched, _ := path.Match(pattern, route.Interface); matched {
				uplink = route.Interface
			}
		}
		if uplink == "" {
			safe = append(safe, pattern)
			continue
		}
		remark = steps.Warning("a default route of this machine leaves by %s, so interfaces %s stay managed", uplink, pattern)
	}
	return safe, remark
}
