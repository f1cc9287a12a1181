package cluster

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// builtinModules are the modules that a node's configuration may name, with the kernel option that each is made of.
var builtinModules = []struct{ option, path string }{
	{"CONFIG_BRIDGE", "kernel/net/bridge/bridge.ko"},
	{"CONFIG_BRIDGE_NETFILTER", "kernel/net/bridge/br_netfilter.ko"},
	{"CONFIG_DUMMY", "kernel/drivers/net/dummy.ko"},
	{"CONFIG_IP_SET", "kernel/net/netfilter/ipset/ip_set.ko"},
	{"CONFIG_IP_VS", "kernel/net/netfilter/ipvs/ip_vs.ko"},
	{"CONFIG_IP_VS_RR", "kernel/net/netfilter/ipvs/ip_vs_rr.ko"},
	{"CONFIG_IP_VS_SH", "kernel/net/netfilter/ipvs/ip_vs_sh.ko"},
	{"CONFIG_IP_VS_WRR", "kernel/net/netfilter/ipvs/ip_vs_wrr.ko"},
	{"CONFIG_IP_NF_IPTABLES", "kernel/net/ipv4/netfilter/ip_tables.ko"},
	{"CONFIG_NETFILTER_XT_MATCH_COMMENT", "kernel/net/netfilter/xt_comment.ko"},
	{"CONFIG_NETFILTER_XT_MATCH_CONNTRACK", "kernel/net/netfilter/xt_conntrack.ko"},
	{"CONFIG_NF_CONNTRACK", "kernel/net/netfilter/nf_conntrack.ko"},
	{"CONFIG_NF_NAT", "kernel/net/netfilter/nf_nat.ko"},
	{"CONFIG_NF_TABLES", "kernel/net/netfilter/nf_tables.ko"},
	{"CONFIG_OVERLAY_FS", "kernel/fs/overlayfs/overlay.ko"},
	{"CONFIG_VETH", "kernel/drivers/net/veth.ko"},
	{"CONFIG_VXLAN", "kernel/drivers/net/vxlan/vxlan.ko"},
}

// modulesFolder is where a kernel's modules are described.
func modulesFolder() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("asking for the kernel's release: %w", err)
	}
	return "/lib/modules/" + unix.ByteSliceToString(name.Release[:]), nil
}

// describeKernel makes modprobe in a node tell the truth about the running kernel. Where the machine has a folder of modules
// the node gets that (see [Node.arguments]). A kernel that came without one has all it can do built in, which modprobe learns
// from modules.builtin, here written from the kernel's own configuration.
func describeKernel(ctx context.Context, root string) error {
	folder, err := modulesFolder()
	if err != nil {
		return err
	}
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	config, err := kernelConfig()
	if err != nil {
		return err
	}
	var builtin strings.Builder
	for _, module := range builtinModules {
		if strings.Contains(config, "\n"+module.option+"=y\n") {
			fmt.Fprintln(&builtin, module.path)
		}
	}
	target := filepath.Join(root, folder)
	err = errors.Join(
		os.MkdirAll(target, 0o755),
		os.WriteFile(filepath.Join(target, "modules.builtin"), []byte(builtin.String()), 0o644),
		os.WriteFile(filepath.Join(target, "modules.order"), nil, 0o644))
	if err != nil {
		return fmt.Errorf("describing the kernel: %w", err)
	}
	if _, err := output(ctx, "chroot", root, "/sbin/depmod", filepath.Base(folder)); err != nil {
		return fmt.Errorf("describing the kernel: %w", err)
	}
	// An index of the aliases of built-in modules, of which we know none. bullseye's kmod looks no further where there is one.
	if err := os.Remove(filepath.Join(target, "modules.builtin.alias.bin")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("describing the kernel: %w", err)
	}
	return nil
}

// kernelConfig returns the configuration that the kernel was built with, or nothing when it does not say.
func kernelConfig() (string, error) {
	f, err := os.Open("/proc/config.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the kernel's configuration: %w", err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return "", fmt.Errorf("reading the kernel's configuration: %w", err)
	}
	config, err := io.ReadAll(zipped)
	if err != nil {
		return "", fmt.Errorf("reading the kernel's configuration: %w", err)
	}
	return "\n" + string(config), nil
}
