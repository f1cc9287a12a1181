package containerd

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/cri"
)

// SocketPath is where containerd listens. Kubelet and probes are told so, and
// a configuration that says otherwise is changed.
const SocketPath = "/run/containerd/containerd.sock"

// header begins every file that hostler has rewritten.
const header = cri.ContainerdMark + ` and leaves all others as they are. Comments
# are lost; the file as it was before hostler is below /var/lib/hostler/originals.

`

// Settings are what Merge brings into the file.
type Settings struct {
	// Release is the containerd that is to read the file; zero: not known.
	Release Release
	// SandboxImage is the pause image; empty leaves the file's or containerd's own.
	SandboxImage string
	// MaxConcurrentDownloads is the number of layers of an image pulled at once;
	// 0 leaves it alone.
	MaxConcurrentDownloads int
	// SystemdCgroup is whether systemd makes the cgroups of containers.
	SystemdCgroup bool
	// BinDir and ConfDir are where network plugins and their configuration are.
	BinDir, ConfDir string
	// CertsDir is the folder of hosts.toml files; empty: there are no registries.
	CertsDir string
	// Runtimes are the handlers beside runc.
	Runtimes []Handler
	// BaseSpecFile is the OCI specification of all runtimes; empty: containerd's own.
	BaseSpecFile string
	// Overlay is laid over the file before all of these; see the package comment.
	Overlay map[string]any
}

// Merged is a file after a merge.
type Merged struct {
	// Content is the whole file. It is the old one to the byte where that says all
	// that it should.
	Content []byte
	// Changed is whether containerd would read something else in it.
	Changed bool
	// Layout is the file's version.
	Layout int
	// LeftOut are the parts of the overlay that belong to another layout and have
	// no counterpart for this one.
	LeftOut []string
}

// Merge brings the settings into an existing file; nil is a file that is not
// there. Merging what came out once more changes nothing.
func Merge(existing []byte, s Settings) (Merged, error) {
	doc, err := parse(existing)
	if err != nil {
		return Merged{}, err
	}
	before, err := format(doc)
	if err != nil {
		return Merged{}, err
	}
	number, err := settleLayout(doc, s.Release)
	if err != nil {
		return Merged{}, err
	}
	fitting, leftOut := overlayFor(number, s.Overlay)
	if err := overlay(doc, fitting); err != nil {
		return Merged{}, err
	}
	if err := apply(doc, layoutOf(number, s.Release), s); err != nil {
		return Merged{}, err
	}
	after, err := format(doc)
	if err != nil {
		return Merged{}, err
	}
	merged := Merged{Content: existing, Layout: number, LeftOut: leftOut}
	if existing == nil || !bytes.Equal(before, after) {
		merged.Content = append([]byte(header), after...)
		merged.Changed = true
	}
	return merged, nil
}

// settleLayout decides the file's version and sets it.
func settleLayout(doc table, release Release) (int, error) {
	number, err := layoutNumber(doc)
	if err != nil {
		return 0, err
	}
	newest := release.newestLayout()
	if newest < 2 {
		return 0, fmt.Errorf("containerd %s is older than 1.3, the first that hostler can configure: take a newer one", release)
	}
	if number > newest {
		return 0, fmt.Errorf("the file is of version %d and containerd %s reads versions up to %d: "+
			"take a newer containerd, or move the file away and hostler writes a new one", number, release, newest)
	}
	if number == 1 {
		// A file that has nothing of version 1 in it but the missing key (Docker's
		// package ships one) may as well start with the layout of its containerd.
		_, hasPlugins := doc["plugins"]
		number = 2
		if !hasPlugins {
			number = release.layoutOfNewFile()
		}
		if err := fromVersion1(doc); err != nil {
			return 0, err
		}
	}
	doc["version"] = int64(number)
	return number, nil
}

// layoutNumber reads the file's version; a file without one is of version 1.
func layoutNumber(doc table) (int, error) {
	switch version := doc["version"].(type) {
	case nil:
		return 1, nil
	case int64:
		if version >= 0 && version <= 4 {
			return max(int(version), 1), nil
		}
		return 0, fmt.Errorf("the file is of version %d, which hostler does not know: it knows 1 to 4", version)
	default:
		return 0, fmt.Errorf("version is %v where a number should be: correct it, or move the file away and hostler writes a new one", version)
	}
}

// apply sets the keys that hostler owns.
func apply(doc table, l layout, s Settings) error {
	if list, ok := doc["disabled_plugins"].([]any); ok {
		doc["disabled_plugins"] = slices.DeleteFunc(list, isCRI)
	}
	// Where it is not set the default is the right one.
	if address := lookup(doc, l.address...); address != nil && address != SocketPath {
		if err := set(doc, SocketPath, l.address...); err != nil {
			return err
		}
	}
	// Runtimes come before what is set for each of them.
	errs := []error{setCNI(doc, l, s), setRegistries(doc, l, s), setRuntimes(doc, l, s), setCgroupDriver(doc, l, s.SystemdCgroup), setBaseSpec(doc, l, s)}
	if s.SandboxImage != "" {
		errs = append(errs, set(doc, s.SandboxImage, l.sandboxImage...))
	}
	if s.MaxConcurrentDownloads > 0 {
		errs = append(errs, set(doc, int64(s.MaxConcurrentDownloads), l.downloads...))
	}
	return errors.Join(errs...)
}

// setCNI sets the folders of network plugins. The key for the binaries became a
// list, and both of them together keep CRI from starting.
func setCNI(doc table, l layout, s Settings) error {
	cni, err := subtable(doc, l.cni...)
	if err != nil {
		return err
	}
	cni["conf_dir"] = s.ConfDir
	if !l.binDirs {
		delete(cni, "bin_dirs")
		cni["bin_dir"] = s.BinDir
		return nil
	}
	delete(cni, "bin_dir")
	// A list that has our folder among others is somebody's own.
	if list, ok := cni["bin_dirs"].([]any); !ok || !slices.Contains(list, any(s.BinDir)) {
		cni["bin_dirs"] = []any{s.BinDir}
	}
	return nil
}

// The shims that make cgroups through runc's code and so take SystemdCgroup.
const (
	shimV2     = "io.containerd.runc.v2"
	shimV1     = "io.containerd.runc.v1"
	shimLegacy = "io.containerd.runtime.v1.linux" // gone in 2.0; has no such option
)

// setSystemdCgroup sets the option under the name that it has: containerd takes
// any case, some installers write systemdCgroup, and with two of them either may win.
func setSystemdCgroup(options table, systemd bool) {
	name := "SystemdCgroup"
	for _, key := range sortedKeys(options) {
		if strings.EqualFold(key, name) {
			name = key
			delete(options, key)
		}
	}
	options[name] = systemd
}

// setCgroupDriver sets the driver of every runtime that is a runc: the kubelet
// has one driver for all of them.
func setCgroupDriver(doc table, l layout, systemd bool) error {
	config, err := subtable(doc, l.containerd...)
	if err != nil {
		return err
	}
	runtimes, err := subtable(config, "runtimes")
	if err != nil {
		return err
	}
	runc, err := subtable(runtimes, "runc")
	if err != nil {
		return err
	}
	// An entry in the file replaces the built-in one, so it needs its type.
	if shim := runc["runtime_type"]; shim == nil || shim == "" || shim == shimLegacy {
		runc["runtime_type"] = shimV2
	}
	entries := []any{config["default_runtime"], config["untrusted_workload_runtime"]} // deprecated names for entries
	for _, name := range sortedKeys(runtimes) {
		entries = append(entries, runtimes[name])
	}
	for _, value := range entries {
		entry, ok := value.(table)
		if !ok || entry["runtime_type"] != shimV2 && entry["runtime_type"] != shimV1 {
			continue
		}
		options, err := subtable(entry, "options")
		if err != nil {
			return fmt.Errorf("in %s: %w", dotted(l.containerd), err)
		}
		setSystemdCgroup(options, systemd)
	}
	// CRI does not start with this and any runtime but the legacy one.
	if l.systemdCgroup != nil && lookup(doc, l.systemdCgroup...) == true {
		return set(doc, false, l.systemdCgroup...)
	}
	return nil
}
