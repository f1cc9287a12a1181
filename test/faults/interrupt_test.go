//go:build cluster

package faults

import (
	"strings"
	"testing"
)

// gated wishes for a unit whose start ends when there is a file /run/go, and for
// one after it: a run that stands still where the test wants it.
const gated = `
operatingSystem:
  files:
  - path: /etc/systemd/system/gated.service
    content: |
      [Service]
      Type=oneshot
      RemainAfterExit=yes
      ExecStart=/bin/sh -c 'until test -e /run/go; do sleep 0.05; done'
  - path: /etc/systemd/system/after.service
    content: |
      [Service]
      ExecStart=/bin/sleep infinity
  units:
  - {name: gated.service, state: Running}
  - {name: after.service, state: Running}`

// inJournal is a condition for reach: a record about a key is in the journal of
// the only run. Tests that use it remove the runs of others before.
func inJournal(record, key string) string {
	return `grep -q '"type":"` + record + `".*"key":"` + key + `"' /var/lib/hostler/runs/*/journal`
}

// interrupted starts an apply of the gated NodeGroup and returns it when it
// waits for the gate.
func (m machine) interrupted(t *testing.T) *process {
	t.Helper()
	m.sh(t, "rm -rf /run/go /var/lib/hostler/runs")
	m.wish(t, gated)
	// Whoever runs the tests under nohup hands an ignored SIGHUP down to all of them.
	run := m.begin(t, "env", "--default-signal=HUP", "hostler", "apply", "-f", groupFile)
	m.reach(t, inJournal("do", "unit:gated.service"))
	return run
}

// signal sends a signal to the hostler that holds the lock.
func (m machine) signal(t *testing.T, name string) {
	t.Helper()
	m.sh(t, `kill -s `+name+` "$(sed 's/process \([0-9]*\) .*/\1/' /var/lib/hostler/lock)"`)
}

// goesOn wants the next apply to end the run that was cut short, and a rollback
// to give the machine back.
func (m machine) goesOn(t *testing.T, before []string) {
	t.Helper()
	m.sh(t, "touch /run/go")
	m.apply(t).want(t, 0, "was cut short and goes on", "Done")
	m.verify(t).want(t, 0)
	if got := m.sh(t, "systemctl is-active gated after; find /etc -name '*.hostler-tmp'"); got != "active\nactive" {
		t.Errorf("units, and half-written files: got %q want both active, and none", got)
	}
	m.command(t, "hostler", "rollback").want(t, 0, "Done")
	m.wantAsBefore(t, before)
}

func TestInterruptions(t *testing.T) {
	t.Parallel()
	m := prepared(t, "interrupts")
	before := m.look(t)
	for _, name := range []string{"TERM", "HUP"} {
		t.Run("SIG"+name, func(t *testing.T) {
			run := m.interrupted(t)
			m.signal(t, name)
			run.says(t, "asked to stop")
			m.sh(t, "touch /run/go")
			run.end(t).want(t, 1, "Interrupted: run ", "the next apply goes on, `hostler rollback` goes back")
			if got := m.sh(t, "systemctl is-active after || true"); got != "inactive" {
				t.Errorf("what comes after the op in hand: got it %s want it left to the next apply", got)
			}
			m.goesOn(t, before)
		})
	}
	t.Run("two at once", func(t *testing.T) {
		run := m.interrupted(t)
		holder := strings.TrimSpace(m.sh(t, "cat /var/lib/hostler/lock"))
		if want := "(hostler apply -f " + groupFile + ") since "; !strings.Contains(holder, want) {
			t.Errorf("lock: got %q want it to say %q", holder, want)
		}
		m.apply(t).want(t, 4, "another hostler is changing this host: "+holder, "wait for it")
		m.command(t, "hostler", "rollback").want(t, 4, "another hostler is changing this host: "+holder)
		m.command(t, "hostler", "plan", "-f", groupFile).want(t, 3, "start unit:after.service")
		m.sh(t, "touch /run/go")
		run.end(t).want(t, 0, "Done")
		m.command(t, "hostler", "rollback").want(t, 0)
		m.wantAsBefore(t, before)
	})
	t.Run("SIGKILL, and a person who wants it back", func(t *testing.T) {
		run := m.interrupted(t)
		m.signal(t, "KILL")
		run.end(t).want(t, 128+9)
		m.sh(t, "touch /run/go")
		m.command(t, "hostler", "rollback").want(t, 0, "Rolled back")
		m.wantAsBefore(t, before)
	})
	t.Run("power cut", func(t *testing.T) {
		m.interrupted(t)
		if err := m.PowerCut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.goesOn(t, before)
		if got := m.sh(t, `cat /var/lib/hostler/runs/*/journal | grep -o '"bootID":"[^"]*"' | sort -u | wc -l`); got != "2" {
			t.Errorf("boots in the journals: got %s want 2", got)
		}
	})
	t.Run("a reader that goes away", func(t *testing.T) {
		m.wish(t, gated)
		m.sh(t, "touch /run/go")
		m.command(t, "sh", "-c", "hostler apply -f "+groupFile+" 2>&1 | head -n 1").want(t, 0, "Node interrupts")
		m.verify(t).want(t, 0)
		m.command(t, "hostler", "rollback").want(t, 0)
		m.wantAsBefore(t, before)
	})
}

// TestKills kills hostler with kill(2) at moments that the journal tells, also
// while apt is at work and goes on alone.
func TestKills(t *testing.T) {
	t.Parallel()
	m, repository := demoMachine(t, "kills")
	before := m.look(t)
	for name, moment := range map[string]string{
		"while lists are fetched":     inJournal("do", "package-lists:demo"),
		"while apt installs services": inJournal("do", "package:containerd"),
	} {
		t.Run(name, func(t *testing.T) {
			m.sh(t, "rm -rf /var/lib/hostler")
			m.wish(t, strings.Replace(demo("1.0", repository.URL), "lockTimeout: 3s", "lockTimeout: 1m", 1))
			run := m.begin(t, "hostler", "apply", "-f", groupFile)
			m.reach(t, moment)
			m.signal(t, "KILL")
			run.end(t).want(t, 128+9)
			m.apply(t).want(t, 0, "run 1 was cut short and goes on", "Done: run 1")
			m.verify(t).want(t, 0)
			if got := m.sh(t, "dpkg --audit; systemctl is-active containerd; apt-mark showhold; find /etc -name '*.hostler-tmp'"); got != "active\nhostler-demo" {
				t.Errorf("dpkg --audit, containerd, holds, half-written files: got %q want it active, hostler-demo held, and no more", got)
			}
			m.command(t, "hostler", "rollback").want(t, 0)
			m.wantAsBefore(t, before)
		})
	}
}
