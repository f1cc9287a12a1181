package distros

import (
	"slices"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// immutable is a system that hostler must not touch.
type immutable struct {
	ids []string
	// field and values narrow it to variants; an empty field means all. No
	// values means that the field need only be set.
	field  string
	values []string
	// instead is what changes such a system.
	instead string
}

// immutables are the systems whose /usr is an image: packages cannot be
// installed, and what is written elsewhere is lost or overruled by the
// system's own way of configuration.
var immutables = []immutable{
	{ids: []string{"flatcar", "coreos"}, instead: "it is updated as a whole and configured by Ignition"},
	{ids: []string{"talos"}, instead: "it is configured through its own API (talosctl)"},
	{ids: []string{"bottlerocket"}, instead: "it is configured through its own settings API (apiclient)"},
	{ids: []string{"cos"}, instead: "it is updated as a whole and configured by cloud-init at every boot"},
	{ids: []string{"rhcos"}, instead: "it is configured by the Machine Config Operator"},
	{ids: []string{"nixos"}, instead: "it is built from its Nix configuration"},
	{ids: []string{"suse-microos", "opensuse-microos", "opensuse-leap-micro", "sl-micro", "sle-micro"}, instead: "it is changed by transactional-update only"},
	// Fedora's images keep ID=fedora and tell by the variant; others built on
	// rpm-ostree (Bluefin, Aurora) by OSTREE_VERSION.
	{ids: []string{"fedora"}, field: "VARIANT_ID", values: []string{"coreos", "iot", "silverblue", "kinoite", "onyx", "sericea", "sway-atomic", "budgie-atomic", "cosmic-atomic"},
		instead: "it is changed by rpm-ostree only"},
	{field: "OSTREE_VERSION", instead: "it is changed by rpm-ostree only"},
	{ids: []string{"rhel", "centos", "fedora"}, field: "VARIANT_ID", values: []string{"atomic.host"}, instead: "it is changed by rpm-ostree only"},
	// The same Ubuntu ID, but snaps instead of packages.
	{ids: []string{"ubuntu-core"}, instead: "it consists of snaps"},
}

// immutableReason says why the system is refused, or nothing.
func immutableReason(file osrelease.File) string {
	for _, entry := range immutables {
		if len(entry.ids) > 0 && !slices.Contains(entry.ids, file.ID()) {
			continue
		}
		value, set := file.Fields[entry.field]
		if entry.field != "" && (!set || len(entry.values) > 0 && !slices.Contains(entry.values, value)) {
			continue
		}
		return "its system is an image that packages cannot be installed into; " + entry.instead
	}
	return ""
}
