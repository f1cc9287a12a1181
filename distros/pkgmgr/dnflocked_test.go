package pkgmgr_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestRPMLocksAreWaitedFor(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		synctest.Test(t, func(t *testing.T) {
			f := d.host([]dnftest.Package{rpmCNI, rpmConntrack}, rpmAll, d.Busy(host.Process{PID: 4711, Command: "/usr/bin/python -u upgrade"}))
			time.AfterFunc(90*time.Second, func() { f.Change(d.Idle(4711)) })
			start := time.Now()
			if err := d.install("1.36.3").Do(t.Context(), f); err != nil {
				t.Fatalf("got %v want the installation after the wait", err)
			}
			if waited := time.Since(start); waited < 90*time.Second || waited > 92*time.Second {
				t.Errorf("got a wait of %v want one of 90s", waited)
			}
			if got := d.get(t, f, "kubelet").Version; got != rpmKubelet36.Version {
				t.Errorf("got kubelet %q want %s", got, rpmKubelet36.Version)
			}
		})
	})
}

func TestRPMLocksHeldForEverAreGivenUp(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		for command, says := range map[string]string{
			"/usr/bin/python /usr/bin/dnf upgrade": "held by process 4711 (/usr/bin/python /usr/bin/dnf upgrade)",
			// A machine that lost its power leaves the file, and another process gets the number.
			"sleep infinity": "which is no package manager: remove " + d.PIDFile,
		} {
			synctest.Test(t, func(t *testing.T) {
				f := d.host([]dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}, rpmAll, d.Busy(host.Process{PID: 4711, Command: command}))
				op := d.hold(true)
				op.LockTimeout = 5 * time.Minute
				start := time.Now()
				err := op.Do(t.Context(), f)
				if !errors.Is(err, pkgmgr.ErrLocked) || !strings.Contains(err.Error(), says) {
					t.Errorf("got %v want ErrLocked that says %q", err, says)
				}
				if waited := time.Since(start); waited != 5*time.Minute {
					t.Errorf("got a wait of %v want 5m", waited)
				}
				if calls := f.Calls(); len(calls) > 0 {
					t.Errorf("got calls %v want none while another works", calls)
				}
			})
		}
	})
}

// TestRPMLocksTakenBetweenLookAndAct: the manager finds the lock taken although it was
// free a moment before; that is a wait, too, and not the manager's own.
func TestRPMLocksTakenBetweenLookAndAct(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		synctest.Test(t, func(t *testing.T) {
			distribution := d.Host([]dnftest.Package{rpmCNI}, rpmAll)
			f := hosttest.New(distribution)
			tries := 0
			f.Change(hosttest.Handle(string(d.Manager), func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
				if tries++; tries == 2 {
					f.Change(distribution)
				}
				if !slices.Contains(cmd.Argv, "--setopt=exit_on_lock=1") {
					return host.Output{}, hosttest.Exit(cmd, -1, "it waits for ever")
				}
				return host.Output{}, hosttest.Exit(cmd, 200, "metadata already locked by 7\n")
			}))
			if err := (pkgmgr.Refresh{Manager: d.Manager}).Do(t.Context(), f); err != nil || tries != 2 {
				t.Errorf("got %v after %d tries want success after two", err, tries)
			}
			f.Change(d.Busy(host.Process{PID: 7, Command: "dnf"}))
			time.AfterFunc(20*time.Second, func() { f.Change(d.Idle(7)) })
			if _, err := d.remove(rpmCNI).Inverse(t.Context(), f); err != nil {
				t.Errorf("got %v want the inverse after the wait", err)
			}
		})
	})
}

// TestPlanWaitsForAnotherManager: a plan asks while somebody's transaction is under way,
// and finds out what was installed for others when that has ended.
func TestPlanWaitsForAnotherManager(t *testing.T) {
	t.Parallel()
	d := el{dnftest.EL9}
	synctest.Test(t, func(t *testing.T) {
		f := d.host([]dnftest.Package{rpmKubelet35, rpmCNI, rpmConntrack}, rpmAll, d.Auto("kubelet"), d.Busy(host.Process{PID: 4711, Command: "dnf upgrade"}))
		time.AfterFunc(20*time.Second, func() { f.Change(d.Idle(4711)) })
		inverse, err := d.install("1.36.3").Inverse(t.Context(), f)
		if err != nil {
			t.Fatalf("got %v want the inverse after the wait", err)
		}
		if back := inverse.(pkgmgr.Rollback).Changes[0]; !back.Auto {
			t.Errorf("got %+v want it marked as installed for others", back)
		}
		f.Change(d.Busy(host.Process{PID: 4711, Command: "dnf upgrade"}))
		start := time.Now()
		if _, err := d.install("1.36.3").Inverse(t.Context(), f); !errors.Is(err, pkgmgr.ErrLocked) {
			t.Errorf("got %v want ErrLocked", err)
		}
		if waited := time.Since(start); waited < time.Minute || waited > 3*time.Minute {
			t.Errorf("got a wait of %v want about a minute: it is only a plan", waited)
		}
	})
}
