package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// NodeConfig says which machine to boot.
type NodeConfig struct {
	Name  string // its host name; default nodeN
	Suite string // Debian release, one of [Suites], or [RockyOnDebian] or [LeapOnDebian]; default bookworm
}

// Node is a machine: Debian with systemd as its first process, a cable to the run's bridge, and a disk that survives reboots
// and power cuts.
type Node struct {
	Name    string
	Suite   string
	Address netip.Addr // of its host0

	run     *Run
	dir     string // root, the merged overlay, and the layers beside it
	machine string // name for systemd-nspawn; short, since the cable's name is made of it
	cgroup  cgroup
	power   power
}

// firstNodeNumber is the last byte of the first node's address.
const firstNodeNumber = 11

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Node boots a bare node and returns when its systemd has started everything: a second on an idle machine, some on a busy one.
func (r *Run) Node(ctx context.Context, cfg NodeConfig) (*Node, error) {
	if cfg.Suite == "" {
		cfg.Suite = "bookworm"
	}
	rootfs, err := r.assets.Rootfs(ctx, cfg.Suite)
	if err != nil {
		return nil, err
	}
	ctx, done, err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	n, err := r.newNode(cfg)
	if err != nil {
		return nil, err
	}
	if n.cgroup, err = r.cgroup.child(n.machine); err != nil {
		return nil, err
	}
	if err := n.layDisk(ctx, rootfs, r.Bridge); err != nil {
		return nil, fmt.Errorf("laying the disk of node %s: %w", n.Name, err)
	}
	n.power.cable = n.cable()
	n.power.arguments = n.cgroup.wrap(n.arguments(r.bridgeName())...)
	n.power.console = filepath.Join(n.dir, "console.log")
	start := time.Now()
	if err := n.start(ctx); err != nil {
		return nil, err
	}
	r.assets.progress.printf("node %s: %s at %s, booted in %s", n.Name, n.Suite, n.Address, time.Since(start).Round(100*time.Millisecond))
	return n, nil
}

// newNode gives a node its number, and with it its address and the name of its machine.
func (r *Run) newNode(cfg NodeConfig) (*Node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := firstNodeNumber + len(r.nodes)
	if number > 254 {
		return nil, errors.New("a run has no more than 244 nodes: its network is a /24")
	}
	if cfg.Name == "" {
		cfg.Name = fmt.Sprintf("node%d", len(r.nodes)+1)
	}
	if !hostName.MatchString(cfg.Name) {
		return nil, fmt.Errorf("node name %q: use lower-case letters, digits and dashes", cfg.Name)
	}
	for _, other := range r.nodes {
		if other.Name == cfg.Name {
			return nil, fmt.Errorf("run %s has a node %s already", r.ID, cfg.Name)
		}
	}
	address := r.Bridge.Addr().As4()
	address[3] = byte(number)
	n := &Node{
		Name:    cfg.Name,
		Suite:   cfg.Suite,
		Address: netip.AddrFrom4(address),
		run:     r,
		dir:     filepath.Join(r.dir, "nodes", cfg.Name),
		machine: fmt.Sprintf("h%sn%d", r.ID, number),
	}
	r.nodes = append(r.nodes, n)
	return n, nil
}

// layDisk mounts the node's root: the shared root file system below, a layer of its own on top, and in that its identity.
func (n *Node) layDisk(ctx context.Context, rootfs string, bridge netip.Prefix) error {
	for _, name := range []string{"root", "upper", "work", "containerd", "kubelet"} {
		if err := os.MkdirAll(filepath.Join(n.dir, name), 0o755); err != nil {
			return err
		}
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s",
		rootfs, filepath.Join(n.dir, "upper"), filepath.Join(n.dir, "work"))
	if err := unix.Mount("overlay", n.root(), "overlay", 0, layers); err != nil {
		return fmt.Errorf("mounting its layers: %w", err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	network := fmt.Sprintf("ADDRESS=%s\nGATEWAY=%s\n", netip.PrefixFrom(n.Address, bridge.Bits()), bridge.Addr())
	for path, content := range map[string]string{
		"etc/machine-id":      hex.EncodeToString(id) + "\n",
		"etc/hostname":        n.Name + "\n",
		"etc/hosts":           fmt.Sprintf("127.0.0.1\tlocalhost\n%s\t%s\n", n.Address, n.Name),
		"etc/testbed/network": network,
		"etc/os-release":      osReleases[n.Suite],
	} {
		if content == "" {
			continue
		}
		path = filepath.Join(n.root(), path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			return err
		}
	}
	return describeKernel(ctx, n.root())
}

func (n *Node) root() string { return filepath.Join(n.dir, "root") }

// cable is the machine's end of the node's cable, as systemd-nspawn names it.
func (n *Node) cable() string { return "vb-" + n.machine }

// arguments returns the command that boots the node.
func (n *Node) arguments(bridge string) []string {
	args := []string{
		"env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1", // or neither /proc/sys nor /sys could be written
		"systemd-nspawn",
		"--directory=" + n.root(), "--machine=" + n.machine, "--hostname=" + n.Name,
		"--boot", "--console=pipe", "--settings=no",
		"--register=no", "--keep-unit", // this machine may run no systemd
		"--network-bridge=" + bridge,
		"--resolv-conf=off", "--timezone=off", "--link-journal=no",
		"--capability=all", "--system-call-filter=@keyring bpf @mount @privileged", // runc and the kubelet are a machine's
		"--bind=/dev/kmsg", // the kubelet watches it
		// containerd's snapshots are overlays, and an overlay's upper layer cannot be on an overlay.
		"--bind=" + filepath.Join(n.dir, "containerd") + ":/var/lib/containerd",
		"--bind=" + filepath.Join(n.dir, "kubelet") + ":/var/lib/kubelet",
	}
	if folder, err := modulesFolder(); err == nil {
		if _, err := os.Stat(folder); err == nil {
			args = append(args, "--bind-ro="+folder)
		}
	}
	if n.Suite == "trixie" {
		// For init: systemd 256 and later refuse cgroup v1 otherwise.
		args = append(args, "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
	}
	return args
}

// CutNetwork pulls the node's cable. Commands still reach it, as a person at its console would.
func (n *Node) CutNetwork() error { return setLink(n.cable(), false) }

// RestoreNetwork plugs the cable in again.
func (n *Node) RestoreNetwork() error { return setLink(n.cable(), true) }

// Journal returns the last lines that a unit logged in this boot, for reports of failures.
func (n *Node) Journal(ctx context.Context, unit string) (string, error) {
	return n.Output(ctx, "journalctl", "--unit="+unit, "--boot", "--lines=60", "--no-pager", "--output=short-monotonic")
}

// BootID returns the kernel's random id of this boot.
func (n *Node) BootID(ctx context.Context) (string, error) {
	id, err := n.Output(ctx, "cat", "/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(id), err
}
