// Package ocispec makes the OCI runtime specification that containerd starts every
// container from where base_runtime_spec names a file.
//
// containerd merges nothing: such a file takes the place of its built-in
// specification, so it must be complete, and a file with resource limits alone makes
// containers without namespaces. This is the built-in one (the output of "ctr oci
// spec"), the same from containerd 1.4 to 2.4 in all that CRI does not set for each
// container anyway, with the limits of the NodeGroup in it.
//
// Source: containerd/containerd pkg/oci/spec.go and pkg/oci/mounts.go at 1.6.38,
// 1.7.35 and 2.1.9.
package ocispec

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// version is the oldest that all runtimes of supported hosts read: crun refused
// others than 1.0.x for long (containers/crun src/libcrun/container.c).
const version = "1.0.2"

// Rlimit is a resource limit of every process; see getrlimit(2) for types and units.
type Rlimit struct {
	// Type is such as RLIMIT_NOFILE. No type may come twice.
	Type string
	// Soft is at most Hard.
	Soft, Hard uint64
}

// capabilities are those of a container that asks for none and drops none.
var capabilities = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// The paths of /proc and /sys that containers do not see, and those that they may
// only read. The kubelet sends its own list with every pod.
var (
	maskedPaths = []string{
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/sys/devices/virtual/powercap", "/proc/scsi",
	}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

// defaultRlimits are containerd's own; a limit of the NodeGroup takes the place of
// the one of the same type.
var defaultRlimits = []Rlimit{{Type: "RLIMIT_NOFILE", Soft: 1024, Hard: 1024}}

// Base returns the file's contents.
func Base(rlimits []Rlimit) ([]byte, error) {
	if err := Check(rlimits); err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(spec(merge(rlimits)), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the OCI specification: %w", err)
	}
	return append(content, '\n'), nil
}

// rlimitType is the form; which types there are is the kernel's matter.
var rlimitType = regexp.MustCompile(`^RLIMIT_[A-Z]+$`)

// Check returns what is wrong with the limits, all of it, joined.
func Check(rlimits []Rlimit) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range rlimits {
		if !rlimitType.MatchString(r.Type) {
			errs = append(errs, fmt.Errorf("rlimit %q is not the name of a limit in getrlimit(2), such as RLIMIT_NOFILE", r.Type))
		}
		if seen[r.Type] {
			errs = append(errs, fmt.Errorf("rlimit %s comes twice: keep one", r.Type))
		}
		seen[r.Type] = true
		if r.Soft > r.Hard {
			errs = append(errs, fmt.Errorf("rlimit %s: the soft limit %d is above the hard one, %d", r.Type, r.Soft, r.Hard))
		}
	}
	return errors.Join(errs...)
}

// merge brings the limits into one order, so that the file is the same however the
// NodeGroup lists them.
func merge(rlimits []Rlimit) []specs.POSIXRlimit {
	all := slices.Clone(rlimits)
	for _, own := range defaultRlimits {
		if !slices.ContainsFunc(rlimits, func(r Rlimit) bool { return r.Type == own.Type }) {
			all = append(all, own)
		}
	}
	slices.SortFunc(all, func(a, b Rlimit) int { return cmp.Compare(a.Type, b.Type) })
	merged := make([]specs.POSIXRlimit, len(all))
	for i, r := range all {
		merged[i] = specs.POSIXRlimit{Type: r.Type, Soft: r.Soft, Hard: r.Hard}
	}
	return merged
}

func spec(rlimits []specs.POSIXRlimit) specs.Spec {
	return specs.Spec{
		Version: version,
		Root:    &specs.Root{Path: "rootfs"},
		Process: &specs.Process{
			Cwd: "/", NoNewPrivileges: true,
			Capabilities: &specs.LinuxCapabilities{Bounding: capabilities, Permitted: capabilities, Effective: capabilities},
			Rlimits:      rlimits,
		},
		Mounts: mounts(),
		Linux: &specs.Linux{
			// CRI gives each container a path of its own; the key itself must be there.
			CgroupsPath:   "/default",
			MaskedPaths:   maskedPaths,
			ReadonlyPaths: readonlyPaths,
			Resources:     &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}},
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
				{Type: specs.MountNamespace}, {Type: specs.NetworkNamespace},
			},
		},
	}
}

func mounts() []specs.Mount {
	mount := func(at, kind, source string, options ...string) specs.Mount {
		return specs.Mount{Destination: at, Type: kind, Source: source, Options: options}
	}
	return []specs.Mount{
		mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
		mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
		mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
		mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
		mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
		mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
		mount("/run", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
	}
}
