package rpm

import "testing"

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	// The cases are those of rpm's own test suite (tests/rpmvercmp.at).
	cases := []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0", "2.0", -1}, {"2.0.1", "2.0.1", 0}, {"2.0", "2.0.1", -1},
		{"2.0.1a", "2.0.1a", 0}, {"2.0.1a", "2.0.1", 1},
		{"5.5p1", "5.5p2", -1}, {"5.5p10", "5.5p1", 1}, {"10xyz", "10.1xyz", -1}, {"xyz10", "xyz10.1", -1},
		{"xyz.4", "xyz.4", 0}, {"xyz.4", "8", -1}, {"xyz.4", "2", -1}, {"5.5p2", "5.6p1", -1},
		{"5.6p1", "6.5p1", -1}, {"6.0.rc1", "6.0", 1}, {"10b2", "10a1", 1}, {"1.0aa", "1.0a", 1},
		{"10.0001", "10.0039", -1}, {"10.0001", "10.1", 0}, {"4.999.9", "5.0", -1},
		{"20101121", "20101122", -1}, {"2_0", "2_0", 0}, {"2.0", "2_0", 0}, {"a", "a", 0}, {"a+", "a_", 0}, {"+a", "_a", 0},
		{"+", "_", 0}, {"1.0~rc1", "1.0~rc1", 0}, {"1.0~rc1", "1.0", -1}, {"1.0~rc1", "1.0~rc2", -1},
		{"1.0~rc1~git123", "1.0~rc1", -1}, {"1.0^", "1.0^", 0}, {"1.0^", "1.0", 1}, {"1.0^git1", "1.0", 1},
		{"1.0^git1", "1.0^git2", -1}, {"1.0^git1", "1.01", -1}, {"1.0^20160101", "1.0.1", -1},
		{"1.0^20160101^git1", "1.0^20160101", 1}, {"1.0^20160102", "1.0^20160101^git1", 1},
		{"1.0~rc1^git1", "1.0~rc1", 1}, {"1.0^git1~pre", "1.0^git1", -1},
	}
	for _, c := range cases {
		if got := CompareVersions(c.a, c.b); got != c.want {
			t.Errorf("%s against %s: got %d want %d", c.a, c.b, got, c.want)
		}
		if got := CompareVersions(c.b, c.a); got != -c.want {
			t.Errorf("%s against %s: got %d want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		older, newer string
	}{
		{"28.3.3-1.el9", "3:20.10.0-1.el9"},
		{"1.35.4-150500.1.1", "1.36.3-150500.1.1"},
		{"1.36.3-150500.1.1", "1.36.3-150500.2.1"},
		{"1.9-1", "1.10-1"},
	} {
		if got := Compare(c.older, c.newer); got >= 0 {
			t.Errorf("%s against %s: got %d want older", c.older, c.newer, got)
		}
	}
	if got := Compare("0:1.0-1", "1.0-1"); got != 0 {
		t.Errorf("an epoch of 0 against none: got %d want equal", got)
	}
	if got := Compare("1.0", "1.0-7"); got != 0 {
		t.Errorf("no release against one: got %d want equal", got)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wish, version string
		want          bool
	}{
		{"1.36.3", "1.36.3-150500.1.1", true},
		{"1.36.3-150500.1.1", "1.36.3-150500.1.1", true},
		{"1.36", "1.36.3-150500.1.1", false},
		{"1.36.3-150500", "1.36.3-150500.1.1", false},
		{"1.36.3-1.1", "1.36.3-150500.1.1", false},
		{"28.3.3", "3:28.3.3-1.el9", true},
		{"3:28.3.3", "3:28.3.3-1.el9", true},
		{"2:28.3.3", "3:28.3.3-1.el9", false},
		{"0:1.0", "1.0-1", true},
		{"1.7.27-3.1", "1.7.27-3.1.el9", true},
		{"1.7.27-3", "1.7.27-3.1.el9", false},
		{"1.7.27-3.1.el8", "1.7.27-3.1.el9", false},
	} {
		if got := Matches(c.wish, c.version); got != c.want {
			t.Errorf("%s wished, %s there: got %t want %t", c.wish, c.version, got, c.want)
		}
	}
}
