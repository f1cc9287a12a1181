package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// drift is a change that somebody makes by hand, and what a peer must name when it sees it.
type drift struct {
	what   string
	script string
	named  string
}

// drifts are of every kind of state that is held, each on a thing of its own, so
// that none hides behind another. They do not overlap with what cannot be
// broken here: modules that are built into the kernel, and live swap.
var drifts = []drift{
	{"a file's contents", "sed -i s/SystemdCgroup.*/SystemdCgroup\\ =\\ false/ /etc/containerd/config.toml", "/etc/containerd/config.toml"},
	{"a file's mode", "chmod 0600 /etc/motd", "/etc/motd"},
	{"a file's owner", "chown daemon /etc/systemd/journald.conf.d/50-size.conf", "/etc/systemd/journald.conf.d/50-size.conf"},
	{"the modules' file", "rm /etc/modules-load.d/hostler.conf", "/etc/modules-load.d/hostler.conf"},
	{"the sysctls' file", "echo net.ipv4.ip_forward = 0 >>/etc/sysctl.d/90-hostler.conf", "/etc/sysctl.d/90-hostler.conf"},
	{"a live sysctl", "echo 0 >/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward"},
	{"a unit's drop-in", "rm /etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf", "50-twice-a-day.conf"},
	{"a hold", "apt-mark unhold socat", "socat"},
	{"a package", "dpkg --force-hold --remove ethtool", "ethtool"},
	{"a unit enabled", "systemctl enable apt-daily.timer", "apt-daily.timer"},
	{"a unit started", "systemctl start apt-daily-upgrade.timer", "apt-daily-upgrade.timer"},
	{"a unit stopped", "systemctl stop systemd-tmpfiles-clean.timer", "systemd-tmpfiles-clean.timer"},
	{"a unit disabled", "systemctl disable containerd.service", "containerd.service"},
	{"a mask removed", "systemctl unmask swap.target", "swap.target"},
	{"swap at the next boot", "echo /swapfile none swap sw 0 0 >>/etc/fstab", "/etc/fstab"},
}

// changes says in words what drifts are.
func changes() []string {
	list := make([]string, len(drifts))
	for i, d := range drifts {
		list[i] = d.what
	}
	return list
}

// prove shows that every peer holds the whole state: it finds nothing on the
// converged machine, names each drift, and finds nothing again after the repair.
func (m *machine) prove(ctx context.Context) error {
	if err := m.allConverged(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "making %d things differ\n", len(drifts))
	for _, d := range drifts {
		if _, err := m.Shell(ctx, d.script); err != nil {
			return fmt.Errorf("changing %s: %w", d.what, err)
		}
	}
	var missed []error
	for _, p := range peers {
		found, err := m.look(ctx, p)
		if err != nil {
			return err
		}
		missed = append(missed, overlooked(p.name, found)...)
	}
	if len(missed) > 0 {
		return errors.Join(missed...)
	}
	if _, err := m.Output(ctx, "hostler", "apply", "-f", groupPath); err != nil {
		return err
	}
	return m.allConverged(ctx)
}

// overlooked lists the drifts that a peer did not name.
func overlooked(name, found string) []error {
	var missed []error
	for _, d := range drifts {
		if !strings.Contains(found, d.named) {
			missed = append(missed, fmt.Errorf("%s does not name %s after a change of %s; it said:\n%s", name, d.named, d.what, found))
		}
	}
	return missed
}

func (m *machine) allConverged(ctx context.Context) error {
	var errs []error
	for _, p := range peers {
		found, err := m.look(ctx, p)
		if err == nil && found != "" {
			err = fmt.Errorf("%s says that the converged machine differs:\n%s", p.name, found)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
