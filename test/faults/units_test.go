//go:build cluster

package faults

import (
	"strings"
	"testing"
)

// processOf is the number and start of a unit's process: the same as long as
// nobody restarts it.
func (m machine) processOf(t *testing.T, unit string) string {
	t.Helper()
	return m.sh(t, "systemctl show -p MainPID -p ActiveState -p ExecMainStartTimestampMonotonic "+unit)
}

func TestServiceFaults(t *testing.T) {
	t.Parallel()
	m := prepared(t, "services")
	t.Run("a unit that does not start", func(t *testing.T) {
		before, containerd := m.look(t), m.processOf(t, "containerd")
		m.wish(t, `
operatingSystem:
  files:
  - path: /etc/systemd/system/faulty.service
    content: |
      [Service]
      Type=oneshot
      ExecStart=/bin/sh -c 'echo no such luck today; exit 7'
      [Install]
      WantedBy=multi-user.target
  units:
  - {name: faulty.service, enabled: true, state: Running}`)
		m.apply(t).want(t, 5, `start of faulty.service: job result "failed"`, "its last log lines:", "no such luck today", "status=7", "Rolled back")
		m.wantAsBefore(t, before)
		if got := m.sh(t, "systemctl show -p LoadState --value faulty.service"); got != "not-found" {
			t.Errorf("faulty.service afterwards: got %s want not-found", got)
		}
		if got := m.processOf(t, "containerd"); got != containerd {
			t.Errorf("containerd, which the run is not about: got %s want %s", got, containerd)
		}
	})
	t.Run("a drop-in that keeps a running unit from starting again", func(t *testing.T) {
		m.sh(t, `printf '[Service]\nExecStart=/bin/sleep infinity\n' > /etc/systemd/system/steady.service; systemctl daemon-reload; systemctl start steady`)
		m.afterwards(t, "systemctl stop steady; rm /etc/systemd/system/steady.service; systemctl daemon-reload")
		before := m.look(t)
		m.wish(t, `
operatingSystem:
  units:
  - name: steady.service
    state: Running
    dropIns: [{name: bad.conf, content: "[Service]\nExecStartPre=/bin/sh -c 'echo not with me; exit 1'\n"}]`)
		m.apply(t).want(t, 5, `restart of steady.service: job result "failed"`, "not with me", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a unit that is not there", func(t *testing.T) {
		before := m.look(t)
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/first, content: x}]\n  units: [{name: contaimerd.service, state: Running}]")
		m.command(t, "hostler", "plan", "-f", groupFile).want(t, 3, "unit contaimerd.service is not there yet")
		m.apply(t).want(t, 5, "unit contaimerd.service is not there yet (there is containerd.service", "correct the name", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("a unit that vanishes before its restart", func(t *testing.T) {
		before := m.look(t)
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/first, content: x, restart: [gone.service]}]")
		m.apply(t).want(t, 5, "restart of gone.service", "not-found", "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("the message bus is down", func(t *testing.T) {
		m.sh(t, "systemctl stop dbus.socket dbus.service")
		m.afterwards(t, "systemctl start dbus.socket dbus.service")
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/first, content: x, restart: [systemd-journald.service]}]")
		m.apply(t).want(t, 0, "Done")
		m.command(t, "hostler", "rollback").want(t, 0)
	})
	t.Run("systemd does not answer at all", func(t *testing.T) {
		const hide = "mount --bind /dev/null /run/systemd/private; mount --bind /dev/null /run/dbus/system_bus_socket"
		before := m.look(t)
		m.sh(t, hide)
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/first, content: x}]")
		a := m.apply(t)
		m.sh(t, "umount /run/systemd/private /run/dbus/system_bus_socket")
		a.want(t, 1, "connecting to systemd (is it running here?)", "/run/dbus/system_bus_socket")
		m.wantAsBefore(t, before)
	})
}

func TestContainerdFaults(t *testing.T) {
	t.Parallel()
	m := prepared(t, "containerd")
	before := m.look(t)
	active := func(t *testing.T) {
		t.Helper()
		m.wantAsBefore(t, before)
		m.sh(t, "systemctl is-active containerd && ctr version")
	}
	t.Run("it dies soon after the restart", func(t *testing.T) {
		m.wish(t, `
operatingSystem:
  units:
  - name: containerd.service
    dropIns: [{name: short.conf, content: "[Service]\nRuntimeMaxSec=2\n"}]`)
		m.apply(t, "--health-timeout", "15s").want(t, 5, "health: ", "containerd.service stays active: ", "its last log lines:", "Rolled back")
		active(t)
	})
	t.Run("it does not start with its configuration", func(t *testing.T) {
		m.wish(t, "cri:\n  containerd:\n    config: {required_plugins: [io.containerd.grpc.v1.none]}")
		m.apply(t).want(t, 5, "restart of containerd.service", "its last log lines:", "io.containerd.grpc.v1.none", "Rolled back")
		active(t)
	})
	t.Run("CRI does not work with its configuration", func(t *testing.T) {
		m.wish(t, "cri:\n  containerd:\n    config: {plugins: {io.containerd.grpc.v1.cri: {stream_idle_timeout: many}}}")
		m.apply(t, "--health-timeout", "10s").want(t, 5, "health: ", "CRI at /run/containerd/containerd.sock", "Rolled back")
		active(t)
	})
	t.Run("a configuration file that is not TOML", func(t *testing.T) {
		m.sh(t, "cp -p /etc/containerd/config.toml /root/; sed -i '2i [plugins' /etc/containerd/config.toml")
		m.afterwards(t, "cp -p /root/config.toml /etc/containerd/")
		broken := m.look(t)
		m.wish(t, "{}")
		m.apply(t).want(t, 1, "/etc/containerd/config.toml", "2")
		m.wantAsBefore(t, broken)
		if got := m.sh(t, "systemctl is-active containerd"); !strings.HasPrefix(got, "active") {
			t.Errorf("containerd: got %s want active", got)
		}
	})
}
