package pkgmgr_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// An upgrade to the next minor version, whose repository has another address and key.
const (
	sourcePath = "/etc/apt/sources.list.d/kubernetes.list"
	keyPath    = "/etc/apt/keyrings/kubernetes.asc"
	oldSource  = "deb [signed-by=" + keyPath + "] https://pkgs.k8s.io/v1.35/deb/ /\n"
	newSource  = "deb [signed-by=" + keyPath + "] https://pkgs.k8s.io/v1.36/deb/ /\n"
)

var (
	oldLists = repository.Lists{Prefix: "pkgs.k8s.io_v1.35_deb_"}
	newLists = repository.Lists{Prefix: "pkgs.k8s.io_v1.36_deb_"}
	refresh  = pkgmgr.Refresh{Manager: distros.Apt, Name: "kubernetes", Source: sourcePath, Lists: newLists, Why: "its description changes"}
)

func upgradePlan() []steps.Op {
	return []steps.Op{
		op.File{Path: keyPath, Content: []byte("new key"), Attr: host.Attr{Mode: 0o644}},
		op.File{Path: sourcePath, Content: []byte(newSource), Attr: host.Attr{Mode: 0o644}},
		op.File{Path: "/etc/unrelated", Content: []byte("x"), Attr: host.Attr{Mode: 0o644}},
		refresh, install("1.36.3"),
	}
}

// olderMinor is a host with the old minor version, where apt has what it downloaded cleaned.
func olderMinor(newer apttest.Repository, more ...hosttest.Option) *hosttest.Fake {
	newer.Source, newer.Lists = sourcePath, newLists
	return hosttest.New(append([]hosttest.Option{
		apttest.Debian([]apttest.Package{kubelet35, cni},
			apttest.Repository{Packages: []apttest.Package{cni, conntrack}},
			apttest.Repository{Source: sourcePath, Lists: oldLists, Packages: []apttest.Package{kubelet35}}, newer),
		hosttest.File(sourcePath, oldSource), hosttest.File(keyPath, "old key"),
		hosttest.File(repository.ListsDir+"/"+oldLists.Prefix+"InRelease", "signed\n"),
		apttest.KeepsArchives(),
	}, more...)...)
}

// caches are what a prefetch may write.
func caches(f *hosttest.Fake) []string {
	return []string{f.StateDir(), "/var/cache/hostler", "/var/cache/apt/archives"}
}

func prefetch(t *testing.T, f *hosttest.Fake, plan []steps.Op) error {
	t.Helper()
	before := f.Snapshot(caches(f)...)
	var failures []error
	for _, o := range plan {
		if p, ok := o.(steps.Prefetcher); ok {
			failures = append(failures, p.Prefetch(t.Context(), f, plan))
		}
	}
	if diff := cmp.Diff(before, f.Snapshot(caches(f)...)); diff != "" {
		t.Errorf("a prefetch leaves the host as it was (-before +after):\n%s", diff)
	}
	if _, err := f.Lstat("/var/cache/hostler/prefetch"); err == nil {
		t.Error("the private configuration is left behind")
	}
	return errors.Join(failures...)
}

// fetches are the commands that went to the network since a call.
func fetches(f *hosttest.Fake, since int) []string {
	var lines []string
	for _, call := range f.Calls()[since:] {
		if call.Method == "Run" && (strings.Contains(call.Subject, " update") || strings.Contains(call.Subject, "--download-only")) {
			lines = append(lines, call.Subject)
		}
	}
	return lines
}

func TestPrefetchFetchesThereAndBack(t *testing.T) {
	t.Parallel()
	f := olderMinor(apttest.Repository{Packages: []apttest.Package{kubelet36}})
	plan := upgradePlan()
	for range 2 { // done twice is done once
		if err := prefetch(t, f, plan); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{apttest.Archive("kubelet", "1.36.3-1.1"), apttest.Archive("conntrack", "1:1.4.7-1"), apttest.Archive("kubelet", "1.35.4-1.1")} {
		if _, err := f.Lstat(name); err != nil {
			t.Errorf("got no %s want it in the cache", name)
		}
	}
	calls := len(f.Calls())
	var undo []steps.Op
	for _, o := range plan {
		inverse, err := o.Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		undo = append(undo, inverse)
		if err := o.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, f, "kubelet").Version; got != "1.36.3-1.1" {
		t.Errorf("got kubelet %s want 1.36.3-1.1", got)
	}
	if got := fetches(f, calls); len(got) > 0 {
		t.Errorf("got %q want nothing fetched that was fetched ahead", got)
	}
	if back := undo[len(undo)-1].(pkgmgr.Rollback); back.Changes[0].Blob == "" {
		t.Errorf("got way back %+v want the old archive in it", back)
	}
}

func TestPrefetchSeesRepositoriesAsTheyWillBe(t *testing.T) {
	t.Parallel()
	f := olderMinor(apttest.Repository{Packages: []apttest.Package{kubelet36}},
		hosttest.File("/etc/apt/sources.list", "deb http://deb.example bookworm main\n"),
		hosttest.File("/etc/apt/sources.list.d/gone.list", "deb http://gone.example /\n"))
	plan := append([]steps.Op{op.Remove{Path: "/etc/apt/sources.list.d/gone.list"}}, upgradePlan()...)
	var seen map[string]string
	f.Change(hosttest.Handle("apt-get", func(f *hosttest.Fake, _ host.Command) (host.Output, error) {
		seen = map[string]string{}
		for _, folder := range []string{"", "/sources.list.d", "/keys"} {
			names, err := f.ReadDir("/var/cache/hostler/prefetch" + folder)
			if err != nil {
				return host.Output{}, err
			}
			for _, name := range names {
				if content := f.Content("/var/cache/hostler/prefetch" + folder + "/" + name); content != "" {
					seen[folder+"/"+name] = content
				}
			}
		}
		return host.Output{}, nil
	}))
	if err := refresh.Prefetch(t.Context(), f, plan); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lstat("/var/cache/hostler/prefetch"); err == nil {
		t.Error("the private configuration is left behind")
	}
	const key = "/keys/etc_apt_keyrings_kubernetes.asc"
	want := map[string]string{
		"/sources.list":                   "deb http://deb.example bookworm main\n",
		"/sources.list.d/kubernetes.list": strings.Replace(newSource, keyPath, "/var/cache/hostler/prefetch"+key, 1),
		key:                               "new key",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("private configuration (-want +got):\n%s", diff)
	}
}

func TestListsFetchedAheadAreUsedForWhatTheyAreOf(t *testing.T) {
	t.Parallel()
	const fromNet, ahead = "from the net", "fetched ahead"
	cases := map[string]struct {
		change hosttest.Option
		edit   func(*pkgmgr.Refresh)
		after  time.Duration
		want   string
	}{
		"soon":                           {want: ahead},
		"in a window of the next day":    {after: 23 * time.Hour, want: ahead},
		"a week later":                   {after: 7 * 24 * time.Hour, want: fromNet},
		"after another edit of a source": {change: hosttest.File(sourcePath, oldSource), want: fromNet},
		"for another reason":             {edit: func(r *pkgmgr.Refresh) { r.Why = "the lists do not have kubelet 1.36.4" }, want: fromNet},
		"of another repository":          {edit: func(r *pkgmgr.Refresh) { r.Name = "other" }, want: fromNet},
		"without their stamp":            {change: hosttest.Absent("/var/cache/hostler/lists/kubernetes/hostler-stamp"), want: fromNet},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := olderMinor(apttest.Repository{Packages: []apttest.Package{kubelet36}})
				if err := prefetch(t, f, upgradePlan()); err != nil {
					t.Fatal(err)
				}
				f.Change(hosttest.File(keyPath, "new key"), hosttest.File(sourcePath, newSource))
				time.Sleep(c.after) //nolint:forbidigo // synctest's clock: nothing waits
				if c.change != nil {
					f.Change(c.change)
				}
				r := refresh
				if c.edit != nil {
					c.edit(&r)
				}
				calls, got := len(f.Calls()), ahead
				if err := r.Do(t.Context(), f); err != nil {
					t.Fatal(err)
				}
				if len(fetches(f, calls)) > 0 {
					got = fromNet
				}
				if f.Content(repository.ListsDir+"/"+newLists.Prefix+"InRelease") == "" {
					t.Error("got no list want it in place")
				}
				if got != c.want {
					t.Errorf("got lists %s want %s", got, c.want)
				}
			})
		})
	}
}

func TestPrefetchFailsInWordsThatAreUnderstood(t *testing.T) {
	t.Parallel()
	const unsigned = "E: The repository 'https://pkgs.k8s.io/v1.36/deb  InRelease' is not signed.\n"
	f := olderMinor(apttest.Repository{Packages: []apttest.Package{kubelet36}, Complaint: unsigned})
	if err := prefetch(t, f, upgradePlan()); !errors.Is(err, pkgmgr.ErrSignature) || !strings.Contains(err.Error(), "refreshing repository kubernetes") {
		t.Errorf("got %v want ErrSignature of repository kubernetes", err)
	}
	f = olderMinor(apttest.Repository{})
	if err := prefetch(t, f, upgradePlan()); !errors.Is(err, pkgmgr.ErrNoVersion) {
		t.Errorf("got %v want ErrNoVersion", err)
	}
}

func TestPrefetchOfWhatIsThereFetchesNothing(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*hosttest.Fake{
		"installed already":      debian([]apttest.Package{kubelet36, cni, conntrack}, all),
		"repair has to be first": debian([]apttest.Package{kubelet35, cni, conntrack}, all, apttest.Interrupted("conntrack")),
	} {
		if err := prefetch(t, f, []steps.Op{install("1.36.3")}); err != nil {
			t.Errorf("%s: got %v want nothing to do", name, err)
		}
		if got := fetches(f, 0); len(got) > 0 {
			t.Errorf("%s: got %q want nothing fetched", name, got)
		}
	}
}

// TestPrefetchCountsOnTheInstallsBefore: what comes along depends on them.
func TestPrefetchCountsOnTheInstallsBefore(t *testing.T) {
	t.Parallel()
	f := debian(nil, all)
	plan := []steps.Op{pkgmgr.Install{Manager: distros.Apt, Name: "kubernetes-cni", To: "1.7.1"}, install("1.36.3")}
	if err := prefetch(t, f, plan); err != nil {
		t.Fatal(err)
	}
	got := fetches(f, 0)
	if want := "kubernetes-cni=1.7.1-1.1 kubelet=1.36.3-1.1"; len(got) != 2 || !strings.HasSuffix(got[1], want) {
		t.Errorf("got %q want the second to end with %q", got, want)
	}
}

func TestPrefetchOfARemovalKeepsTheArchive(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{kubelet36, cni, conntrack}, all, apttest.KeepsArchives())
	if err := prefetch(t, f, []steps.Op{pkgmgr.Remove{Manager: distros.Apt, Name: "kubernetes-cni", From: cni.Version}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{apttest.Archive("kubernetes-cni", "1.7.1-1.1"), apttest.Archive("kubelet", "1.36.3-1.1")} {
		if _, err := f.Lstat(name); err != nil {
			t.Errorf("got no %s want it in the cache", name)
		}
	}
}

func TestNoWayBackIsSaid(t *testing.T) {
	t.Parallel()
	m, err := pkgmgr.For(distros.Apt)
	if err != nil {
		t.Fatal(err)
	}
	bare := debian([]apttest.Package{kubelet35, cni}, withoutOld)
	cached := debian([]apttest.Package{kubelet35, cni}, withoutOld, hosttest.File(apttest.Archive("kubelet", "1.35.4-1.1"), "an archive"))
	for name, c := range map[string]struct {
		host    *hosttest.Fake
		name    string
		offered []string
		want    bool
	}{
		"neither cached nor offered": {bare, "kubelet", []string{"1.36.3-1.1"}, true},
		"offered":                    {bare, "kubelet", []string{"1.36.3-1.1", "1.35.4-1.1"}, false},
		"cached":                     {cached, "kubelet", nil, false},
		"not installed":              {bare, "conntrack", nil, false},
	} {
		note := pkgmgr.NoWayBack(c.host, m, get(t, c.host, c.name), c.offered)
		if got := strings.Contains(note, "there is no way back: kubelet 1.35.4-1.1"); got != c.want {
			t.Errorf("%s: got %q want a warning: %t", name, note, c.want)
		}
	}
}
