package containerd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fullIDs are the plugin ids of version 1, which named plugins without their
// type, in version 2. It is the part of containerd's own table (v1Migrate) for
// plugins that still exist.
var fullIDs = map[string]string{
	"cri":       pluginCRI,
	"cgroups":   "io.containerd.monitor.v1.cgroups",
	"scheduler": "io.containerd.gc.v1.scheduler",
	"bolt":      "io.containerd.metadata.v1.bolt",
	"opt":       "io.containerd.internal.v1.opt",
	"restart":   "io.containerd.internal.v1.restart",
	"aufs":      "io.containerd.snapshotter.v1.aufs",
	"btrfs":     "io.containerd.snapshotter.v1.btrfs",
	"devmapper": "io.containerd.snapshotter.v1.devmapper",
	"native":    "io.containerd.snapshotter.v1.native",
	"overlayfs": "io.containerd.snapshotter.v1.overlayfs",
	"zfs":       "io.containerd.snapshotter.v1.zfs",
}

// fromVersion1 renames the plugins of a file of version 1, which is all that
// version 2 changed. A name that is not in the table is refused rather than
// guessed at.
func fromVersion1(doc table) error {
	var errs []error
	plugins, err := subtable(doc, "plugins")
	if err != nil {
		return err
	}
	for _, id := range sortedKeys(plugins) {
		full, err := fullID(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if full == id {
			continue
		}
		if _, both := plugins[full]; both {
			errs = append(errs, fmt.Errorf("plugin %q is there as %q too", id, full))
			continue
		}
		plugins[full] = plugins[id]
		delete(plugins, id)
	}
	if len(plugins) == 0 {
		delete(doc, "plugins")
	}
	for _, key := range []string{"disabled_plugins", "required_plugins"} {
		list, _ := doc[key].([]any)
		for i, id := range list {
			name, _ := id.(string)
			full, err := fullID(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", key, err))
				continue
			}
			list[i] = full
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the file is of version 1 (it has no version = 2), and hostler cannot move it to version 2: %w; "+
			"move it with \"containerd config migrate\", or move it away and hostler writes a new one", err)
	}
	return nil
}

func fullID(id string) (string, error) {
	if full, known := fullIDs[id]; known {
		return full, nil
	}
	if strings.Count(id, ".") >= 3 {
		return id, nil
	}
	return "", fmt.Errorf("no plugin is known as %q", id)
}

func sortedKeys(t table) []string { return slices.Sorted(maps.Keys(t)) }
