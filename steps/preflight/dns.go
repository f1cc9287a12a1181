package preflight

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// The limits of the resolver that pods get (kubernetes/kubernetes, pkg/apis/core/validation: MaxDNSNameservers,
// MaxDNSSearchPaths); what is above is left out, with an event on each pod.
const (
	maxNameservers = 3
	maxSearchPaths = 32
)

const (
	resolvConf   = "/etc/resolv.conf"
	resolvedStub = "127.0.0.53"
	resolvedUnit = "systemd-resolved.service"
)

func checkDNS(ctx context.Context, v host.View, _ Spec) ([]Finding, error) {
	const remedy = "Name the site's DNS servers there, or have NetworkManager, networkd or DHCP do it."
	content, err := v.ReadFile(resolvConf)
	if errors.Is(err, fs.ErrNotExist) {
		return []Finding{warning(remedy, "there is no %s: neither the host nor its pods can resolve names", resolvConf)}, nil
	}
	if err != nil {
		return nil, err
	}
	servers, search := resolver(string(content))
	var found []Finding
	if len(servers) == 0 {
		found = append(found, warning(remedy, "%s names no server: neither the host nor its pods can resolve names", resolvConf))
	}
	if len(servers) > maxNameservers {
		found = append(found, warning("Keep three.", "%s names %d servers, and %d are used", resolvConf, len(servers), maxNameservers))
	}
	if len(search) > maxSearchPaths {
		found = append(found, warning("Keep fewer.", "%s has %d search domains, and pods get %d", resolvConf, len(search), maxSearchPaths))
	}
	for _, server := range servers {
		finding, err := judgeServer(ctx, v, server)
		if err != nil {
			return found, err
		}
		found = append(found, finding...)
	}
	return found, nil
}

func judgeServer(ctx context.Context, v host.View, server string) ([]Finding, error) {
	if server == resolvedStub {
		// The kubelet gives pods the servers behind the stub instead, as long as there is one.
		unit, err := v.Unit(ctx, resolvedUnit)
		if err != nil || unit.Active() {
			return nil, err
		}
		return []Finding{warning("Start "+resolvedUnit+", or name other servers.", "%s names %s, and %s does not run: nobody answers there", resolvConf, server, resolvedUnit)}, nil
	}
	address, err := netip.ParseAddr(server)
	if err == nil && address.IsLoopback() {
		return []Finding{warning("Give the kubelet a file with the real servers: resolvConf in spec.kubelet.config.",
			"%s names %s, which is another thing in a pod: CoreDNS asks itself and ends", resolvConf, server)}, nil
	}
	return nil, nil
}

// resolver reads resolv.conf(5). Of several search lines the last one counts.
func resolver(content string) (servers, search []string) {
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] == "nameserver":
			servers = append(servers, fields[1])
		case fields[0] == "search":
			search = fields[1:]
		}
	}
	return servers, search
}
