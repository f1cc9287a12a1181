package containerd

import (
	"slices"
	"strings"
)

// layout is where the settings are in a version of the file.
type layout struct {
	address      []string
	sandboxImage []string
	downloads    []string
	// cni and containerd are tables.
	cni        []string
	containerd []string
	// registry is the table with the folder of hosts.toml files.
	registry []string
	// systemdCgroup is the old switch for all runtimes; nil where it is gone.
	systemdCgroup []string
	// binDirs is whether the folders of network plugins are a list.
	binDirs bool
}

// layoutOf returns the layout of a file version; the release decides what changed
// between two releases that write the same version.
func layoutOf(number int, release Release) layout {
	in := func(plugin string, keys ...string) []string { return append([]string{"plugins", plugin}, keys...) }
	if number == 2 {
		return layout{
			address:       []string{"grpc", "address"},
			sandboxImage:  in(pluginCRI, "sandbox_image"),
			downloads:     in(pluginCRI, "max_concurrent_downloads"),
			cni:           in(pluginCRI, "cni"),
			containerd:    in(pluginCRI, "containerd"),
			registry:      in(pluginCRI, "registry"),
			systemdCgroup: in(pluginCRI, "systemd_cgroup"),
		}
	}
	l := layout{
		address:      []string{"grpc", "address"},
		sandboxImage: in(pluginImages, "pinned_images", "sandbox"),
		downloads:    in(pluginImages, "max_concurrent_downloads"),
		cni:          in(pluginRuntime, "cni"),
		containerd:   in(pluginRuntime, "containerd"),
		registry:     in(pluginImages, "registry"),
		// 2.1 brought the list, 2.4 dropped the single key.
		binDirs: release.atLeast(2, 1),
	}
	if number >= 4 {
		l.address = in(pluginGRPC, "address")
	}
	return l
}

// streamingKeys are what is left of pluginCRI from layout 3 on.
var streamingKeys = []string{
	"disable_tcp_service", "stream_server_address", "stream_server_port", "stream_idle_timeout",
	"enable_tls_streaming", "x509_key_pair_streaming",
}

// overlayFor returns the part of an overlay that fits the layout, and the paths
// of what does not fit and has no counterpart that does.
func overlayFor(number int, config map[string]any) (fitting map[string]any, leftOut []string) {
	fitting = table{}
	cri, server := sides{}, sides{}
	for _, key := range sortedKeys(config) {
		switch value := config[key].(type) {
		case table:
			fitting[key] = fittingTable(number, key, value, &cri, &server)
		default:
			fitting[key] = value
		}
	}
	return fitting, append(cri.lost(), server.lost()...)
}

// sides collects what an overlay says about one thing for this layout and for
// others.
type sides struct {
	here      bool
	elsewhere []string
}

func (s *sides) take(fits bool, path ...string) bool {
	if fits {
		s.here = true
	} else {
		s.elsewhere = append(s.elsewhere, dotted(path))
	}
	return fits
}

// lost is what was said for other layouts alone.
func (s *sides) lost() []string {
	if s.here {
		return nil
	}
	return s.elsewhere
}

// fittingTable returns the part of one top-level table that fits.
func fittingTable(number int, name string, config table, cri, server *sides) table {
	fitting := table{}
	for _, key := range sortedKeys(config) {
		value := config[key]
		under, isTable := value.(table)
		switch {
		case name == "plugins" && key == pluginCRI && isTable && number > 2:
			value = streamingPart(under, cri)
			if len(value.(table)) == 0 {
				continue
			}
		case name == "plugins" && key == pluginCRI:
			cri.take(true, name, key)
		case name == "plugins" && (key == pluginRuntime || key == pluginImages):
			if !cri.take(number > 2, name, key) {
				continue
			}
		case name == "plugins" && strings.HasPrefix(key, serverPlugins):
			if !server.take(number > 3, name, key) {
				continue
			}
		case name == "grpc" || name == "ttrpc" || name == "metrics" || name == "debug" && slices.Contains([]string{"address", "uid", "gid"}, key):
			if !server.take(number < 4, name, key) {
				continue
			}
		}
		fitting[key] = value
	}
	return fitting
}

func streamingPart(config table, cri *sides) table {
	part := table{}
	for _, key := range sortedKeys(config) {
		// A streaming key says nothing about the rest, so it does not count as here.
		if slices.Contains(streamingKeys, key) {
			part[key] = config[key]
			continue
		}
		cri.take(false, "plugins", pluginCRI, key)
	}
	return part
}
