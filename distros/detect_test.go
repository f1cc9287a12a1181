package distros

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/osrelease"
	"github.com/hostler-dev/hostler/steps/host"
)

var update = flag.Bool("update", false, "write the golden files; the test fails all the same")

// tree is a host of which only the files' contents matter.
type tree map[string]string

func (t tree) ReadFile(path string) ([]byte, error) {
	content, found := t[path]
	if !found {
		return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	}
	return []byte(content), nil
}

func (t tree) Stat(path string) (host.Info, error) {
	_, err := t.ReadFile(path)
	return host.Info{}, err
}

// files that show which package manager a host has.
var (
	aptFiles = []string{"/usr/bin/apt-get", "/var/lib/dpkg/status"}
	altFiles = []string{"/usr/bin/apt-get", "/var/lib/rpm", "/etc/altlinux-release", "/etc/redhat-release"}
	dnfFiles = []string{"/usr/bin/dnf", "/usr/bin/yum", "/var/lib/rpm"}
)

func newTree(osRelease string, files ...string) tree {
	t := tree{"/etc/os-release": osRelease}
	for _, path := range files {
		t[path] = "x"
	}
	return t
}

func sample(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "os-release", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func detect(t *testing.T, v View) Facts {
	t.Helper()
	facts, err := Detect(v)
	if err != nil {
		t.Fatalf("detecting: %v", err)
	}
	return facts
}

// TestDetectSamples holds the decision and its explanation for every sample,
// on a host without any package manager's files.
func TestDetectSamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/os-release/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var got strings.Builder
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		facts := detect(t, newTree(string(content)))
		fmt.Fprintf(&got, "%s\n  id %s, version %s, family %s, package manager %s, supported %t\n", filepath.Base(path),
			facts.ID, facts.Version, facts.Family, facts.PackageManager, facts.Supported)
		if _, err := facts.Require(false); err != nil {
			fmt.Fprintf(&got, "  %v\n", err)
		}
		for _, problem := range facts.Problems {
			fmt.Fprintf(&got, "  %s\n", problem)
		}
	}
	golden(t, "testdata/detect.golden", got.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	diff := cmp.Diff(string(want), got)
	if diff == "" {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("%s (-want +got), -update accepts it:\n%s", path, diff)
}

func TestSupportedReleasesNeedNoLeave(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"debian-11": "11", "debian-12": "12", "debian-13": "13"} {
		facts := detect(t, newTree(sample(t, name), aptFiles...))
		row, err := facts.Require(false)
		if err != nil || row == nil || row.Version != want {
			t.Errorf("%s: got row %v, error %v want Debian %s", name, row, err, want)
		}
		if facts.Why != "" || facts.TreatedAs != "" {
			t.Errorf("%s: got %q, treated as %q want nothing to explain", name, facts.Why, facts.TreatedAs)
		}
	}
}

func TestUnknownDistributionsSayWhatTheyResemble(t *testing.T) {
	t.Parallel()
	const sid = "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nNAME=\"Debian GNU/Linux\"\nID=debian\n"
	cases := map[string]struct {
		view      tree
		treatedAs string
		why       string
	}{
		"a derivative goes with the newest release of its parent": {
			newTree(sample(t, "ubuntu-24.04"), aptFiles...), "Debian 13 (trixie)", `it derives from debian`},
		"a derivative that names its parent's codename goes with that release": {
			newTree(sample(t, "raspbian-12"), aptFiles...), "Debian 12 (bookworm)", "with the codename bookworm"},
		"an older release goes with the oldest row": {
			newTree(sample(t, "debian-9__v3"), aptFiles...), "Debian 11 (bullseye)", "does not know this version"},
		"a newer release goes with the newest row": {
			newTree("ID=debian\nVERSION_ID=\"14\"\nPRETTY_NAME=\"Debian GNU/Linux 14 (forky)\"\n", aptFiles...), "Debian 13 (trixie)", "does not know this version"},
		"a release without a version goes with the newest row": {
			newTree(sid, aptFiles...), "Debian 13 (trixie)", "does not know this version"},
		"a system that borrows an ID is told from its owner": {
			newTree(sample(t, "debian-10.0.8"), aptFiles...), "Debian 12 (bookworm)", "another system with the codename bookworm"},
		"a system without relatives goes by its package manager": {
			newTree(sample(t, "sberos-noversion"), aptFiles...), "Debian 13 (trixie)", "it has apt"},
		"a relative with another package manager is no relative": {
			newTree("ID=oddity\nID_LIKE=debian\n", dnfFiles...), "", "has dnf instead of apt"},
		"apt-get over rpm is not apt": {
			newTree(sample(t, "altlinux-10.0"), altFiles...), "", "no distribution like it that uses apt-rpm"},
		"another family has no row yet": {
			newTree(sample(t, "almalinux-10.0"), dnfFiles...), "", "no distribution like it that uses dnf"},
		"nothing at all": {tree{}, "", "no /etc/os-release and no /usr/lib/os-release"},
		"no os-release, but apt": {
			tree{"/usr/bin/apt-get": "x", "/var/lib/dpkg/status": "x"}, "Debian 13 (trixie)", "no /etc/os-release"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := detect(t, c.view)
			if facts.Supported || facts.TreatedAs != c.treatedAs || !strings.Contains(facts.Why, c.why) {
				t.Errorf("got supported %t, treated as %q, because %q want false, %q, %q",
					facts.Supported, facts.TreatedAs, facts.Why, c.treatedAs, c.why)
			}
			_, err := facts.Require(false)
			row, allowed := facts.Require(true)
			if c.treatedAs == "" {
				if !errors.Is(err, ErrNoFacts) || !errors.Is(allowed, ErrNoFacts) {
					t.Errorf("got %v and, allowed, %v want ErrNoFacts", err, allowed)
				}
				return
			}
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "--allow-unsupported-distro") {
				t.Errorf("got %v want ErrUnsupported that names the flag", err)
			}
			if allowed != nil || row.Name != c.treatedAs {
				t.Errorf("allowed: got %v, %v want the row %s", row, allowed, c.treatedAs)
			}
		})
	}
}

func TestImmutableSystemsAreRefusedForGood(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"flatcar-4459.0.0":     "Ignition",
		"coreos-899.15.0":      "Ignition",
		"talos-v1.14.0-beta.1": "talosctl",
		"bottlerocket-1.47.0":  "apiclient",
		"cos-97":               "cloud-init",
		"suse-microos-5.1":     "transactional-update",
		"fedora-40__v19":       "rpm-ostree", // Silverblue
		"fedora-38__v10":       "rpm-ostree", // IoT
		"bluefin-40":           "rpm-ostree",
	}
	for name, instead := range cases {
		// A package manager on the image changes nothing.
		_, err := detect(t, newTree(sample(t, name), aptFiles...)).Require(true)
		if !errors.Is(err, ErrImmutable) || !strings.Contains(err.Error(), instead) {
			t.Errorf("%s: got %v want ErrImmutable and %q", name, err, instead)
		}
	}
	if _, err := detect(t, newTree(sample(t, "fedora-43"))).Require(true); errors.Is(err, ErrImmutable) {
		t.Errorf("plain Fedora: got %v want another refusal", err)
	}
}

func TestDetectReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	if _, err := Detect(denied{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v want fs.ErrPermission", err)
	}
	if _, err := Detect(deniedStat{newTree("ID=debian")}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v want fs.ErrPermission", err)
	}
	facts := detect(t, newTree("ID=debian\nodd\n"))
	if want := (osrelease.Problem{Line: 2, Text: "odd", Reason: "not KEY=value"}); len(facts.Problems) != 1 || facts.Problems[0] != want {
		t.Errorf("got problems %v want %v", facts.Problems, want)
	}
}

type denied struct{ tree }

func (denied) ReadFile(string) ([]byte, error) { return nil, fs.ErrPermission }

type deniedStat struct{ tree }

func (deniedStat) Stat(string) (host.Info, error) { return host.Info{}, fs.ErrPermission }

func TestRowsAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, row := range Table() {
		if seen[row.ID+row.Version] {
			t.Errorf("%s %s: two rows", row.ID, row.Version)
		}
		seen[row.ID+row.Version] = true
		if !row.Supported {
			if len(row.Notes) == 0 {
				t.Errorf("%s: not supported, and does not say why", row.Name)
			}
			continue
		}
		value := reflect.ValueOf(row)
		for i := range value.NumField() {
			if value.Field(i).IsZero() {
				t.Errorf("%s: no %s", row.Name, value.Type().Field(i).Name)
			}
		}
		for _, field := range []any{row.Packages, row.Containerd, row.CNI, row.Kubelet, row.Repositories} {
			value := reflect.ValueOf(field)
			for i := range value.NumField() {
				if value.Field(i).IsZero() {
					t.Errorf("%s: no %s.%s", row.Name, value.Type().Name(), value.Type().Field(i).Name)
				}
			}
		}
	}
}

func TestTableIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	Table()[0].ID = "changed"
	if got := Table()[0].ID; got != "debian" {
		t.Errorf("got %q want debian: a caller changed the table of another", got)
	}
}
