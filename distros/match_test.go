package distros

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// shapes are rows as the distributions would need them that are not in the
// table yet: they show that the rules can express what vendors do.
var shapes = []Release{
	{Name: "Ubuntu 22.04", Match: Match{IDs: []string{"ubuntu"}, PrettyName: "Ubuntu",
		Versions: []VersionRule{{Field: "VERSION_ID", Is: []string{"22.04"}}}}},
	{Name: "EL 9", Match: Match{IDs: []string{"almalinux", "rocky", "ol", "rhel"},
		Versions: []VersionRule{{Field: "VERSION_ID", Is: []string{"9"}}}}},
	{Name: "ALT p10", Match: Match{IDs: []string{"altlinux"}, Versions: []VersionRule{
		{Field: "ALT_BRANCH_ID", Is: []string{"p10"}}, {Field: "VERSION_ID", Is: []string{"p10", "10"}}}}},
	{Name: "ALT SP c10f1", Match: Match{IDs: []string{"altlinux"}, Versions: []VersionRule{
		{Field: "ALT_BRANCH_ID", Is: []string{"c10f1"}}}}},
	{Name: "ROSA 12", Match: Match{IDs: []string{"rosa", "rels"}, Versions: []VersionRule{
		{Field: "VERSION", Is: []string{"12.4", "12.5", "12.6"}}}}},
	{Name: "RED OS 7.3", Match: Match{IDs: []string{"redos"}, Versions: []VersionRule{
		{Field: "VERSION", Is: []string{"7.3"}}}}},
	{Name: "Astra 1.7", Match: Match{IDs: []string{"astra"}, Versions: []VersionRule{
		{Field: "VERSION_ID", Is: []string{"1.7"}}}}},
	{Name: "Astra CE 2.12", Match: Match{IDs: []string{"astra"}, Versions: []VersionRule{
		{Field: "VERSION_ID", Is: []string{"2.12"}}}}},
	{Name: "AlterOS 7", Match: Match{IDs: []string{"alteros"}, Versions: []VersionRule{
		{Field: "VERSION_ID", Is: []string{"7"}}}}},
}

func TestRulesExpressWhatVendorsDo(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ osRelease, row, version string }{
		"a plain version":                        {"ID=ubuntu\nVERSION_ID=\"22.04\"\nPRETTY_NAME=\"Ubuntu 22.04.5 LTS\"", "Ubuntu 22.04", "22.04"},
		"a borrowed ID":                          {"ID=ubuntu\nVERSION_ID=\"22.04\"\nPRETTY_NAME=\"Bodhi 7.0\"", "", ""},
		"a version that begins with another":     {"ID=ubuntu\nVERSION_ID=\"22.041\"\nPRETTY_NAME=Ubuntu", "", ""},
		"one row for several IDs, minor ignored": {"ID=\"ol\"\nVERSION_ID=\"9.4\"", "EL 9", "9.4"},
		"a major that begins with another":       {"ID=\"rocky\"\nVERSION_ID=\"90.1\"", "", ""},
		"an upper-case ID":                       {"ID=Rocky\nVERSION_ID=9", "EL 9", "9"},
		"ALT without a branch":                   {"ID=altlinux\nVERSION_ID=10.0.900", "ALT p10", "10.0.900"},
		"ALT with the branch as its version":     {"ID=altlinux\nVERSION_ID=p10", "ALT p10", "p10"},
		"ALT whose branch outranks its version":  {"ID=altlinux\nVERSION_ID=10\nALT_BRANCH_ID=\"c10f1\"", "ALT SP c10f1", "c10f1"},
		"ALT of a branch without a row":          {"ID=altlinux\nVERSION_ID=10.2.1\nALT_BRANCH_ID=c10f2", "", ""},
		"ALT Sisyphus":                           {"ID=altlinux\nVERSION_ID=20240122\nALT_BRANCH_ID=\"sisyphus\"", "", ""},
		"ROSA by VERSION":                        {"ID=rosa\nVERSION_ID=2021.1\nVERSION=\"12.5.1 (x)\"", "ROSA 12", "12.5.1"},
		"ROSA of another VERSION":                {"ID=rosa\nVERSION_ID=2021.1\nVERSION=\"12.2\"", "", ""},
		"RED OS with the version in brackets":    {"ID=\"redos\"\nVERSION_ID=\"7.3\"\nVERSION=\"MUROM (7.3.6)\"", "RED OS 7.3", "7.3.6"},
		"RED OS 8":                               {"ID=\"redos\"\nVERSION_ID=\"8.0.2\"\nVERSION=\"8.0.2\"", "", ""},
		"Astra with its architecture":            {"ID=astra\nVERSION_ID=1.7_x86-64\nPRETTY_NAME=\"Astra Linux\"", "Astra 1.7", "1.7"},
		"Astra Common Edition with its update":   {"ID=astra\nVERSION_ID=2.12.44", "Astra CE 2.12", "2.12.44"},
		"AlterOS":                                {"ID=\"alteros\"\nVERSION_ID=\"7\"\nVERSION=\"7 (Final)\"", "AlterOS 7", "7"},
		"no version at all":                      {"ID=astra\nPRETTY_NAME=\"Astra Linux\"", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var accepting []string
			for _, row := range shapes {
				if row.Match.accepts(osrelease.Parse([]byte(c.osRelease))) {
					accepting = append(accepting, row.Name)
				}
			}
			if got := strings.Join(accepting, ", "); got != c.row {
				t.Errorf("got rows %q want %q", got, c.row)
			}
			if c.row == "" {
				return
			}
			supported := append([]Release(nil), shapes...)
			for i := range supported {
				supported[i].Supported = true
			}
			facts := decide(supported, osrelease.Parse([]byte(c.osRelease)), nil)
			if facts.Version != c.version || !facts.Supported {
				t.Errorf("got version %q, supported %t want %q, true", facts.Version, facts.Supported, c.version)
			}
		})
	}
}

func TestPlainVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                   "",
		"12 (bookworm)":      "12",
		"v1.14.0-beta.1":     "1.14.0",
		"1.8_x86-64":         "1.8",
		"MOS p10":            "mos", // which is why rules name their field
		"p10":                "p10",
		"EE 2014.1 Desktop":  "2014.1",
		"7.0.16":             "7.0.16",
		"Debian GNU/Linux 9": "9",
	} {
		if got := plainVersion(text); got != want {
			t.Errorf("%q: got %q want %q", text, got, want)
		}
	}
}

func TestCompareVersionsGoesByNumbers(t *testing.T) {
	t.Parallel()
	ordered := []string{"9", "10", "10.0.8", "10.1", "10.10", "22.04", "p9"}
	for i := 1; i < len(ordered); i++ {
		if compareVersions(ordered[i-1], ordered[i]) >= 0 {
			t.Errorf("got %s not before %s", ordered[i-1], ordered[i])
		}
	}
}
