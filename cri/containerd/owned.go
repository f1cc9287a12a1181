package containerd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The ids of the plugins that hostler sets keys of.
const (
	pluginCRI     = "io.containerd.grpc.v1.cri"    // all of CRI in layout 2; streaming in 3 and 4
	pluginRuntime = "io.containerd.cri.v1.runtime" // from layout 3
	pluginImages  = "io.containerd.cri.v1.images"  // from layout 3
	pluginGRPC    = "io.containerd.server.v1.grpc" // from layout 4

	serverPlugins = "io.containerd.server.v1."
)

// anyKey stands for any one key in the path of an OwnedKey.
const anyKey = "*"

// OwnedKey is a key of containerd's file that hostler sets itself, so that an
// overlay may not.
type OwnedKey struct {
	// Path are the keys from the top of the file; "*" is any one key.
	Path []string
	// Instead is what to use for it in the NodeGroup.
	Instead string
}

// String is the path as TOML writes it.
func (k OwnedKey) String() string { return dotted(k.Path) }

// OwnedKeys lists them for all layouts.
func OwnedKeys() []OwnedKey {
	const (
		socket    = "nothing: the kubelet is told that containerd listens on " + SocketPath
		directory = "nothing: the directory is the one that hostler puts network plugins and configuration in"
		driver    = "spec.cri.containerd.cgroupDriver"
		image     = "spec.cri.containerd.sandboxImage"
		downloads = "spec.cri.containerd.maxConcurrentDownloads"
		baseSpec  = "spec.cri.containerd.baseRuntimeSpec"
	)
	keys := []OwnedKey{
		{Path: []string{"version"}, Instead: "nothing: hostler keeps the file's version in step with containerd's"},
		{Path: []string{"grpc", "address"}, Instead: socket},
		{Path: []string{"plugins", pluginGRPC, "address"}, Instead: socket},
		{Path: []string{"plugins", pluginCRI, "systemd_cgroup"}, Instead: driver},
		{Path: []string{"plugins", pluginCRI, "sandbox_image"}, Instead: image},
		{Path: []string{"plugins", pluginImages, "pinned_images", "sandbox"}, Instead: image},
		{Path: []string{"plugins", pluginCRI, "max_concurrent_downloads"}, Instead: downloads},
		{Path: []string{"plugins", pluginImages, "max_concurrent_downloads"}, Instead: downloads},
		{Path: []string{"plugins", pluginCRI, "registry", "config_path"}, Instead: registriesField},
		{Path: []string{"plugins", pluginImages, "registry", "config_path"}, Instead: registriesField},
	}
	for _, plugin := range []string{pluginCRI, pluginRuntime} {
		for _, key := range []string{"bin_dir", "bin_dirs", "conf_dir"} {
			keys = append(keys, OwnedKey{Path: []string{"plugins", plugin, "cni", key}, Instead: directory})
		}
		keys = append(keys, OwnedKey{
			Path:    []string{"plugins", plugin, "containerd", "runtimes", anyKey, "options", "SystemdCgroup"},
			Instead: driver,
		}, OwnedKey{Path: []string{"plugins", plugin, "containerd", "runtimes", anyKey, "base_runtime_spec"}, Instead: baseSpec})
	}
	return keys
}

// OwnedKeyError is a key in an overlay that hostler sets itself.
type OwnedKeyError struct {
	// Path are the keys from the top of the overlay.
	Path []string
	// Instead is what to use.
	Instead string
}

func (e *OwnedKeyError) Error() string {
	return fmt.Sprintf("%s is set by hostler itself; use instead: %s", dotted(e.Path), e.Instead)
}

// CheckOverlay returns what is wrong with an overlay, all of it, joined: keys
// that hostler sets itself (*OwnedKeyError), CRI switched off, and plugins
// that are not named by their full ids.
func CheckOverlay(config map[string]any) error {
	var errs []error
	for _, owned := range OwnedKeys() {
		for _, path := range find(config, owned.Path, nil) {
			errs = append(errs, &OwnedKeyError{Path: path, Instead: owned.Instead})
		}
	}
	if list, ok := config["disabled_plugins"].([]any); ok && slices.ContainsFunc(list, isCRI) {
		errs = append(errs, &OwnedKeyError{
			Path:    []string{"disabled_plugins"},
			Instead: "a list without the CRI plugin, which the kubelet needs",
		})
	}
	plugins, _ := config["plugins"].(table)
	for _, id := range sortedKeys(plugins) {
		// containerd 1.x does not start with such a table.
		if strings.Count(id, ".") < 3 {
			errs = append(errs, fmt.Errorf("%s: write the plugin's full id, such as %q", dotted([]string{"plugins", id}), pluginCRI))
		}
	}
	return errors.Join(errs...)
}

// find returns the paths in the table that the pattern matches.
func find(doc table, pattern, at []string) [][]string {
	var found [][]string
	for _, key := range sortedKeys(doc) {
		// containerd does not mind the case of most keys.
		if pattern[0] != anyKey && !strings.EqualFold(pattern[0], key) {
			continue
		}
		path := append(at[:len(at):len(at)], key)
		if len(pattern) == 1 {
			found = append(found, path)
			continue
		}
		if under, ok := doc[key].(table); ok {
			found = append(found, find(under, pattern[1:], path)...)
		}
	}
	return found
}

// isCRI tells whether an entry of disabled_plugins switches off what the kubelet
// needs.
func isCRI(id any) bool {
	return id == "cri" || id == pluginCRI || id == pluginRuntime || id == pluginImages
}
