package pkgmgr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// These are the tests of ops_test.go with dnf and with yum.

var (
	rpmEnvironment = map[string]string{"/etc/sysconfig/kubelet": "KUBELET_EXTRA_ARGS=\n"}
	rpmKubelet35   = dnftest.Package{Name: "kubelet", Version: "1.35.4-150500.1.1", Requires: []string{"kubernetes-cni"},
		Files: map[string]string{"/usr/bin/kubelet": "1.35.4"}, Configs: rpmEnvironment}
	rpmKubelet36 = dnftest.Package{Name: "kubelet", Version: "1.36.3-150500.1.1", Requires: []string{"kubernetes-cni", "conntrack-tools"},
		Files: map[string]string{"/usr/bin/kubelet": "1.36.3"}, Configs: rpmEnvironment}
	rpmCNI       = dnftest.Package{Name: "kubernetes-cni", Version: "1.7.1-150500.1.1", Files: map[string]string{"/opt/cni/bin/bridge": "1.7.1"}}
	rpmConntrack = dnftest.Package{Name: "conntrack-tools", Version: "1:1.4.7-4.el9_5"}
	rpmFailing   = dnftest.Package{Name: "broken", Version: "1.0-1", Files: map[string]string{"/usr/bin/broken": "x"}, Fails: "boom in pre"}
	rpmRunc      = dnftest.Package{Name: "runc", Version: "4:1.2.4-2.el9", Files: map[string]string{"/usr/bin/runc": "1.2.4"}}
	rpmDockers   = dnftest.Package{Name: "containerd.io", Version: "2.1.9-3.1.el9", Obsoletes: []string{"runc"}, Files: map[string]string{"/usr/bin/runc": "docker's"}}
	rpmAll       = dnftest.Repository{ID: "kubernetes", Packages: []dnftest.Package{rpmKubelet35, rpmKubelet36, rpmCNI, rpmConntrack, rpmFailing, rpmRunc, rpmDockers}}
	rpmNoOld     = dnftest.Repository{ID: "kubernetes", Packages: []dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}}
)

// el is a distribution with the ops of its package manager.
type el struct{ dnftest.Distribution }

// onEach runs a test on a host with dnf and on one with yum.
func onEach(t *testing.T, test func(t *testing.T, d el)) {
	t.Parallel()
	for _, d := range []dnftest.Distribution{dnftest.EL9, dnftest.EL7} {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			test(t, el{d})
		})
	}
}

func (d el) host(installed []dnftest.Package, repository dnftest.Repository, more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{d.Host(installed, repository)}, more...)...)
}

func (d el) install(version string) pkgmgr.Install {
	return pkgmgr.Install{Manager: d.Manager, Name: "kubelet", To: version}
}

func (d el) remove(p dnftest.Package) pkgmgr.Remove {
	return pkgmgr.Remove{Manager: d.Manager, Name: p.Name, From: p.Version}
}

func (d el) hold(held bool) pkgmgr.Hold {
	return pkgmgr.Hold{Manager: d.Manager, Name: "kubelet", From: !held, To: held}
}

func (d el) get(t *testing.T, v host.View, name string) pkgmgr.Package {
	t.Helper()
	m, err := pkgmgr.For(d.Manager)
	if err != nil {
		t.Fatal(err)
	}
	inventory, err := m.Installed(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Get(name)
}

func TestRPMsAreInstalledAndTakenBackExactly(t *testing.T) {
	older := []dnftest.Package{rpmKubelet35, rpmCNI, rpmConntrack}
	newer := []dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}
	const old, young = "1.35.4-150500.1.1", "1.36.3-150500.1.1"
	onEach(t, func(t *testing.T, d el) {
		kept := hosttest.File("/var/cache/hostler/packages/kubelet-1.35.4-150500.1.1.x86_64.rpm", "an archive")
		excludes := hosttest.File(d.Config, "[main]\ngpgcheck=1\nexclude=runc kubelet\n")
		cases := map[string]struct {
			host     *hosttest.Fake
			wish     string
			want     string
			inverted []string
		}{
			"a new package goes with all that it brought": {d.host(nil, rpmAll), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → removed", "kubernetes-cni 1.7.1-150500.1.1 → removed", "conntrack-tools 1:1.4.7-4.el9_5 → removed"}},
			"what was there before stays": {d.host([]dnftest.Package{rpmCNI}, rpmAll), young, young,
				[]string{"kubelet 1.36.3-150500.1.1 → removed", "conntrack-tools 1:1.4.7-4.el9_5 → removed"}},
			"an upgrade goes back to the old version": {d.host([]dnftest.Package{rpmKubelet35, rpmCNI}, rpmAll), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1", "conntrack-tools 1:1.4.7-4.el9_5 → removed"}},
			"an old version that no repository has comes from the copy": {d.host(older, rpmNoOld, kept), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"a downgrade goes forward again": {d.host(newer, rpmAll), "1.35.4", old, []string{"kubelet 1.35.4-150500.1.1 → 1.36.3-150500.1.1"}},
			"a hold stays through it":        {d.host(older, rpmAll, d.Held("kubelet")), "1.36.3", young, []string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"a stale lock stays as it was": {d.host(older, rpmAll, d.Locked("kubelet", "1.34.1-150500.1.1")), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"a hold without the plugin stays through it": {d.host(older, rpmAll, hosttest.Absent(d.LockConfig), excludes), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"a package installed for others is marked so again": {d.host(older, rpmAll, d.Auto("kubelet")), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"an edited configuration stays": {d.host(older, rpmAll, hosttest.File("/etc/sysconfig/kubelet", "edited\n")), "1.36.3", young,
				[]string{"kubelet 1.36.3-150500.1.1 → 1.35.4-150500.1.1"}},
			"the version that is there is left alone": {d.host(newer, rpmAll), "1.36.3", young, []string{"kubelet 1.36.3-150500.1.1 → 1.36.3-150500.1.1"}},
			"no version is content with any":          {d.host(older, rpmAll), "", old, []string{"kubelet 1.35.4-150500.1.1 → 1.35.4-150500.1.1"}},
		}
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				held := d.get(t, c.host, "kubelet").Held
				inverse := doAndUndo(t, c.host, d.install(c.wish), func() {
					if got := d.get(t, c.host, "kubelet"); got.Version != c.want || !got.Installed || got.Held != held {
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
	})
}

func TestObsoleteRPMsComeBack(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmRunc}, rpmAll)
		op := pkgmgr.Install{Manager: d.Manager, Name: "containerd.io", To: "2.1.9"}
		once := f.Clone()
		inverse, err := op.Inverse(t.Context(), once)
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Do(t.Context(), once); err != nil {
			t.Fatal(err)
		}
		if err := inverse.Do(t.Context(), once); err != nil || d.get(t, once, "runc").Version != rpmRunc.Version {
			t.Errorf("got %v, %+v want runc back at once", err, d.get(t, once, "runc"))
		}
		doAndUndo(t, f, op, func() {
			if d.get(t, f, "runc").Installed || !d.get(t, f, "containerd.io").Installed {
				t.Error("got runc beside the package that makes it obsolete")
			}
		})
	})
}

func TestRPMsHaveACopyOfTheOldVersion(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		const archive = "/var/cache/hostler/packages/kubelet-1.35.4-150500.1.1.x86_64.rpm"
		f := d.host([]dnftest.Package{rpmKubelet35, rpmCNI, rpmConntrack}, rpmNoOld, hosttest.File(archive, "an archive"))
		doAndUndo(t, f, d.install("1.36.3"), func() { f.Change(hosttest.Absent(archive)) })
		if got := f.Content(archive); got != "an archive" {
			t.Errorf("got archive %q want it back from the blob store", got)
		}
		without := d.host([]dnftest.Package{rpmKubelet35, rpmCNI, rpmConntrack}, rpmNoOld)
		inverse, err := d.install("1.36.3").Inverse(t.Context(), without)
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(inverse.Diff().Notes, "\n"); !strings.Contains(notes, "the archive of kubelet 1.35.4-150500.1.1 is not on the host") {
			t.Errorf("got notes %q want a warning about the archive", notes)
		}
		if err := d.install("1.36.3").Do(t.Context(), without); err != nil {
			t.Fatal(err)
		}
		if err := inverse.Do(t.Context(), without); err == nil || d.get(t, without, "kubelet").Version != rpmKubelet36.Version {
			t.Errorf("got %v want an error: nobody has the old version", err)
		}
	})
}

func TestRPMInstallationsFailInWordsThatAreUnderstood(t *testing.T) {
	lonely := dnftest.Repository{ID: "kubernetes", Packages: []dnftest.Package{rpmKubelet36, rpmCNI}}
	onEach(t, func(t *testing.T, d el) {
		for name, c := range map[string]struct {
			host *hosttest.Fake
			op   pkgmgr.Install
			kind error
			says string
		}{
			"a version that there is not": {d.host(nil, rpmAll), d.install("1.36.9"), pkgmgr.ErrNoVersion, "the repositories have 1.36.3-150500.1.1, 1.35.4-150500.1.1"},
			"a package that there is not": {d.host(nil, rpmAll), pkgmgr.Install{Manager: d.Manager, Name: "nosuch", To: "1"}, pkgmgr.ErrNoPackage, "no repository of this host has nosuch"},
			"what it requires is missing": {d.host(nil, lonely), d.install("1.36.3"), pkgmgr.ErrBroken, "conntrack-tools"},
			"a script that fails":         {d.host(nil, rpmAll), pkgmgr.Install{Manager: d.Manager, Name: "broken", To: "1.0"}, pkgmgr.ErrMaintainerScript, "boom in pre"},
			"the network is away":         {d.host(nil, rpmAll, dnftest.Offline()), d.install("1.36.3"), pkgmgr.ErrUnreachable, "kubernetes"},
		} {
			before := c.host.Snapshot(c.host.StateDir())
			if err := c.op.Do(t.Context(), c.host); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: got %v want %v that says %q", name, err, c.kind, c.says)
			}
			if diff := cmp.Diff(before, c.host.Snapshot(c.host.StateDir())); diff != "" {
				t.Errorf("%s: what failed must change nothing (-before +after):\n%s", name, diff)
			}
		}
	})
}

// TestRPMHoldsSurviveAFailure: a lock that was moved for a transaction goes back with it.
func TestRPMHoldsSurviveAFailure(t *testing.T) {
	failing := rpmKubelet36
	failing.Fails = "boom"
	offers := dnftest.Repository{ID: "kubernetes", Packages: []dnftest.Package{rpmKubelet35, failing, rpmCNI, rpmConntrack}}
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmKubelet35, rpmCNI, rpmConntrack}, offers, d.Held("kubelet"))
		before := f.Snapshot(f.StateDir())
		if err := d.install("1.36.3").Do(t.Context(), f); !errors.Is(err, pkgmgr.ErrMaintainerScript) {
			t.Fatalf("got %v want ErrMaintainerScript", err)
		}
		if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
			t.Errorf("after a failure (-before +after):\n%s", diff)
		}
	})
}

func TestRPMsGoWithWhatNeedsThemAndComeBack(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}, rpmAll, d.Held("kubernetes-cni"))
		doAndUndo(t, f, d.remove(rpmCNI), func() {
			if d.get(t, f, "kubernetes-cni").Installed || d.get(t, f, "kubelet").Installed || !d.get(t, f, "conntrack-tools").Installed {
				t.Error("got the wrong packages installed, want the one that was removed gone with what requires it")
			}
		})
		held := d.host([]dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}, rpmAll, d.Held("kubelet"))
		if _, err := d.remove(rpmCNI).Inverse(t.Context(), held); !errors.Is(err, pkgmgr.ErrBroken) || !strings.Contains(err.Error(), "kubelet") {
			t.Errorf("got %v want ErrBroken that names the held package", err)
		}
	})
}

func TestRPMHoldsAreSetAndTakenBackToTheByte(t *testing.T) {
	installed := []dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}
	onEach(t, func(t *testing.T, d el) {
		excludes := func(f *hosttest.Fake) {
			f.Change(hosttest.Absent(d.LockConfig), hosttest.File(d.Config, "[main]\nexclude = docker*,runc\n"))
		}
		for name, more := range map[string]hosttest.Option{
			"in an empty list":          hosttest.File(d.LockList, ""),
			"in a list of others":       d.Locked("kernel", "5.14.0-1"),
			"beside a stale lock":       d.Locked("kubelet", "1.35.4-150500.1.1"),
			"in a list of another mode": hosttest.FileWith(d.LockList, "# theirs\n", host.Attr{Mode: 0o600}),
			"without the plugin":        hosttest.Absent(d.LockConfig),
			"in a line with others":     excludes,
		} {
			f := d.host(installed, rpmAll, more)
			doAndUndo(t, f, d.hold(true), func() {
				if !d.get(t, f, "kubelet").Held || d.get(t, f, "kubernetes-cni").Held {
					t.Errorf("%s: got no hold on the kubelet alone", name)
				}
				// What counts is that the manager itself minds it.
				run(t, f, string(d.Manager), "-y", "--setopt=exit_on_lock=1", d.verb(), "kubelet-1.35.4-150500.1.1")
				if got := d.get(t, f, "kubelet").Version; got != rpmKubelet36.Version {
					t.Errorf("%s: got version %s after somebody's downgrade, want the held one", name, got)
				}
			})
		}
		unheld := d.host(installed, rpmAll, d.Held("kubelet"))
		doAndUndo(t, unheld, d.hold(false), func() {
			if d.get(t, unheld, "kubelet").Held {
				t.Error("got a hold that should be off")
			}
		})
		if err := (pkgmgr.Hold{Manager: d.Manager, Name: "nosuch"}).Do(t.Context(), unheld); err != nil {
			t.Errorf("got %v want nothing to do", err)
		}
	})
}

// verb makes a package older.
func (d el) verb() string {
	if d.Name == dnftest.EL7.Name {
		return "downgrade"
	}
	return "install"
}

// run is what somebody else does, well or not.
func run(t *testing.T, f *hosttest.Fake, argv ...string) {
	t.Helper()
	if _, err := f.Run(t.Context(), host.Command{Argv: argv}); err != nil && !errors.As(err, new(*host.CommandError)) {
		t.Fatal(err)
	}
}

func TestInterruptedRPMsAreFinishedFirst(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		older := rpmConntrack
		older.Version = "1:1.4.6-1.el9"
		f := d.host([]dnftest.Package{rpmKubelet35, rpmCNI, older}, rpmAll, d.Interrupted(rpmConntrack))
		if !d.get(t, f, "conntrack-tools").Unfinished {
			t.Fatal("got nothing unfinished want the package that is there twice")
		}
		for range 2 {
			if err := d.install("1.36.3").Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.get(t, f, "conntrack-tools"); got.Version != rpmConntrack.Version || got.Unfinished {
			t.Errorf("got %+v want version %s alone", got, rpmConntrack.Version)
		}
		if got := d.get(t, f, "kubelet").Version; got != rpmKubelet36.Version {
			t.Errorf("got kubelet %s want %s", got, rpmKubelet36.Version)
		}
		if err := (pkgmgr.Repair{Manager: d.Manager}).Do(t.Context(), f); err != nil {
			t.Errorf("a second repair: got %v want nothing to do", err)
		}
		if names, err := f.ReadDir("/var/lib/yum"); err != nil || len(names) > 0 {
			t.Errorf("got %q, %v want no notes of an unfinished transaction", names, err)
		}
	})
}

// TestRPMTransactionsAreWhole: yum goes on with what there is when one of
// several packages is missing, and says that all went well.
func TestRPMTransactionsAreWhole(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmKubelet35}, rpmAll)
		back := pkgmgr.Rollback{Manager: d.Manager, Name: "kubelet", Changes: []pkgmgr.Change{
			{Name: "kubernetes-cni", To: "1.7.1-150500.1.1"}, {Name: "conntrack-tools", To: "1:1.4.0-1.el9"},
		}}
		err := back.Do(t.Context(), f)
		if !errors.Is(err, pkgmgr.ErrNoPackage) && !errors.Is(err, pkgmgr.ErrNoVersion) || !strings.Contains(err.Error(), "conntrack-tools") {
			t.Errorf("got %v want an error that names what is missing", err)
		}
	})
}

func TestRPMListsAreRefreshedAndDropped(t *testing.T) {
	const source = "/etc/yum.repos.d/kubernetes.repo"
	onEach(t, func(t *testing.T, d el) {
		described := hosttest.File(source, "[kubernetes]\nname=kubernetes\n")
		one := pkgmgr.Refresh{Manager: d.Manager, Name: "kubernetes", Source: source}
		one.Lists.ID = "kubernetes"
		named := rpmAll
		named.Source = source
		unpublished := rpmKubelet35
		unpublished.Version = "1.34.1-150500.1.1"
		f := d.host([]dnftest.Package{unpublished}, named, described) // what is installed may be in no repository
		doAndUndo(t, f, one, func() {
			m, err := pkgmgr.For(d.Manager)
			if err != nil {
				t.Fatal(err)
			}
			offered, err := m.Versions(t.Context(), f, "kubelet", "nosuch")
			want := map[string][]string{"kubelet": {rpmKubelet36.Version, rpmKubelet35.Version}}
			if diff := cmp.Diff(want, offered); diff != "" || err != nil {
				t.Errorf("%v, versions (-want +got):\n%s", err, diff)
			}
		})
		away := d.host(nil, named, described, dnftest.Offline())
		if err := one.Do(t.Context(), away); !errors.Is(err, pkgmgr.ErrUnreachable) || !strings.Contains(err.Error(), "repository kubernetes") {
			t.Errorf("got %v want ErrUnreachable that names the repository", err)
		}
		if err := (pkgmgr.Refresh{Manager: d.Manager}).Do(t.Context(), away); err != nil {
			t.Errorf("all repositories: got %v want none, one that is down does not stop the others", err)
		}
	})
}

func TestRPMsAreFetchedAhead(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmKubelet35, rpmCNI}, rpmAll, dnftest.KeepsPackages())
		plan := []steps.Op{d.install("1.36.3")}
		before := f.Snapshot(f.StateDir(), "/var/cache")
		for range 2 { // done twice is done once
			if err := d.install("1.36.3").Prefetch(t.Context(), f, plan); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(before, f.Snapshot(f.StateDir(), "/var/cache")); diff != "" {
			t.Errorf("a prefetch leaves the host as it was (-before +after):\n%s", diff)
		}
		for _, p := range []dnftest.Package{rpmKubelet35, rpmKubelet36, rpmConntrack} { // there and back
			_, version, found := strings.Cut(p.Version, ":")
			if !found {
				version = p.Version
			}
			if name := "/var/cache/hostler/packages/" + p.Name + "-" + version + ".x86_64.rpm"; f.Content(name) == "" {
				t.Errorf("got no %s want a copy of what was fetched", name)
			}
		}
		f.Change(dnftest.Offline())
		before = f.Snapshot(f.StateDir(), "/var/cache")
		inverse, err := plan[0].Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan[0].Do(t.Context(), f); err != nil || d.get(t, f, "kubelet").Version != rpmKubelet36.Version {
			t.Fatalf("got %v, %+v want the version that was fetched ahead", err, d.get(t, f, "kubelet"))
		}
		if err := inverse.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, f.Snapshot(f.StateDir(), "/var/cache")); diff != "" {
			t.Errorf("there and back without the network (-before +after):\n%s", diff)
		}
	})
}
