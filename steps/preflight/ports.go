package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// ports are those that every node listens on, by the programs that may.
var ports = []struct {
	number  uint16
	owner   string
	purpose string
	// severity of another program there.
	severity Severity
}{
	{10250, "kubelet", "the API server asks the kubelet there", Error},
	{10248, "kubelet", "the kubelet tells there that it is healthy", Error},
	{10256, "kube-proxy", "load balancers ask kube-proxy there", Warning},
}

const kubeletUnit = "kubelet.service"

// checkPorts does nothing while the kubelet runs: then it has its ports, and a node with many connections has long tables.
func checkPorts(ctx context.Context, v host.View, _ Spec) ([]Finding, error) {
	kubelet, err := v.Unit(ctx, kubeletUnit)
	if err != nil || kubelet.Active() {
		return nil, err
	}
	listening, err := listeners(v)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, port := range ports {
		inode, taken := listening[port.number]
		if !taken {
			continue
		}
		process := processOf(v, inode)
		if process.Command == port.owner {
			continue
		}
		finding := failure("Stop that program, or give it another port.", "port %d is taken by %s; %s", port.number, nameOf(process), port.purpose)
		finding.Severity = port.severity
		found = append(found, finding)
	}
	return found, nil
}

func nameOf(p host.Process) string {
	if p.PID == 0 {
		return "a program that does not show itself"
	}
	return fmt.Sprintf("%s (process %d)", p.Command, p.PID)
}

// listeners returns the sockets that listen on TCP, by port, in the network of the host's first process.
func listeners(v host.Files) (map[uint16]string, error) {
	found := map[uint16]string{}
	for _, table := range []string{"/proc/1/net/tcp", "/proc/1/net/tcp6"} {
		content, err := v.ReadFile(table)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return nil, err
		}
		parseListeners(found, string(content))
	}
	return found, nil
}

// stateListen is TCP_LISTEN in the kernel's include/net/tcp_states.h.
const stateListen = "0A"

// parseListeners reads a table of proc_net_tcp: sl, local address, remote address, state, …, inode in the tenth column.
func parseListeners(found map[uint16]string, table string) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != stateListen {
			continue
		}
		_, port, _ := strings.Cut(fields[1], ":")
		if number, err := strconv.ParseUint(port, 16, 16); err == nil {
			found[uint16(number)] = fields[9]
		}
	}
}

// processOf finds who holds a socket; the zero Process where that does not show.
func processOf(v host.Files, inode string) host.Process {
	pids, err := v.ReadDir("/proc")
	if err != nil {
		return host.Process{}
	}
	for _, name := range pids {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		folder := path.Join("/proc", name, "fd")
		descriptors, err := v.ReadDir(folder)
		if err != nil { // it ended, or is not ours to look at
			continue
		}
		if slices.ContainsFunc(descriptors, func(fd string) bool {
			target, err := v.Readlink(path.Join(folder, fd))
			return err == nil && target == "socket:["+inode+"]"
		}) {
			command, _ := v.ReadFile(path.Join("/proc", name, "comm"))
			return host.Process{PID: pid, Command: strings.TrimSpace(string(command))}
		}
	}
	return host.Process{}
}
