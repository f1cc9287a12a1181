package input

import "testing"

func TestClosest(t *testing.T) {
	t.Parallel()
	known := []string{"sysctl", "files", "units", "kernelModules", "swap", "maxConcurrentDownloads"}
	cases := map[string]string{
		"sysctls":                 "sysctl",
		"file":                    "files",
		"kernel-modules":          "kernelModules",
		"kernelModuels":           "kernelModules",
		"SWAP":                    "swap",
		"maxConcurentDownload":    "maxConcurrentDownloads",
		"proxy":                   "",
		"somethingElseAltogether": "",
		"":                        "",
	}
	for name, want := range cases {
		if got, _ := closest(name, known); got != want {
			t.Errorf("closest(%q): got %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3},
	}
	for _, c := range cases {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q): got %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("distance(%q, %q): got %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
