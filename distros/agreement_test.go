package distros

import (
	"slices"
	"testing"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// TestFamiliesAgreeWithDeckhouse compares with the systems that Deckhouse serves
// and the way in which it does: candi/bashible/bashbooster/56_detect_bundle.sh
// and, of AlterOS, its former bundle.
func TestFamiliesAgreeWithDeckhouse(t *testing.T) {
	t.Parallel()
	for _, system := range []struct {
		ids      []string
		versions []string
		field    string
		name     string // PRETTY_NAME begins so
		family   Family
		managers []PackageManager
	}{
		{[]string{"rocky", "almalinux"}, []string{"8.10", "9.4"}, "VERSION_ID", "", FamilyRHEL, []PackageManager{Dnf}},
		{[]string{"centos"}, []string{"7", "8"}, "VERSION_ID", "CentOS Linux", FamilyRHEL, []PackageManager{Yum, Dnf}},
		{[]string{"rhel"}, []string{"7.9", "8.10", "9.6"}, "VERSION_ID", "Red Hat Enterprise Linux", FamilyRHEL, []PackageManager{Yum, Dnf}},
		{[]string{"ol"}, []string{"7.9", "8.9", "9.4"}, "VERSION_ID", "", FamilyRHEL, []PackageManager{Yum, Dnf}},
		{[]string{"redos"}, []string{"7.1", "7.2", "7.3", "7.3.2", "8.0.2", "8.0.3"}, "VERSION_ID", "", FamilyRHEL, []PackageManager{Dnf}},
		{[]string{"rels"}, []string{"7.9"}, "VERSION_ID", "", FamilyRHEL, []PackageManager{Dnf}},
		{[]string{"rosa", "rels"}, []string{"12.4", "12.5.1", "12.6"}, "VERSION", "", FamilyRHEL, []PackageManager{Dnf}},
		{[]string{"ubuntu"}, []string{"18.04", "20.04", "22.04", "24.04"}, "VERSION_ID", "Ubuntu", FamilyDebian, []PackageManager{Apt}},
		{[]string{"debian"}, []string{"10", "11", "12", "13"}, "VERSION_ID", "Debian GNU/Linux", FamilyDebian, []PackageManager{Apt}},
		{[]string{"astra"}, []string{"1.7_x86-64", "1.8_x86-64", "2.12.44"}, "VERSION_ID", "", FamilyDebian, []PackageManager{Apt}},
		{[]string{"altlinux"}, []string{"p10", "10", "10.0", "10.1", "10.2"}, "VERSION_ID", "", FamilyALT, []PackageManager{AptRPM}},
		{[]string{"opensuse-leap"}, []string{"15.0", "15.5", "15.6"}, "VERSION_ID", "", FamilySUSE, []PackageManager{Zypper}},
		{[]string{"alteros"}, []string{"7"}, "VERSION_ID", "", FamilyRHEL, []PackageManager{Yum}},
	} {
		for _, id := range system.ids {
			for _, version := range system.versions {
				file := osrelease.Parse([]byte("ID=" + id + "\nPRETTY_NAME=\"" + system.name + "\"\n" + system.field + "=\"" + version + "\"\n"))
				facts := decide(Table(), file, nil)
				if facts.Release == nil || facts.TreatedAs != "" {
					t.Errorf("%s %s: got no row of its own (%s), want one", id, version, facts.Why)
					continue
				}
				if facts.Family != system.family || !slices.Contains(system.managers, facts.PackageManager) {
					t.Errorf("%s %s: got family %s with %s want %s with one of %s", id, version, facts.Family, facts.PackageManager, system.family, system.managers)
				}
			}
		}
	}
}

// TestRowsAgreeWithEepm compares with what the tests of Etersoft/eepm (tests/etc)
// make of the same files. Where eepm has no version for a system, nor have we a row.
func TestRowsAgreeWithEepm(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"alteros-7":        "supported as alteros-7",           // AlterOS/7
		"altlinux-0.1":     "not supported, like altlinux-p10", // ALTLinux/Sisyphus
		"altlinux-0.6":     "not supported, like altlinux-p10", // ALTLinux/Sisyphus
		"altlinux-10.0":    "supported as altlinux-p10",        // ALTLinux/p10
		"astra-2.12.44":    "supported as astra-2.12",          // AstraLinuxCE/2.12
		"mos-10":           "not supported, like altlinux-p10", // ALTLinux/p10
		"msvsphere-9.3":    "supported as msvsphere-9",         // MSVSphere/9
		"osnova-3.0":       "not supported, like debian-13",    // OSnovaLinux/3.0, of Debian
		"reld-7.9":         "supported as rels-7.9",            // RELS/7
		"rosa-13":          "not supported, like rosa-12",      // ROSA/13
		"sberos-noversion": "unknown",                          // SberOS/Rolling
		"ubuntu-20.04__v4": "supported as ubuntu-20.04",        // Ubuntu/20.04
		"uos-20":           "unknown",                          // UOS/20
		"linuxmint-12.1":   "not supported, like debian-12",    // debian/bookworm
		"fedora-36":        "not supported, like fedora-40",    // Fedora/36
		"solus-4.3":        "unknown",                          // Solus/4.3
	} {
		if got := outcome(detect(t, newTree(sample(t, name)))); got != want {
			t.Errorf("%s: got %q want %q", name, got, want)
		}
	}
}

// TestVendorsVersions has os-release files that are not in the archive, by the
// fields that people have reported of them.
func TestVendorsVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ osRelease, outcome, version string }{
		"RED OS 7.3.6 keeps an older VERSION_ID":    {"ID=\"redos\"\nVERSION_ID=\"7.3\"\nVERSION=\"MUROM (7.3.6)\"", "supported as redos-7.3", "7.3.6"},
		"RED OS 7.2 has not been seen":              {"ID=\"redos\"\nVERSION_ID=\"7.2\"\nVERSION=\"MUROM (7.2)\"", "not supported, though there is redos-7.2", "7.2"},
		"ROSA 12 by VERSION":                        {"ID=rosa\nVERSION=\"12.2\"\nVERSION_ID=2021.1", "supported as rosa-12", "12.2"},
		"ALT p10 by its branch":                     {"ID=altlinux\nVERSION_ID=10.4\nALT_BRANCH_ID=\"p10\"", "supported as altlinux-p10", "p10"},
		"ALT SP by its branch, against its version": {"ID=altlinux\nVERSION_ID=10\nALT_BRANCH_ID=\"c10f1\"", "supported as altlinux-c10f1", "c10f1"},
		"ALT SP 10.2.1":                             {"ID=altlinux\nVERSION_ID=10.2.1\nALT_BRANCH_ID=\"c10f2\"", "supported as altlinux-c10f2", "c10f2"},
		"CentOS 7":                                  {"ID=\"centos\"\nVERSION_ID=\"7\"\nPRETTY_NAME=\"CentOS Linux 7 (Core)\"", "supported as centos-7", "7"},
		"Scientific Linux that says rhel":           {"ID=\"rhel\"\nVERSION_ID=\"7.2\"\nPRETTY_NAME=\"Scientific Linux 7.2 (Nitrogen)\"", "not supported, like rhel-7", "7.2"},
		"Puppy that says debian":                    {"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Puppy\"", "not supported, like debian-13", "12"},
		"Vanilla OS that says ubuntu":               {"ID=ubuntu\nVERSION_ID=\"2\"\nPRETTY_NAME=\"Vanilla OS 2\"", "not supported, like ubuntu-24.04", "2"},
		"SberLinux":                                 {"ID=sberlinux\nVERSION_ID=9.5\nNAME=SberLinux", "not supported, though there is sberlinux-9", "9.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := detect(t, newTree(c.osRelease))
			if got := outcome(facts); got != c.outcome || facts.Version != c.version {
				t.Errorf("got %q, version %q want %q, %q", got, facts.Version, c.outcome, c.version)
			}
		})
	}
}
