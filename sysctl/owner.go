package sysctl

import "strings"

// moduleKeys are keys that come with a kernel module, by prefix; longer
// prefixes first. Sources: the register_sysctl calls of the modules in the kernel's source.
var moduleKeys = []struct{ prefix, module string }{
	{"net.netfilter.nf_conntrack_", "nf_conntrack"},
	{"net.nf_conntrack_max", "nf_conntrack"},
	{"net.bridge.", "br_netfilter"},
	{"net.ipv4.vs.", "ip_vs"},
	{"net.ipv6.", "ipv6"},
	{"net.mpls.", "mpls_router"},
	{"net.sctp.", "sctp"},
	{"fs.nfs.nlm_", "lockd"},
	{"fs.nfs.nsm_", "lockd"},
	{"sunrpc.", "sunrpc"},
	{"dev.raid.", "md_mod"},
}

// moduleOf names the kernel module that brings a key; empty where none is known.
func moduleOf(k Key) string {
	for _, known := range moduleKeys {
		if strings.HasPrefix(string(k), known.prefix) {
			return known.module
		}
	}
	return ""
}

// interfaceOf names the network interface that a key belongs to; empty for keys
// of no single interface.
func interfaceOf(k Key) string {
	parts := k.parts()
	if len(parts) != 5 || parts[0] != "net" || (parts[1] != "ipv4" && parts[1] != "ipv6") {
		return ""
	}
	if (parts[2] != "conf" && parts[2] != "neigh") || parts[3] == "all" || parts[3] == "default" {
		return ""
	}
	return parts[3]
}
