package pkgmgr

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestInstalledReadsWhatDpkgAndAptWrote(t *testing.T) {
	t.Parallel()
	const status = "Package: kubelet\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1.36.3-1.1\n\n" +
		"Package: conntrack\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.4.7-1\n\n" +
		"Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 2.35\n\n" +
		"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n\n" +
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 3\n\n" +
		"Package: half\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 4\n"
	const auto = "Package: conntrack\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: kubelet\nAuto-Installed: 0\n"
	f := hosttest.New(hosttest.File("/var/lib/dpkg/status", status), hosttest.File("/var/lib/apt/extended_states", auto),
		hosttest.File("/var/lib/dpkg/updates/0003", ""), hosttest.File("/var/lib/dpkg/updates/tmp.i", ""))
	inventory, err := apt{}.Installed(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Package{
		"kubelet":   {Name: "kubelet", Version: "1.36.3-1.1", Arch: "amd64", Installed: true, Held: true},
		"conntrack": {Name: "conntrack", Version: "1:1.4.7-1", Arch: "amd64", Installed: true, Auto: true},
		"libc6":     {Name: "libc6", Version: "2.35", Arch: "i386", Installed: true},
		"gone":      {Name: "gone", Version: "3", Arch: "amd64", ConfigFiles: true},
		"half":      {Name: "half", Version: "4", Arch: "amd64", Unfinished: true},
		"unheard":   {Name: "unheard"},
	}
	for name, p := range want {
		if diff := cmp.Diff(p, inventory.Get(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"half (half-configured)", "/var/lib/dpkg/updates/0003"}, inventory.Unfinished); diff != "" {
		t.Errorf("unfinished (-want +got):\n%s", diff)
	}
}

func TestParseMadisonSortsAndDropsSources(t *testing.T) {
	t.Parallel()
	const text = "    kubelet | 1.35.4-1.1 | https://pkgs.k8s.io/core:/stable:/v1.35/deb  Packages\n" +
		"   kubelet | 1.36.3-1.1 | https://pkgs.k8s.io/core:/stable:/v1.36/deb  Packages\n" +
		"   kubelet | 1.36.10-1.1 | https://pkgs.k8s.io/core:/stable:/v1.36/deb  Packages\n" +
		"      runc | 1.1.5+ds1-1+deb12u1 | http://mirror.example/debian bookworm/main amd64 Packages\n" +
		"      runc | 1.1.5+ds1-1+deb12u1 | http://mirror.example/debian-security bookworm-security/main amd64 Packages\n" +
		"      runc | 1.1.5+ds1-2 | http://mirror.example/debian bookworm/main Sources\nN: a notice\n"
	want := map[string][]string{"kubelet": {"1.36.10-1.1", "1.36.3-1.1", "1.35.4-1.1"}, "runc": {"1.1.5+ds1-1+deb12u1"}}
	if diff := cmp.Diff(want, parseMadison(text)); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestParseSimulationNamesAllThatChanges(t *testing.T) {
	t.Parallel()
	const text = "Reading package lists...\nThe following additional packages will be installed:\n  tdep\n" +
		"Remv tepoch [1:2.0-1]\nPurg old [3] [other:amd64 ]\nInst tdep (1.0-1 / [amd64])\nInst tlet [1.35.4-1.1] (1.36.3-1.1 / [amd64]) []\n" +
		"Inst libfoo:i386 (2 Debian:12.1/stable [i386])\nConf tdep (1.0-1 / [amd64])\nConf tlet (1.36.3-1.1 / [amd64])\n"
	want := []Change{
		{Name: "tepoch", From: "1:2.0-1"}, {Name: "old", From: "3"}, {Name: "tdep", To: "1.0-1"},
		{Name: "tlet", From: "1.35.4-1.1", To: "1.36.3-1.1"}, {Name: "libfoo", To: "2"},
	}
	if diff := cmp.Diff(want, parseSimulation(text)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// TestAptErrorUnderstands goes through output that the real programs printed
// (testdata/errors, apt 2.6.1 and dpkg 1.21.22 unless the name says otherwise);
// no-candidate and disk-full-dpkg were written by hand after the sources of both.
func TestAptErrorUnderstands(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind error
		says []string
	}{
		"no-version":        {ErrNoVersion, []string{"tlet 9"}},
		"no-package":        {ErrNoPackage, []string{"nosuch"}},
		"no-candidate":      {ErrNoPackage, []string{"kubelet"}},
		"unmet":             {ErrBroken, []string{"tneed : Depends: nosuchpkg but it is not installable"}},
		"refused":           {ErrUnreachable, []string{"http://127.0.0.1:18992/dists/s/InRelease", "Connection refused"}},
		"warned-only":       {ErrUnreachable, []string{"http://127.0.0.1:18992/dists/s/InRelease", "Connection refused"}},
		"no-host":           {ErrUnreachable, []string{"http://no.such.host.invalid/", "Could not resolve"}},
		"no-release":        {ErrUnreachable, []string{"http://127.0.0.1:18991", "does not have a Release file"}},
		"archive-404":       {ErrUnreachable, []string{"pool/foo_1.0_amd64.deb", "404"}},
		"unsigned":          {ErrSignature, []string{"http://127.0.0.1:18991", "is not signed", "key"}},
		"wrong-key":         {ErrSignature, []string{"http://127.0.0.1:18991", "NO_PUBKEY B3C4C20B8F67025B"}},
		"archive-digest":    {ErrDigest, []string{"pool/foo_1.0_amd64.deb", "Hash Sum mismatch"}},
		"index-digest":      {ErrDigest, []string{"binary-amd64/Packages", "unexpected size"}},
		"disk-full":         {ErrDiskFull, []string{"/var/cache/apt/archives/"}},
		"disk-full-dpkg":    {ErrDiskFull, []string{"No space left on device"}},
		"locked":            {ErrLocked, []string{"/var/lib/dpkg/lock-frontend"}},
		"script":            {ErrMaintainerScript, []string{"tbad", "post-installation script", "exit status 3", "boom in postinst"}},
		"malformed":         {ErrSource, []string{"/etc/apt/sources.list.d/t.list"}},
		"interrupted":       {ErrBroken, []string{"dpkg --configure -a"}},
		"apt-3.0-wrong-key": {ErrSignature, []string{"http://127.0.0.1:18993", "Missing key"}},
		"apt-3.0-unmet":     {ErrBroken, []string{"fneed : Depends: nosuchpkg"}},
		"lists-locked":      {ErrLocked, []string{"/var/lib/apt/lists/lock", "process 7768"}},
	}
	files, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(files) != len(cases) {
		t.Fatalf("got %d files (%v) want one for each of %d cases", len(files), err, len(cases))
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", "errors", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			stdout, stderr, _ := strings.Cut(string(text), "--- stderr ---\n")
			cause := &host.CommandError{ExitCode: 100}
			got := aptError(cause, host.Output{Stdout: []byte(stdout), Stderr: []byte(stderr)})
			if !errors.Is(got, c.kind) {
				t.Fatalf("got %v want %v", got, c.kind)
			}
			for _, word := range c.says {
				if !strings.Contains(got.Error(), word) {
					t.Errorf("got %q want it to say %q", got, word)
				}
			}
			if !errors.As(got, new(*host.CommandError)) {
				t.Errorf("got %v want the command among its causes", got)
			}
		})
	}
}

func TestAptErrorLeavesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	cause := &host.CommandError{ExitCode: 2, Stderr: "a new kind of trouble"}
	if got := aptError(cause, host.Output{}); !errors.Is(got, cause) || !strings.Contains(got.Error(), "a new kind of trouble") {
		t.Errorf("got %v want the command's own error", got)
	}
	cause.Stderr = "E: Unable to locate package x\n"
	if got := aptError(cause, host.Output{}); !errors.Is(got, ErrNoPackage) {
		t.Errorf("got %v want ErrNoPackage from the error's own lines", got)
	}
}

func TestForKnowsAllThatDetectionNames(t *testing.T) {
	t.Parallel()
	for _, name := range []distros.PackageManager{distros.Apt, distros.AptRPM, distros.Dnf, distros.Yum, distros.Zypper} {
		if _, err := For(name); err != nil {
			t.Errorf("got %v want %s", err, name)
		}
	}
	if _, err := For("pacman"); err == nil || !strings.Contains(err.Error(), "pacman") {
		t.Errorf("got %v want an error that names pacman", err)
	}
}

func FuzzAptOutput(f *testing.F) {
	f.Add("Inst a [1] (2 x [amd64])\nRemv b [", "E: Failed to fetch http://x  404\n")
	f.Add(" a | 1 | x Packages\n", "dpkg: error processing package a (--configure):\n subprocess\n")
	f.Fuzz(func(t *testing.T, stdout, stderr string) {
		for _, change := range parseSimulation(stdout) {
			if change.Name == "" && !strings.Contains(stdout, " :") {
				t.Fatalf("got a change without a name from %q", stdout)
			}
		}
		for name, versions := range parseMadison(stdout) {
			if len(versions) == 0 {
				t.Fatalf("got %q without versions from %q", name, stdout)
			}
		}
		if problem := classify(stderr, stdout); problem != nil && problem.Kind == nil {
			t.Fatalf("got %v without a kind", problem)
		}
	})
}
