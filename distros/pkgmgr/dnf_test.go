package pkgmgr

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// dnfSaid is what dnf 4.14 printed, in a node of the test bed.
func dnfSaid(t *testing.T, name string) host.Output {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata/dnf", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, found := strings.Cut(string(content), "--- stderr ---\n")
	if !found {
		t.Fatalf("%s has no standard error", name)
	}
	return host.Output{Stdout: []byte(stdout), Stderr: []byte(stderr)}
}

func TestDnfErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("exit status 1")
	for name, want := range map[string]struct {
		kind error
		says string
	}{
		"script":           {ErrMaintainerScript, "this version cannot be installed"},
		"no-version":       {ErrNoPackage, "hostler-demo-9.9"},
		"locked":           {ErrLocked, "metadata already locked by"},
		"unsigned":         {ErrSignature, "hostler-demo-1.1-1.noarch.rpm is not signed; check the key"},
		"unreachable":      {ErrUnreachable, "Failed to connect to 127.0.0.1 port 1"},
		"no-cache":         {ErrUnreachable, "no cache for 'away'"},
		"disk-full":        {ErrDiskFull, "Failed writing received data to disk"},
		"nothing-provides": {ErrBroken, "package hostler-demo-common-1.0-1.noarch is filtered out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := dnfError(cause, dnfSaid(t, name))
			if !errors.Is(err, want.kind) || !errors.Is(err, cause) || !strings.Contains(err.Error(), want.says) {
				t.Errorf("got %v want %v that says %q", err, want.kind, want.says)
			}
		})
	}
	// yum is not recorded: the sentences are those of its sources.
	for said, want := range map[string]error{
		"No package kubelet-9 available.\nError: Nothing to do\n": ErrNoPackage,
		"Error: No matching Packages to list\n":                   ErrNoPackage,
		"Existing lock /var/run/yum.pid: another copy is running as pid 7.\nAnother app is currently holding the yum lock; exiting as configured by exit_on_lock\n":                   ErrLocked,
		"Error: Package: kubelet-1.36.3-150500.1.1.x86_64 (kubernetes)\n           Requires: conntrack\n":                                                                             ErrBroken,
		"Error downloading packages:\n  kubelet-1.36.3-150500.1.1.x86_64: Caching enabled but no local cache of //var/cache/yum/x86_64/7/kubernetes/packages/k.rpm from kubernetes\n": ErrUnreachable,
		"failure: repodata/repomd.xml from kubernetes: [Errno 256] No more mirrors to try.\n":                                                                                         ErrUnreachable,
	} {
		if err := dnfError(cause, host.Output{Stderr: []byte(said)}); !errors.Is(err, want) {
			t.Errorf("%q: got %v want %v", said, err, want)
		}
	}
	if err := dnfError(cause, host.Output{Stderr: []byte("Error: something new\n")}); err != cause { //nolint:errorlint // untouched
		t.Errorf("got %v want what is not known as it was", err)
	}
}

// wrapped is a table as yum prints it for long names, and one of dnf 5.
const (
	wrapped = `
Dependencies Resolved

================================================================================
 Package            Arch     Version                     Repository        Size
================================================================================
Updating:
 kubelet            x86_64   1.36.3-150500.1.1           kubernetes        29 M
Installing for dependencies:
 a-package-with-a-long-name
                    x86_64   1:1.4.7-4.el7               base             180 k
Removing for dependencies:
 docker-node        noarch   0:1.0-1                     @base            1.0 k

Transaction Summary
================================================================================
`
	five = `Package          Arch   Version                Repository      Size
Upgrading:
 kubelet         x86_64 0:1.36.3-150500.1.1    kubernetes  29.0 MiB
   replacing kubelet x86_64 0:1.35.4-150500.1.1 kubernetes 28.0 MiB
Installing:
 containerd.io   x86_64 0:2.1.9-3.1.el9        docker      35.0 MiB
   replacing runc x86_64 4:1.2.4-2.el9         appstream    9.0 MiB

Transaction Summary:
 Installing: 1 package
`
	replacing = `Installing:
 containerd.io     x86_64     2.1.9-3.1.el9     docker     35 M
     replacing  containerd.x86_64 1.6.20-1.el9
     replacing  runc.x86_64 4:1.2.4-2.el9

Transaction Summary
`
)

func TestParseTransaction(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []Change
	}{
		"an installation of dnf 4": {string(dnfSaid(t, "simulate-install").Stdout),
			[]Change{{Name: "hostler-demo", To: "1.0-1"}, {Name: "hostler-demo-common", To: "1.0-1"}}},
		"an upgrade of dnf 4": {string(dnfSaid(t, "simulate-upgrade").Stdout), []Change{{Name: "hostler-demo", To: "1.1-1"}}},
		"a removal of dnf 4": {string(dnfSaid(t, "simulate-remove").Stdout),
			[]Change{{Name: "hostler-demo-common", From: "1.0-1"}, {Name: "hostler-demo", From: "1.0-1"}}},
		"what obsoletes others": {replacing, []Change{
			{Name: "containerd", From: "1.6.20-1.el9"}, {Name: "runc", From: "4:1.2.4-2.el9"}, {Name: "containerd.io", To: "2.1.9-3.1.el9"}}},
		"long names of yum": {wrapped, []Change{
			{Name: "kubelet", To: "1.36.3-150500.1.1"}, {Name: "a-package-with-a-long-name", To: "1:1.4.7-4.el7"}, {Name: "docker-node", From: "1.0-1"}}},
		"dnf 5": {five, []Change{
			{Name: "kubelet", To: "1.36.3-150500.1.1"}, {Name: "runc", From: "4:1.2.4-2.el9"}, {Name: "containerd.io", To: "2.1.9-3.1.el9"}}},
		"nothing": {"Nothing to do.\nComplete!\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			byName := func(changes []Change) map[string]Change {
				found := map[string]Change{}
				for _, c := range changes {
					found[c.Name] = c
				}
				return found
			}
			if diff := cmp.Diff(byName(c.want), byName(parseTransaction(c.text))); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseVersionsAndReasons(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"hostler-demo": {"2.0-1", "1.1-1", "1.0-1"}, "kubelet": {"1.36.3-150500.1.1", "1.35.4-150500.1.1"},
	}
	if diff := cmp.Diff(want, parseRepoquery(string(dnfSaid(t, "repoquery").Stdout))); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"hostler-demo-common": true}, parseReasons(string(dnfSaid(t, "reasons").Stdout))); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	const list = `Installed Packages
kubelet.x86_64                   1.34.0-150500.1.1                   @kubernetes
Available Packages
a-package-with-a-long-name.x86_64
                                 3:1.0-1.el7                         docker
kubelet.x86_64                   1.35.4-150500.1.1                   kubernetes 
kubelet.x86_64                   1.36.3-150500.1.1                   kubernetes 
`
	want = map[string][]string{"kubelet": {"1.36.3-150500.1.1", "1.35.4-150500.1.1"}, "a-package-with-a-long-name": {"3:1.0-1.el7"}}
	if diff := cmp.Diff(want, parseYumList(list)); diff != "" {
		t.Errorf("versions of yum (-want +got):\n%s", diff)
	}
}

func TestLocksAreEditedAndGivenBack(t *testing.T) {
	t.Parallel()
	old, now := rpm.ParseEVR("1.35.4-150500.1.1"), rpm.ParseEVR("1.36.3-150500.1.1")
	for name, c := range map[string]struct {
		locker locker
		text   string
		held   bool // at the old version, before
	}{
		"an empty list":                {lockList{}, "", false},
		"a list of others":             {lockList{}, "# theirs\nkernel-0:5.14.0-1.*\n!kubelet-0:1.34.0-1.*\nkubelet-extra-1.0-1.*\n", false},
		"a list whose end is open":     {lockList{}, "kernel-0:5.14.0-1.*", false},
		"a lock of the administrator":  {lockList{}, "a-1-1.*\nkubelet-0:1.35.4-150500.1.1.*\nb-1-1.*\n", true},
		"one with a wildcard":          {lockList{}, "kubelet-1.35.*\n", true},
		"the list of yum":              {lockList{yum: true}, "0:kubelet-1.35.4-150500.1.1.*\n1:docker-1-1.*\n", true},
		"an empty list of yum":         {lockList{yum: true}, "", false},
		"a configuration":              {excludeLine{"excludepkgs"}, "[main]\ngpgcheck=1\n[a]\nexclude=kubelet\n", false},
		"one with excludes":            {excludeLine{"excludepkgs"}, "[main]\nexclude = docker*,runc\ngpgcheck=1\n", false},
		"one that excludes it already": {excludeLine{"exclude"}, "[main]\nexclude=runc kubelet\n", true},
		"no locks of dnf 5":            {tomlLocks{}, "", false},
		"others' locks of dnf 5":       {tomlLocks{}, "version = \"1.0\"\n\n[[packages]]\nname = \"a\"\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.locker.locked(c.text, "kubelet", old); got != c.held {
				t.Fatalf("before: got held %t want %t", got, c.held)
			}
			upgraded := c.locker.lock(c.text, "kubelet", now)
			if !c.locker.locked(upgraded, "kubelet", now) {
				t.Errorf("locked at %s: it does not count:\n%s", now, upgraded)
			}
			if again := c.locker.lock(upgraded, "kubelet", now); again != upgraded {
				t.Errorf("locked twice:\n%s", cmp.Diff(upgraded, again))
			}
			free := c.locker.unlock(upgraded, "kubelet")
			if c.locker.locked(free, "kubelet", now) {
				t.Errorf("unlocked, and still held:\n%s", free)
			}
			back := free
			if c.held {
				back = c.locker.lock(upgraded, "kubelet", old)
			}
			if diff := cmp.Diff(c.text, back); diff != "" && !strings.Contains(name, "already") {
				t.Errorf("given back (-before +after):\n%s", diff)
			}
		})
	}
}

func FuzzDnfOutput(f *testing.F) {
	f.Add(wrapped)
	f.Add(five)
	f.Add("kubelet\t0:1-1\tx86_64\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range parseTransaction(text) {
			if c.Name == "" || c.From == "" && c.To == "" {
				t.Errorf("%+v of %q", c, text)
			}
		}
		_ = parseRepoquery(text)
		_ = parseYumList(text)
		_ = parseReasons(text)
		_ = dnfError(errors.New("x"), host.Output{Stderr: []byte(text)})
	})
}

func FuzzLockList(f *testing.F) {
	f.Add("kubelet-0:1.35.4-150500.1.1.*\n#x\n")
	f.Add(lockMark)
	f.Fuzz(func(t *testing.T, text string) {
		evr := rpm.ParseEVR("1.36.3-1")
		locked := lockList{}.lock(text, "kubelet", evr)
		if !(lockList{}).locked(locked, "kubelet", evr) {
			t.Errorf("%q became %q, which does not lock", text, locked)
		}
	})
}
