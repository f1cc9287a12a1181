package host

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// kernelFacts are what the running kernel has built in, read once: it does not
// change while the kernel runs.
type kernelFacts struct {
	once    sync.Once
	builtin func(module string) bool
	err     error
}

// Module implements Kernel.
func (h *OS) Module(name string) (ModuleState, error) {
	if err := h.live("looking for module " + strconv.Quote(name)); err != nil {
		return ModuleAbsent, err
	}
	name = ModuleName(name)
	if name == "" || strings.ContainsAny(name, "/ \n") || name == "." || name == ".." {
		return ModuleAbsent, fmt.Errorf("looking for module %q: that is no name of a module: %w", name, fs.ErrInvalid)
	}
	// Built-in modules have a folder too if they have parameters, but no state.
	folder := path.Join("/sys/module", name)
	state, err := h.ReadFile(path.Join(folder, "initstate"))
	if err == nil && strings.TrimSpace(string(state)) == "live" {
		return ModuleLoaded, nil
	}
	if err == nil { // coming or going
		return ModuleAbsent, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return ModuleAbsent, err
	}
	if _, err := h.Stat(folder); err == nil {
		return ModuleBuiltin, nil
	}
	h.kernel.once.Do(func() { h.kernel.builtin, h.kernel.err = h.readBuiltin() })
	if h.kernel.err != nil {
		return ModuleAbsent, fmt.Errorf("looking for module %q: %w", name, h.kernel.err)
	}
	if h.kernel.builtin(name) {
		return ModuleBuiltin, nil
	}
	return ModuleAbsent, nil
}

// readBuiltin learns what is built in from modules.builtin of the running
// kernel. Machines that boot a kernel of their host (microVMs, containers) have
// no such file; there the kernel's configuration tells.
func (h *OS) readBuiltin() (func(string) bool, error) {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return nil, fmt.Errorf("asking for the kernel's release: %w", err)
	}
	release := unix.ByteSliceToString(uname.Release[:])
	list, err := h.ReadFile(path.Join("/lib/modules", release, "modules.builtin"))
	if err == nil {
		return listedIn(list), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	config, err := h.kernelConfig(release)
	if errors.Is(err, fs.ErrNotExist) {
		return func(string) bool { return false }, nil
	}
	if err != nil {
		return nil, err
	}
	return func(module string) bool { return configured(config, module) }, nil
}

// listedIn reads lines such as "kernel/net/bridge/br_netfilter.ko".
func listedIn(list []byte) func(string) bool {
	names := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		names[ModuleName(strings.TrimSuffix(path.Base(strings.TrimSpace(line)), ".ko"))] = true
	}
	return func(module string) bool { return names[module] }
}

func (h *OS) kernelConfig(release string) ([]byte, error) {
	packed, err := h.ReadFile("/proc/config.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return h.ReadFile("/boot/config-" + release)
	}
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking /proc/config.gz: %w", err)
	}
	return io.ReadAll(unpacked)
}

// configNames are the modules whose configuration option is not their name in
// capitals, as far as nodes of Kubernetes need them.
var configNames = map[string]string{
	"br_netfilter": "BRIDGE_NETFILTER",
	"dm_thin_pool": "DM_THIN_PROVISIONING",
	"ip6_tables":   "IP6_NF_IPTABLES",
	"ip_tables":    "IP_NF_IPTABLES",
	"ipip":         "NET_IPIP",
	"iptable_nat":  "IP_NF_NAT",
	"nbd":          "BLK_DEV_NBD",
	"overlay":      "OVERLAY_FS",
	"rbd":          "BLK_DEV_RBD",
	"xfs":          "XFS_FS",
}

func configured(config []byte, module string) bool {
	option, ok := configNames[module]
	if !ok {
		option = strings.ToUpper(module)
	}
	return bytes.Contains(config, []byte("\nCONFIG_"+option+"=y\n"))
}
