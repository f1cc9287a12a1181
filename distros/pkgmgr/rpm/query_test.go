package rpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const answer = "docker-ce\t3\t28.3.3\t1.el9\tx86_64\t1732230000\n" +
	"gpg-pubkey\t0\t9a296436\t635d2c59\t(none)\t1732230000\n" +
	"kubelet\t0\t1.36.3\t150500.1.1\tx86_64\t1732230001\n"

func TestParseQuery(t *testing.T) {
	t.Parallel()
	got, err := ParseQuery(answer)
	if err != nil {
		t.Fatal(err)
	}
	want := []Package{
		{Name: "docker-ce", EVR: EVR{"3", "28.3.3", "1.el9"}, Arch: "x86_64", InstallTime: 1732230000},
		{Name: "kubelet", EVR: EVR{"", "1.36.3", "150500.1.1"}, Arch: "x86_64", InstallTime: 1732230001},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"kubelet\n", "a\tb\tc\td\te\tf\n", "\t0\t1\t1\tx86_64\t1\n", "error: rpmdb open failed\n"} {
		if got, err := ParseQuery(bad); err == nil {
			t.Errorf("%q: got %v want an error", bad, got)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add(answer)
	f.Add("a\t\t1\t\t\t0\n")
	f.Fuzz(func(t *testing.T, text string) {
		packages, err := ParseQuery(text)
		if err != nil {
			return
		}
		for _, p := range packages {
			if p.Name == "" || strings.Contains(p.Name, "\t") {
				t.Errorf("name %q of %q", p.Name, text)
			}
		}
	})
}

func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]string{{"1.0~rc1", "1.0"}, {"3:1-1", "1^git-2"}, {"é", "1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if forward, back := Compare(a, b), Compare(b, a); forward != -back {
			t.Errorf("%q against %q: %d, and the other way %d", a, b, forward, back)
		}
		if got := Compare(a, a); got != 0 {
			t.Errorf("%q against itself: %d", a, got)
		}
	})
}
