package pkgmgr_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

var (
	environment = map[string]string{"/etc/default/kubelet": "KUBELET_EXTRA_ARGS=\n"}
	kubelet35   = apttest.Package{Name: "kubelet", Version: "1.35.4-1.1", Depends: []string{"kubernetes-cni"},
		Files: map[string]string{"/usr/bin/kubelet": "1.35.4"}, Conffiles: environment}
	kubelet36 = apttest.Package{Name: "kubelet", Version: "1.36.3-1.1", Depends: []string{"kubernetes-cni", "conntrack"},
		Files: map[string]string{"/usr/bin/kubelet": "1.36.3"}, Conffiles: environment}
	cni        = apttest.Package{Name: "kubernetes-cni", Version: "1.7.1-1.1", Files: map[string]string{"/opt/cni/bin/bridge": "1.7.1"}}
	conntrack  = apttest.Package{Name: "conntrack", Version: "1:1.4.7-1"}
	failing    = apttest.Package{Name: "broken", Version: "1.0", Files: map[string]string{"/usr/bin/broken": "x"}, Fails: "line one\nboom in postinst"}
	all        = apttest.Repository{Packages: []apttest.Package{kubelet35, kubelet36, cni, conntrack, failing}}
	withoutOld = apttest.Repository{Packages: []apttest.Package{kubelet36, cni, conntrack}}
)

func debian(installed []apttest.Package, repository apttest.Repository, more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{apttest.Debian(installed, repository)}, more...)...)
}

func install(version string) pkgmgr.Install {
	return pkgmgr.Install{Manager: distros.Apt, Name: "kubelet", To: version}
}

func get(t *testing.T, v host.View, name string) pkgmgr.Package {
	t.Helper()
	m, err := pkgmgr.For(distros.Apt)
	if err != nil {
		t.Fatal(err)
	}
	inventory, err := m.Installed(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Get(name)
}

// doAndUndo does the op twice, then takes it back twice, and wants the host as
// it was. It returns the inverse.
func doAndUndo(t *testing.T, f *hosttest.Fake, op steps.Op, during func()) steps.Op {
	t.Helper()
	ctx, before := t.Context(), f.Snapshot(f.StateDir())
	inverse, err := op.Inverse(ctx, f)
	if err != nil {
		t.Fatalf("inverse: %v", err)
	}
	if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
		t.Fatalf("asking for the inverse changed the host:\n%s", diff)
	}
	for range 2 {
		if err := op.Do(ctx, f); err != nil {
			t.Fatalf("do: %v", err)
		}
	}
	during()
	for range 2 {
		if err := inverse.Do(ctx, f); err != nil {
			t.Fatalf("undo: %v", err)
		}
	}
	if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
		t.Errorf("undo must give the host back (-before +after):\n%s", diff)
	}
	return inverse
}

func TestInstallIsTakenBackExactly(t *testing.T) {
	t.Parallel()
	auto := hosttest.File("/var/lib/apt/extended_states", "Package: kubelet\nArchitecture: amd64\nAuto-Installed: 1\n\n")
	old := hosttest.File(apttest.Archive("kubelet", "1.35.4-1.1"), "an archive")
	cases := map[string]struct {
		host     *hosttest.Fake
		wish     string
		want     string
		inverted []string
	}{
		"a new package goes with all that it brought": {debian(nil, all), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → removed", "kubernetes-cni 1.7.1-1.1 → removed", "conntrack 1:1.4.7-1 → removed"}},
		"what was there before stays": {debian([]apttest.Package{cni}, all), "1.36.3-1.1", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → removed", "conntrack 1:1.4.7-1 → removed"}},
		"an upgrade goes back to the old version": {debian([]apttest.Package{kubelet35, cni}, all), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → 1.35.4-1.1", "conntrack 1:1.4.7-1 → removed"}},
		"an old version that no repository has comes from the cache": {debian([]apttest.Package{kubelet35, cni}, withoutOld, old), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → 1.35.4-1.1", "conntrack 1:1.4.7-1 → removed"}},
		"a downgrade goes forward again": {debian([]apttest.Package{kubelet36, cni, conntrack}, all), "1.35.4", "1.35.4-1.1",
			[]string{"kubelet 1.35.4-1.1 → 1.36.3-1.1"}},
		"a hold stays through it": {debian([]apttest.Package{kubelet35, cni, conntrack}, all, apttest.Held("kubelet")), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → 1.35.4-1.1"}},
		"a package installed for others is marked so again": {debian([]apttest.Package{kubelet35, cni, conntrack}, all, auto), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → 1.35.4-1.1"}},
		"the version that is there is left alone": {debian([]apttest.Package{kubelet36, cni, conntrack}, all), "1.36.3", "1.36.3-1.1",
			[]string{"kubelet 1.36.3-1.1 → 1.36.3-1.1"}},
		"no version is content with any": {debian([]apttest.Package{kubelet35, cni}, all), "", "1.35.4-1.1", []string{"kubelet 1.35.4-1.1 → 1.35.4-1.1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held := get(t, c.host, "kubelet").Held
			inverse := doAndUndo(t, c.host, install(c.wish), func() {
				if got := get(t, c.host, "kubelet"); got.Version != c.want || !got.Installed || got.Held != held {
					t.Errorf("got %+v want version %s, held %t", got, c.want, held)
				}
			})
			var got []string
			for _, change := range inverse.(pkgmgr.Rollback).Changes {
				got = append(got, change.String())
			}
			if diff := cmp.Diff(c.inverted, got); diff != "" {
				t.Errorf("inverse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInstallKeepsTheOldArchive(t *testing.T) {
	t.Parallel()
	archive := apttest.Archive("kubelet", "1.35.4-1.1")
	f := debian([]apttest.Package{kubelet35, cni}, withoutOld, hosttest.File(archive, "an archive"))
	doAndUndo(t, f, install("1.36.3"), func() {
		f.Change(hosttest.Absent(archive)) // apt-get clean
	})
	if got := f.Content(archive); got != "an archive" {
		t.Errorf("got archive %q want it back from the blob store", got)
	}
}

func TestUndoWithoutArchiveSaysSo(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet35, cni}, withoutOld)
	op := install("1.36.3")
	inverse, err := op.Inverse(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(inverse.Diff().Notes, "\n"); !strings.Contains(notes, "the archive of kubelet 1.35.4-1.1 is not on the host") {
		t.Errorf("got notes %q want a warning about the archive", notes)
	}
	if err := op.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	err = inverse.Do(t.Context(), f)
	if !errors.Is(err, pkgmgr.ErrNoVersion) || !strings.Contains(err.Error(), "no copy of an old version") {
		t.Errorf("got %v want ErrNoVersion that explains", err)
	}
}

func TestInstallNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	err := install("1.36.9").Do(t.Context(), debian(nil, all))
	if !errors.Is(err, pkgmgr.ErrNoVersion) || !strings.Contains(err.Error(), "the repositories have 1.36.3-1.1, 1.35.4-1.1") {
		t.Errorf("got %v want ErrNoVersion with both versions", err)
	}
	unknown := pkgmgr.Install{Manager: distros.Apt, Name: "nosuch", To: "1"}
	if err := unknown.Do(t.Context(), debian(nil, all)); !errors.Is(err, pkgmgr.ErrNoPackage) {
		t.Errorf("got %v want ErrNoPackage", err)
	}
}

func TestFailedScriptIsShownAndTakenBack(t *testing.T) {
	t.Parallel()
	f := debian(nil, all)
	before := f.Snapshot(f.StateDir())
	op := pkgmgr.Install{Manager: distros.Apt, Name: "broken", To: "1.0"}
	inverse, err := op.Inverse(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	err = op.Do(t.Context(), f)
	if !errors.Is(err, pkgmgr.ErrMaintainerScript) || !strings.Contains(err.Error(), "boom in postinst") {
		t.Errorf("got %v want ErrMaintainerScript with the script's words", err)
	}
	if err := inverse.Do(t.Context(), f); err != nil {
		t.Fatalf("undo: %v", err)
	}
	if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
		t.Errorf("undo must give the host back (-before +after):\n%s", diff)
	}
}

func TestInterruptedWorkIsFinishedFirst(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet35, cni, conntrack}, all, apttest.Interrupted("conntrack"))
	if err := install("1.36.3").Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if !get(t, f, "conntrack").Installed || get(t, f, "kubelet").Version != "1.36.3-1.1" {
		t.Errorf("got %+v and %+v want both installed", get(t, f, "conntrack"), get(t, f, "kubelet"))
	}
}

func TestRemoveTakesDependentsAndBringsThemBack(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet36, cni, conntrack}, all, apttest.Held("kubernetes-cni"))
	f.Change(hosttest.File("/etc/default/kubelet", "edited\n"))
	doAndUndo(t, f, pkgmgr.Remove{Manager: distros.Apt, Name: "kubernetes-cni", From: cni.Version}, func() {
		if get(t, f, "kubernetes-cni").Installed || get(t, f, "kubelet").Installed {
			t.Error("got a package that should be gone")
		}
		if got := f.Content("/etc/default/kubelet"); got != "edited\n" {
			t.Errorf("got configuration %q want it kept", got)
		}
	})
}

func TestRemoveStopsAtAHeldDependent(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet36, cni, conntrack}, all, apttest.Held("kubelet"))
	_, err := (pkgmgr.Remove{Manager: distros.Apt, Name: "kubernetes-cni"}).Inverse(t.Context(), f)
	if !errors.Is(err, pkgmgr.ErrBroken) || !strings.Contains(err.Error(), "kubelet : Depends: kubernetes-cni") {
		t.Errorf("got %v want ErrBroken that names the dependent", err)
	}
}

func TestHoldIsSetAndTakenBack(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet36, cni, conntrack}, all)
	doAndUndo(t, f, pkgmgr.Hold{Manager: distros.Apt, Name: "kubelet", To: true}, func() {
		if !get(t, f, "kubelet").Held {
			t.Error("got no hold want one")
		}
	})
	// A package that nobody knows has no hold to take off.
	if err := (pkgmgr.Hold{Manager: distros.Apt, Name: "nosuch", To: false}).Do(t.Context(), f); err != nil {
		t.Errorf("got %v want nothing to do", err)
	}
}

func TestLockIsWaitedForAndItsHolderNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian(nil, all)
		holder := host.Process{PID: 4711, Command: "apt-get upgrade", Started: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
		f.Change(hosttest.Locked("/var/lib/dpkg/lock-frontend", holder))
		var said []string
		ctx := host.WithProgress(t.Context(), func(message string) { said = append(said, message) })
		time.AfterFunc(90*time.Second, func() { f.Change(hosttest.Unlocked("/var/lib/dpkg/lock-frontend")) })
		start := time.Now()
		if err := install("1.36.3").Do(ctx, f); err != nil {
			t.Fatalf("got %v want the installation after the wait", err)
		}
		if waited := time.Since(start); waited < 90*time.Second || waited > 92*time.Second {
			t.Errorf("got a wait of %v want one of 90s", waited)
		}
		const want = "waiting: /var/lib/dpkg/lock-frontend is held by process 4711 (apt-get upgrade, running since 2026-11-21 08:00:00 UTC)"
		if !slices.Contains(said, want) {
			t.Errorf("got %q want %q", said, want)
		}
	})
}

func TestLockHeldForEverIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian(nil, all, hosttest.Locked("/var/cache/apt/archives/lock", host.Process{PID: 9, Command: "unattended-upgrade"}))
		op := install("1.36.3")
		op.LockTimeout = 5 * time.Minute
		start := time.Now()
		err := op.Do(t.Context(), f)
		if !errors.Is(err, pkgmgr.ErrLocked) || !strings.Contains(err.Error(), "process 9 (unattended-upgrade)") {
			t.Errorf("got %v want ErrLocked that names the holder", err)
		}
		if waited := time.Since(start); waited != 5*time.Minute {
			t.Errorf("got a wait of %v want 5m", waited)
		}
		if calls := f.Calls(); len(calls) > 0 {
			t.Errorf("got calls %v want none while another works", calls)
		}
	})
}

func TestLockIsWaitedForNoLongerThanTheRunGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian(nil, all, hosttest.Locked("/var/lib/dpkg/lock", host.Process{PID: 9, Command: "dpkg"}))
		stop := make(chan struct{})
		time.AfterFunc(7*time.Second, func() { close(stop) })
		start := time.Now()
		err := install("1.36.3").Do(host.WithStop(t.Context(), stop), f)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "process 9 (dpkg)") {
			t.Errorf("got %v want context.Canceled that names what it waited for", err)
		}
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("got a wait of %v want 7s, when the run was asked to stop", waited)
		}
	})
}

// TestUndoOfAnOpThatGotNoLockNeedsNone: whoever holds the lock for ever must not
// keep a run that never touched the packages from going back.
func TestUndoOfAnOpThatGotNoLockNeedsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian([]apttest.Package{kubelet35, cni, conntrack}, all, apttest.Held("kubelet"),
			hosttest.Locked("/var/lib/dpkg/lock", host.Process{PID: 9, Command: "dpkg"}))
		inverse, err := install("1.36.3").Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := inverse.Do(t.Context(), f); err != nil {
			t.Errorf("got %v want nothing to do", err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("got a wait of %v want none", waited)
		}
	})
}

func TestWaitForLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian(nil, all, hosttest.Locked("/var/lib/dpkg/lock", host.Process{PID: 9, Command: "dpkg"}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := install("1.36.3").Do(ctx, f); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v want context.DeadlineExceeded", err)
		}
	})
}

// TestLockTakenBetweenLookAndAct: apt finds the lock taken although it was free
// a moment before; that is a wait, too.
func TestLockTakenBetweenLookAndAct(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := debian([]apttest.Package{kubelet36, cni, conntrack}, all)
		tries := 0
		f.Change(hosttest.Handle("apt-mark", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			if tries++; tries < 3 {
				return host.Output{}, hosttest.Exit(cmd, 100, "E: Could not get lock /var/lib/dpkg/lock. It is held by process 1 (x)\n")
			}
			return host.Output{}, nil
		}))
		if err := (pkgmgr.Hold{Manager: distros.Apt, Name: "kubelet", To: true}).Do(t.Context(), f); err != nil || tries != 3 {
			t.Errorf("got %v after %d tries want success at the third", err, tries)
		}
	})
}

// TestRefreshNoticesWarnings: an apt that does not know Error-Mode exits 0.
func TestRefreshNoticesWarnings(t *testing.T) {
	t.Parallel()
	const warning = "W: Failed to fetch http://down.example/dists/s/InRelease  Could not resolve 'down.example'\n"
	f := debian(nil, all)
	f.Change(hosttest.Handle("apt-get", func(*hosttest.Fake, host.Command) (host.Output, error) {
		return host.Output{Stderr: []byte(warning)}, nil
	}))
	one := pkgmgr.Refresh{Manager: distros.Apt, Name: "down", Source: "/etc/apt/sources.list.d/down.list"}
	if err := one.Do(t.Context(), f); !errors.Is(err, pkgmgr.ErrUnreachable) || !strings.Contains(err.Error(), "down.example") {
		t.Errorf("one repository: got %v want ErrUnreachable with the address", err)
	}
	if err := (pkgmgr.Refresh{Manager: distros.Apt}).Do(t.Context(), f); err != nil {
		t.Errorf("all repositories: got %v want none, one that is down does not stop the others", err)
	}
}

func TestRefreshOfOneTouchesOnlyThatOne(t *testing.T) {
	t.Parallel()
	f := debian(nil, all)
	refresh := pkgmgr.Refresh{Manager: distros.Apt, Name: "one", Source: "/etc/apt/sources.list.d/one.list"}
	if err := refresh.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	got := f.Calls()[0].Subject
	for _, want := range []string{"Dir::Etc::sourcelist=/etc/apt/sources.list.d/one.list", "Dir::Etc::sourceparts=-", "APT::Get::List-Cleanup=0", "APT::Update::Error-Mode=any"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q want it to have %s", got, want)
		}
	}
}
