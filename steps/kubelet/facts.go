package kubelet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// IPChooser picks the address that a Node announces.
type IPChooser func(ctx context.Context, v host.View) (netip.Addr, error)

// hostName returns the host's name as the kubelet reads it.
func hostName(v host.View) (string, error) {
	name, err := v.Sysctl("kernel.hostname")
	if err != nil {
		return "", fmt.Errorf("reading the host's name: %w", err)
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || name == "(none)" || name == "localhost" || name == "localhost.localdomain" {
		return "", fmt.Errorf("the host is called %q, and so would be its Node: give the host a name with hostnamectl set-hostname, or set the node name", name)
	}
	return name, nil
}

// resolvConf returns the resolver configuration that pods inherit. A stub on
// the loopback is out of a pod's reach, and makes CoreDNS ask itself; behind
// systemd-resolved's stub is a file with the real servers. The error is a
// remark at most.
func resolvConf(v host.View) (string, error) {
	target, err := v.Readlink(defaultResolvConf)
	if err == nil && strings.HasSuffix(target, resolvedStubLinkEnd) {
		return resolvedUpstreams, nil
	}
	content, err := v.ReadFile(defaultResolvConf)
	if err != nil {
		if !v.Live() {
			return defaultResolvConf, nil
		}
		return defaultResolvConf, steps.Warning("pods inherit the host's resolver, and it cannot be read: %v", err)
	}
	for _, server := range nameservers(content) {
		addr, err := netip.ParseAddr(server)
		switch {
		case server == resolvedStub:
			return resolvedUpstreams, nil
		case err == nil && addr.IsLoopback():
			return defaultResolvConf, steps.Warning(
				"%s names %s, which pods cannot reach: pods with dnsPolicy Default, CoreDNS among them, will not resolve names", defaultResolvConf, server)
		}
	}
	return defaultResolvConf, nil
}

// nameservers lists the servers of a resolv.conf (resolv.conf(5)).
func nameservers(content []byte) []string {
	var servers []string
	for line := range bytes.Lines(content) {
		if fields := strings.Fields(string(line)); len(fields) >= 2 && fields[0] == "nameserver" {
			servers = append(servers, fields[1])
		}
	}
	return servers
}

// cgroupV1 tells whether the host mounts cgroup v1 (also in part: "hybrid"),
// which the kubelet takes for v1 as well. Where no cgroups are mounted there is
// nothing to tell.
func cgroupV1(v host.View) (bool, error) {
	if _, err := v.Stat("/sys/fs/cgroup"); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return false, err
	}
	_, err := v.Stat("/sys/fs/cgroup/cgroup.controllers")
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// capacity returns the number of CPUs in use and the memory in bytes.
func capacity(v host.View) (cpus int, memory int64, err error) {
	const cpuFile, memoryFile = "/sys/devices/system/cpu/online", "/proc/meminfo"
	online, err := v.ReadFile(cpuFile)
	if err != nil {
		return 0, 0, fmt.Errorf("counting CPUs: %w", err)
	}
	if cpus, err = countCPUs(strings.TrimSpace(string(online))); err != nil {
		return 0, 0, fmt.Errorf("counting CPUs in %s: %w", cpuFile, err)
	}
	meminfo, err := v.ReadFile(memoryFile)
	if err != nil {
		return 0, 0, fmt.Errorf("measuring memory: %w", err)
	}
	if memory, err = memTotal(meminfo); err != nil {
		return 0, 0, fmt.Errorf("measuring memory in %s: %w", memoryFile, err)
	}
	return cpus, memory, nil
}

// countCPUs counts a kernel list such as "0-3,8".
func countCPUs(list string) (int, error) {
	count := 0
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || last < first {
			return 0, fmt.Errorf("%q is not a list of CPUs such as 0-3,8", list)
		}
		count += last - first + 1
	}
	return count, nil
}

// memTotal reads the line "MemTotal: 16314416 kB"; the kernel's kB are KiB.
func memTotal(meminfo []byte) (int64, error) {
	scanner := bufio.NewScanner(bytes.NewReader(meminfo))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) != 3 || fields[0] != "MemTotal:" || fields[2] != "kB" {
			continue
		}
		kib, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil || kib <= 0 {
			return 0, fmt.Errorf("MemTotal is %q", fields[1])
		}
		return kib * 1024, nil
	}
	return 0, errors.New("there is no MemTotal")
}
