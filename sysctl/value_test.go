package sysctl

import "testing"

func TestEqual(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, live string
		equal      bool
	}{
		"the same text":                          {"10", "10", true},
		"another number":                         {"10", "60", false},
		"blanks for tabs":                        {"4096 131072  6291456", "4096\t131072\t6291456", true},
		"another vector":                         {"4096 131072 6291457", "4096\t131072\t6291456", false},
		"a leading zero":                         {"01", "1", true},
		"octal":                                  {"010", "8", true},
		"octal that looks like the decimal":      {"010", "10", false},
		"a digit that is not octal":              {"08", "8", false},
		"hexadecimal":                            {"0xFF", "255", true},
		"hexadecimal without digits":             {"0x", "0", false},
		"binary, which only Go reads":            {"0b1", "1", false},
		"underscores, which only Go reads":       {"1_0", "10", false},
		"a negative number":                      {"-1", "-1", true},
		"a number and its negative":              {"1", "-1", false},
		"the largest unsigned number":            {"0xffffffffffffffff", "18446744073709551615", true},
		"the first numbers of a vector":          {"3", "3\t4\t1\t3", true},
		"other first numbers of a vector":        {"4", "3\t4\t1\t3", false},
		"more numbers than the vector":           {"3 4", "3", false},
		"the first word of a text":               {"cubic", "cubic reno", false},
		"text":                                   {"|/usr/lib/systemd/systemd-coredump %P", "|/usr/lib/systemd/systemd-coredump %P", true},
		"text in another case":                   {"BBR", "bbr", false},
		"nothing":                                {"", "", true},
		"nothing wanted, something there":        {"", "1", false},
		"something wanted, nothing there":        {"1", "", false},
		"neighbours that the kernel joins":       {"2703,9808,9809,10249", "2703,9808-9809,10249", true},
		"ranges in another order":                {"30000-32767,80", "80,30000-32767", true},
		"ranges that overlap":                    {"1-5,3-9", "1-9", true},
		"other ranges":                           {"1-5", "1-6", false},
		"a range the wrong way round":            {"5-1", "1-5", false},
		"ranges that begin at 0":                 {"0,0-3", "0-3", true},
		"a range below zero":                     {"1--5", "1-5", false},
		"a list of one":                          {"80,", "80", true},
		"a number that is not a list of its own": {"080", "80", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Equal(c.want, c.live); got != c.equal {
				t.Errorf("got %v for wanted %q and live %q, want %v", got, c.want, c.live, c.equal)
			}
		})
	}
}

func FuzzEqual(f *testing.F) {
	f.Add("1,2", "1-2")
	f.Add("-", ",")
	f.Fuzz(func(t *testing.T, a, b string) {
		Equal(a, b)
		if !Equal(a, a) {
			t.Errorf("%q is not equal to itself", a)
		}
	})
}
