package distros

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

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
	yumFiles = []string{"/usr/bin/yum", "/var/lib/rpm"}
	dnfFiles = []string{"/usr/bin/dnf", "/usr/bin/yum", "/var/lib/rpm"}
)

func newTree(osRelease string, files ...string) tree {
	t := tree{"/etc/os-release": osRelease}
	for _, path := range files {
		t[path] = "x"
	}
	return t
}

// samples are the os-release files of the world, by name.
func samples(t *testing.T) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/os-release.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range archive.Files {
		files[path.Base(file.Name)] = string(file.Data)
	}
	if len(files) < 250 {
		t.Fatalf("got %d samples, want all of the archive", len(files))
	}
	return files
}

func sample(t *testing.T, name string) string {
	t.Helper()
	content, found := samples(t)[name]
	if !found {
		t.Fatalf("there is no sample %s", name)
	}
	return content
}

func detect(t *testing.T, v View) Facts {
	t.Helper()
	facts, err := Detect(v)
	if err != nil {
		t.Fatalf("detecting: %v", err)
	}
	return facts
}

// TestDetectSamples holds the decision for every sample, on a host without any
// package manager's files.
func TestDetectSamples(t *testing.T) {
	t.Parallel()
	files := samples(t)
	var got strings.Builder
	got.WriteString("# file\tid\tversion\tfamily\tpackage manager\toutcome\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		facts := detect(t, newTree(files[name]))
		fmt.Fprintf(&got, "%s\t%s\t%s\t%s\t%s\t%s\n", name, facts.ID, facts.Version, facts.Family, facts.PackageManager, outcome(facts))
	}
	golden(t, "testdata/detect.tsv", got.String())
}

// outcome is what is decided on a host, in few words.
func outcome(facts Facts) string {
	_, err := facts.Require(true)
	switch {
	case facts.Supported:
		return "supported as " + facts.Release.Key()
	case errors.Is(err, ErrImmutable):
		return "immutable"
	case facts.Release == nil:
		return "unknown"
	case facts.TreatedAs == "":
		return "not supported, though there is " + facts.Release.Key()
	default:
		return "not supported, like " + facts.Release.Key()
	}
}

// TestDetectExplains holds what people are told about one system of each kind.
func TestDetectExplains(t *testing.T) {
	t.Parallel()
	files := samples(t)
	var got strings.Builder
	for _, name := range explained {
		facts := detect(t, newTree(files[name]))
		fmt.Fprintf(&got, "%s\n", name)
		if _, err := facts.Require(false); err != nil {
			fmt.Fprintf(&got, "  %v\n", err)
		}
		for _, problem := range facts.Problems {
			fmt.Fprintf(&got, "  %s\n", problem)
		}
	}
	golden(t, "testdata/detect.golden", got.String())
}

var explained = []string{
	"almalinux-10.0",               // supported: nothing to explain
	"alpine-3.23.2",                // nothing like it
	"altlinux-0.1",                 // Sisyphus: no branch of its own
	"altlinux-11.0__workstation",   // a newer branch, by ALT_BRANCH_ID
	"astra-1.6",                    // older than any row
	"bottlerocket-1.47.0",          // an image
	"clearos-7",                    // a rebuild, by its version
	"debian-10.0.8",                // Puppy, which says ID=debian
	"debian-noversion__v3",         // Distroless
	"eurolinux-9.2",                // a rebuild, by its platform
	"kali-2025.4",                  // a derivative without a codename in common
	"linuxmint-12.1",               // a derivative that names its parent's codename
	"nexus-7.0_BUILDER_",           // no ID_LIKE that is known
	"noid-noversion__v4",           // not an os-release
	"opensuse-tumbleweed-20240823", // the same vendor
	"rhel-7.9",                     // Atomic Host, an image that has its own row's ID
	"rosa-13",                      // newer than any row
	"scientific-8",                 // CentOS 8 under another ID
	"ubuntu-20.04__v2",             // Bodhi, which says ID=ubuntu
	"ubuntu-25.04",                 // between the long-term releases
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
	for name, want := range map[string]string{
		"debian-11": "debian-11", "debian-12": "debian-12", "debian-13": "debian-13", "ubuntu-24.04": "ubuntu-24.04", "astra-2.12.44": "astra-2.12",
	} {
		facts := detect(t, newTree(sample(t, name), aptFiles...))
		row, err := facts.Require(false)
		if err != nil || row == nil || row.Key() != want {
			t.Errorf("%s: got row %v, error %v want %s", name, row, err, want)
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
			newTree(sample(t, "kali-2025.4"), aptFiles...), "Debian 13 (trixie)", `it derives from debian`},
		"a derivative that names its parent's codename goes with that release": {
			newTree(sample(t, "raspbian-12"), aptFiles...), "Debian 12 (bookworm)", "with the codename bookworm"},
		"a derivative of a derivative goes by the codename too": {
			newTree(sample(t, "neon-22.04"), aptFiles...), "Ubuntu 22.04 LTS (jammy)", "it derives from ubuntu with the codename jammy"},
		"a rebuild goes with the release of the same platform": {
			newTree(sample(t, "eurolinux-9.2"), dnfFiles...), "Red Hat Enterprise Linux 9 (Plow)", "with the platform platform:el9"},
		"a rebuild without a platform goes with the release of the same version": {
			newTree(sample(t, "clearos-7"), yumFiles...), "Red Hat Enterprise Linux 7 (Maipo)", "derives from rhel and has the same version"},
		"a derivative of Debian is not taken for the release with its number": {
			newTree(sample(t, "pureos-10.0"), aptFiles...), "Debian 13 (trixie)", "it has apt"},
		"a release between two rows goes with the older one": {
			newTree(sample(t, "ubuntu-23.10"), aptFiles...), "Ubuntu 22.04 LTS (jammy)", "does not know this version"},
		"an older release goes with the oldest row": {
			newTree(sample(t, "ubuntu-14.04"), aptFiles...), "Ubuntu 16.04 LTS (xenial)", "does not know this version"},
		"a newer release goes with the newest row": {
			newTree("ID=debian\nVERSION_ID=\"14\"\nPRETTY_NAME=\"Debian GNU/Linux 14 (forky)\"\n", aptFiles...), "Debian 13 (trixie)", "does not know this version"},
		"a newer Stream goes with the newest Stream": {
			newTree("ID=centos\nVERSION_ID=11\nPRETTY_NAME=\"CentOS Stream 11\"\n", dnfFiles...), "CentOS Stream 10", "does not know this version"},
		"a newer branch of ALT goes with the older one of its kind": {
			newTree(sample(t, "altlinux-11.0__workstation"), altFiles...), "ALT 10 (p10)", "does not know this version"},
		"an older certified branch of ALT goes with a certified one": {
			newTree("ID=altlinux\nVERSION_ID=8.4\nALT_BRANCH_ID=c9f2\n", altFiles...), "ALT SP 10 (c10f1)", "does not know this version"},
		"an older branch of ALT goes with the oldest of its kind": {
			newTree("ID=altlinux\nVERSION_ID=9.2\nALT_BRANCH_ID=p9\n", altFiles...), "ALT 10 (p10)", "does not know this version"},
		"ALT before its branches were named goes with a plain one": {
			newTree(sample(t, "altlinux-p9"), altFiles...), "ALT 10 (p10)", "does not know this version"},
		"a relative of ALT": {
			newTree(sample(t, "mos-10"), altFiles...), "ALT 10 (p10)", "it derives from altlinux"},
		"a relative of SUSE": {
			newTree(sample(t, "opensuse-tumbleweed-20240823"), "/usr/bin/zypper"), "openSUSE Leap 15", "it derives from opensuse"},
		"a release without a version goes with the newest row": {
			newTree(sid, aptFiles...), "Debian 13 (trixie)", "does not know this version"},
		"a system that borrows an ID is told from its owner": {
			newTree(sample(t, "debian-10.0.8"), aptFiles...), "Debian 12 (bookworm)", "another system with the codename bookworm"},
		"a system without relatives goes by its package manager": {
			newTree(sample(t, "sberos-noversion"), aptFiles...), "Debian 13 (trixie)", "it has apt"},
		"a relative with another package manager is no relative": {
			newTree("ID=oddity\nID_LIKE=debian\n", dnfFiles...), "", "has dnf instead of apt"},
		"apt-get over rpm is not apt": {
			newTree("ID=oddity\nID_LIKE=debian\n", altFiles...), "", "has apt-rpm instead of apt"},
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
