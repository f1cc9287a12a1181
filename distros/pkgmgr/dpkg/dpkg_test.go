package dpkg

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sampleStatus = `Package: adduser
Status: install ok installed
Priority: important
Architecture: all
Version: 3.134
Description: add and remove users and groups
 Version: this is text and not a field
 .
 Package: neither is this

Package: kubelet
Status: hold ok installed
Architecture: amd64
Version: 1.36.3-1.1
Depends: iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0)
Conffiles:
 /etc/default/kubelet 5e2bb2a4ad4bcd2b7d2f0f5ba1b1d1ba

Package: old
Status: deinstall ok config-files
Architecture: amd64
Version: 1:2.0-1

Package: broken
Status: install reinstreq half-installed
Architecture: amd64
Version: 3

Package: unpacked
Status: install ok half-configured
Architecture: arm64
Version: 4
Config-Version: 3

Package: wished
Status: hold ok not-installed
Architecture: amd64

Package: nameonly
`

func TestEntriesReadsAStatusFile(t *testing.T) {
	t.Parallel()
	want := []Entry{
		{Name: "adduser", Version: "3.134", Arch: "all", Want: "install", State: "installed"},
		{Name: "kubelet", Version: "1.36.3-1.1", Arch: "amd64", Want: "hold", State: "installed"},
		{Name: "old", Version: "1:2.0-1", Arch: "amd64", Want: "deinstall", State: "config-files"},
		{Name: "broken", Version: "3", Arch: "amd64", Want: "install", State: "half-installed"},
		{Name: "unpacked", Version: "4", Arch: "arm64", Want: "install", State: "half-configured"},
		{Name: "wished", Arch: "amd64", Want: "hold", State: "not-installed"},
	}
	got := slices.Collect(Entries(sampleStatus))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	unfinished := map[string]bool{"broken": true, "unpacked": true}
	for _, entry := range got {
		if entry.Unfinished() != unfinished[entry.Name] {
			t.Errorf("%s: got unfinished %t want %t", entry.Name, entry.Unfinished(), unfinished[entry.Name])
		}
	}
	if !got[1].Held() || got[0].Held() || !got[5].Held() || got[5].Installed() {
		t.Errorf("holds: got %v want kubelet and wished on hold, and wished not installed", got)
	}
}

func TestEntriesStopsWhenAsked(t *testing.T) {
	t.Parallel()
	for entry := range Entries(sampleStatus) {
		if entry.Name != "adduser" {
			t.Fatalf("got %s first want adduser", entry.Name)
		}
		break
	}
}

// TestCompare goes through a list in rising order; each pair of it must agree.
func TestCompareFollowsDebVersion(t *testing.T) {
	t.Parallel()
	rising := []string{
		"0~~", "0~~a", "0~", "0", "0a", "0+", "0.0~1", "0.0.1",
		"1.0~beta1~svc1245", "1.0~beta1", "1.0", "1.0-1~bpo1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-2", "1.0-10",
		"1.0a", "1.0+ds1", "1.0.1", "1.2", "1.6.20~ds1-1", "1.6.20~ds1-1+deb12u3", "1.6.20-1", "1.10", "1.35.4-1.1", "1.36.3-1.1", "1.36.3-2",
		"1.36.10-1.1", "2", "18446744073709551616", "18446744073709551617", "1:0.1", "1:1", "2:0", "10:0",
	}
	for i, a := range rising {
		for j, b := range rising {
			got, want := Compare(a, b), 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got != want {
				t.Errorf("compare %q with %q: got %d want %d", a, b, got, want)
			}
		}
	}
	for _, equal := range [][2]string{{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.0", "1.0-"}, {"1.01", "1.1"}, {"1.0-00", "1.0"}} {
		if got := Compare(equal[0], equal[1]); got != 0 {
			t.Errorf("compare %q with %q: got %d want 0", equal[0], equal[1], got)
		}
	}
}

func TestMatchesUnderstandsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	cases := []struct {
		wish, version string
		want          bool
	}{
		{"1.36.3-1.1", "1.36.3-1.1", true},
		{"1.36.3", "1.36.3-1.1", true},
		{"1.36.3", "1.36.30-1.1", false},
		{"1.36", "1.36.3-1.1", false},
		{"1.36.3-1", "1.36.3-1.1", false},
		{"1.36.3-1.2", "1.36.3-1.1", false},
		{"1.6.20", "1.6.20~ds1-1+deb12u3", true},
		{"1.6.20~ds1", "1.6.20~ds1-1+deb12u3", true},
		{"1.1.5", "1.1.5+ds1-1+deb12u1", true},
		{"1.0.0", "1.0.0~rc93+ds1-5", false},
		{"1.0.0~rc93", "1.0.0~rc93+ds1-5", true},
		{"23.0.6", "5:23.0.6-1~ubuntu.22.04~jammy", true},
		{"5:23.0.6", "5:23.0.6-1~ubuntu.22.04~jammy", true},
		{"23.0.6-1~ubuntu.22.04~jammy", "5:23.0.6-1~ubuntu.22.04~jammy", true},
		{"4:23.0.6", "5:23.0.6-1~ubuntu.22.04~jammy", false},
		{"2.0", "2.0", true},
		{"1.2-rc1", "1.2-rc1-3", true},
		{"", "1.0", false},
	}
	for _, c := range cases {
		if got := Matches(c.wish, c.version); got != c.want {
			t.Errorf("wish %q, version %q: got %t want %t", c.wish, c.version, got, c.want)
		}
	}
}

func FuzzEntries(f *testing.F) {
	f.Add(sampleStatus)
	f.Add("Package:\nStatus: a b\n\n\nPackage: x\r\nStatus: install ok installed")
	f.Fuzz(func(t *testing.T, status string) {
		for entry := range Entries(status) {
			if entry.Name == "" || entry.State == "" || strings.Contains(entry.Name, "\n") {
				t.Fatalf("got entry %+v from %q", entry, status)
			}
		}
	})
}

func FuzzCompareIsAnOrder(f *testing.F) {
	f.Add("1.0~rc1-1", "1:1.0", "1.0+b1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if Compare(a, b) != -Compare(b, a) {
			t.Fatalf("%q and %q: got %d and %d", a, b, Compare(a, b), Compare(b, a))
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatalf("%q ≤ %q ≤ %q, but not the first and the last", a, b, c)
		}
	})
}

// BenchmarkEntries reads a status file of about 2 MB, that of a big machine.
func BenchmarkEntries(b *testing.B) {
	var text strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&text, "Package: package-%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 120\n"+
			"Maintainer: Somebody <somebody@example.org>\nArchitecture: amd64\nVersion: 1.%d-1\nDepends: libc6 (>= 2.14), libgcc-s1 (>= 3.0)\n"+
			"Description: a package of middling length\n%s\n", i, i, strings.Repeat(" a line of its long description, of the usual length of a line\n", 8))
	}
	status := text.String()
	b.SetBytes(int64(len(status)))
	b.ReportAllocs()
	for b.Loop() {
		count := 0
		for range Entries(status) {
			count++
		}
		if count != 2500 {
			b.Fatalf("got %d entries want 2500", count)
		}
	}
}
