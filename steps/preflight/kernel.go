package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/sysctl"
)

// release is the beginning of a version.
type release struct{ major, minor int }

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

var releaseNumbers = regexp.MustCompile(`^v?(\d+)\.(\d+)`)

func parseRelease(text string) (release, bool) {
	groups := releaseNumbers.FindStringSubmatch(text)
	if groups == nil {
		return release{}, false
	}
	major, errMajor := strconv.Atoi(groups[1])
	minor, errMinor := strconv.Atoi(groups[2])
	return release{major, minor}, errMajor == nil && errMinor == nil
}

// The kernels that runc needs, and recommends for cgroup v2 (opencontainers/runc, docs/cgroup-v2.md).
var (
	runcKernel   = release{4, 15}
	runcKernelV2 = release{5, 2}
)

func checkKernel(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	text, err := v.Sysctl("kernel.osrelease")
	if err != nil {
		return nil, err
	}
	kernel, ok := parseRelease(text)
	const remedy = "Upgrade the kernel, or the distribution."
	switch {
	case !ok:
		return []Finding{info("", "the kernel calls itself %q, from which its version cannot be told", text)}, nil
	case kernel.before(runcKernel):
		// No error: kernels of EL 7 are called 3.10 and have much of what came later.
		return []Finding{warning(remedy, "the kernel is %s, and runc needs %s: containers of today may not start", text, runcKernel)}, nil
	case kernel.before(runcKernelV2) && cgroupVersion(v) == unified:
		return []Finding{warning(remedy, "the kernel is %s, and %s is recommended for cgroup version 2: devices and freezing of containers may not work", text, runcKernelV2)}, nil
	}
	return nil, nil
}

// The versions of systemd that the systemd cgroup driver needs (kubernetes.io, kernel version requirements), and that hands the
// cpuset controller of cgroup v2 on (opencontainers/runc, docs/cgroup-v2.md).
const (
	systemdForDriver = 228
	systemdForCpuset = 244
)

var systemdVersion = regexp.MustCompile(`^systemd (\d+)`)

func checkSystemd(ctx context.Context, v host.View, _ Spec) ([]Finding, error) {
	out, err := v.Query(ctx, host.Command{Argv: []string{"systemctl", "--version"}})
	if err != nil {
		return nil, err
	}
	groups := systemdVersion.FindSubmatch(out.Stdout)
	if groups == nil {
		return []Finding{info("", "systemctl --version does not tell a version")}, nil
	}
	version, err := strconv.Atoi(string(groups[1]))
	switch {
	case err != nil:
		return nil, err
	case version < systemdForDriver:
		return []Finding{warning("Upgrade the distribution, or set the container runtime's cgroupDriver to Cgroupfs.",
			"systemd is %d, and the systemd cgroup driver needs %d", version, systemdForDriver)}, nil
	case version < systemdForCpuset && cgroupVersion(v) == unified:
		return []Finding{warning("Upgrade systemd, or boot with systemd.unified_cgroup_hierarchy=0.",
			"systemd is %d, and before %d it does not hand the cpuset controller of cgroup version 2 on: CPU pinning does nothing", version, systemdForCpuset)}, nil
	}
	return nil, nil
}

// The versions of cgroups, by what is mounted at /sys/fs/cgroup.
const (
	legacy  = 1
	unified = 2
)

func cgroupVersion(v host.View) int {
	if _, err := v.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return unified
	}
	return legacy
}

// noCgroupV1 is the first minor version of Kubernetes whose kubelet does not start on cgroup v1 by default.
const noCgroupV1 = 35

// wantedControllers are those that the kubelet requires (kubernetes/system-validators). devices and freezer are no
// controllers of cgroup v2, which does both by other means.
var wantedControllers = []string{"cpu", "cpuset", "memory", "pids"}

func checkCgroups(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	if cgroupVersion(v) == legacy {
		return legacyCgroups(s), nil
	}
	content, err := v.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil {
		return nil, err
	}
	var missing []string
	have := " " + strings.Join(strings.Fields(string(content)), " ") + " "
	for _, controller := range wantedControllers {
		if !strings.Contains(have, " "+controller+" ") {
			missing = append(missing, controller)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	return []Finding{failure("Switch them on: cgroup_enable=memory on the kernel's command line, or no cgroup_disable; then reboot.",
		"the kernel lacks the cgroup controllers %s, and the kubelet does not start without them", strings.Join(missing, ", "))}, nil
}

func legacyCgroups(s Spec) []Finding {
	kubernetes, known := parseRelease(s.KubernetesVersion)
	refuses := known && kubernetes.minor >= noCgroupV1
	const remedy = "Boot with systemd.unified_cgroup_hierarchy=1, or upgrade the distribution."
	switch {
	case refuses && (s.FailCgroupV1 == nil || *s.FailCgroupV1):
		return []Finding{failure(remedy+" Or set failCgroupV1: false in spec.kubelet.config, as long as the kubelet has it.",
			"the host has cgroup version 1, and the kubelet of Kubernetes %s does not start on it", s.KubernetesVersion)}
	case refuses:
		return []Finding{info(remedy, "the host has cgroup version 1, which Kubernetes is giving up")}
	}
	return []Finding{warning(remedy, "the host has cgroup version 1: the kubelet of Kubernetes 1.%d and later does not start on it by default", noCgroupV1)}
}

// leastMemory is what kubeadm asks for (kubernetes/kubernetes, cmd/kubeadm/app/constants: 1700 MB).
const leastMemory = 1700 * 1000 * 1000

func checkMemory(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	content, err := v.ReadFile("/proc/meminfo")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(content)) {
		value, found := strings.CutPrefix(line, "MemTotal:")
		if !found {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading MemTotal of /proc/meminfo: %w", err)
		}
		if kib<<10 < leastMemory {
			return []Finding{warning("Give the machine 2 GB or more.", "the host has %d MiB of memory: little is left for pods", kib>>10)}, nil
		}
		return nil, nil
	}
	return nil, errors.New("/proc/meminfo has no MemTotal")
}

func checkModules(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	var absent []string
	for _, name := range s.Modules {
		state, err := v.Module(name)
		if err != nil {
			return nil, err
		}
		if state == host.ModuleAbsent {
			absent = append(absent, name)
		}
	}
	if len(absent) == 0 {
		return nil, nil
	}
	kernel, err := v.Sysctl("kernel.osrelease")
	if err != nil {
		return nil, err
	}
	index := path.Join("/lib/modules", kernel, "modules.dep")
	list, err := v.ReadFile(index)
	if errors.Is(err, fs.ErrNotExist) {
		return []Finding{failure("Reboot into the installed kernel, or install the modules of this one.",
			"the modules %s are not loaded, and the running kernel %s has no modules on disk: it was upgraded, or they were never installed", strings.Join(absent, ", "), kernel)}, nil
	}
	if err != nil {
		return nil, err
	}
	return missingModules(string(list), absent, kernel), nil
}

func missingModules(list string, absent []string, kernel string) []Finding {
	var found []Finding
	list = strings.ReplaceAll(list, "-", "_")
	for _, name := range absent {
		if !strings.Contains(list, "/"+strings.ReplaceAll(name, "-", "_")+".ko") {
			found = append(found, failure("Install the package with the rest of the kernel's modules (kernel-modules-extra, linux-modules-extra).",
				"the running kernel %s has no module %s", kernel, name))
		}
	}
	return found
}

// checkSysctls looks for what the profile Kubernetes would leave out.
func checkSysctls(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	var missing []string
	for _, entry := range sysctl.KubernetesEntries() {
		if entry.Rare || entry.IPv6 || entry.Module != "" {
			continue
		}
		if _, err := v.Sysctl(string(entry.Key)); errors.Is(err, host.ErrNoSysctl) {
			missing = append(missing, string(entry.Key))
		} else if err != nil {
			return nil, err
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	return []Finding{info("Nothing, if the host is a container: these keys are its machine's.", "the kernel lacks %s, and the sysctl profile leaves them out", strings.Join(missing, ", "))}, nil
}

func checkSwap(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	devices, err := v.Swaps()
	if err != nil || len(devices) == 0 || s.SwapHandled {
		return nil, err
	}
	return []Finding{warning("Set operatingSystem.swap: Disabled.", "swap is on (%s), and a kubelet with its own defaults does not start", strings.Join(devices, ", "))}, nil
}
