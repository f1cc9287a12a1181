package distros

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/distros/osrelease"
	"github.com/hostler-dev/hostler/steps/host"
)

// The refusals of Facts.Require.
var (
	// ErrUnsupported: no row answers for the host, or one that is not supported.
	ErrUnsupported = errors.New("unsupported distribution")
	// ErrNoFacts: the host resembles no row, so there is nothing to go by.
	ErrNoFacts = errors.New("unknown distribution")
	// ErrImmutable: the system is an image.
	ErrImmutable = errors.New("immutable system")
)

// View is what detection needs of a host.
type View interface {
	ReadFile(path string) ([]byte, error)
	Stat(path string) (host.Info, error)
}

// Distro is what people and other programs are told about the distribution.
type Distro struct {
	// ID is the identifier in os-release, "linux" where there is none.
	ID string `json:"id"`
	// Version is the release without the vendor's ornaments, empty for a system
	// that has none (Debian testing, rolling releases).
	Version string `json:"version"`
	// Name is the system's name for people.
	Name string `json:"name,omitempty"`
	// Family and PackageManager are empty where they are not known.
	Family         Family         `json:"family"`
	PackageManager PackageManager `json:"packageManager"`
	Supported      bool           `json:"supported"`
	// TreatedAs names the row whose facts are used where the host has no row of
	// its own; empty when it has one, and when none comes close.
	TreatedAs string `json:"treatedAs,omitempty"`
	// Why says what was found and what follows from it, where the distribution
	// is not plainly supported.
	Why string `json:"why,omitempty"`
}

// Facts is the outcome of detection.
type Facts struct {
	Distro
	// Release is the row to go by, nil when there is none.
	Release *Release
	// Problems are the odd lines of the host's os-release.
	Problems []osrelease.Problem

	immutable bool
}

// Detect finds the facts of a host. A distribution that hostler does not know
// is no error here, see Facts.Require; a file that cannot be read is.
func Detect(v View) (Facts, error) {
	file, err := osrelease.Read(v.ReadFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Facts{}, err
	}
	managers, err := managersOf(v)
	if err != nil {
		return Facts{}, err
	}
	return decide(Table(), file, managers), nil
}

// Require returns the row to go by. Unless the distribution is supported, a
// person must have allowed it; an image, and a system that resembles no row,
// cannot be allowed.
func (f Facts) Require(allowUnsupported bool) (*Release, error) {
	switch {
	case f.immutable:
		return nil, fmt.Errorf("%w: %s", ErrImmutable, f.Why)
	case f.Release == nil:
		return nil, fmt.Errorf("%w: %s", ErrNoFacts, f.Why)
	case !f.Supported && !allowUnsupported:
		return nil, fmt.Errorf("%w: %s; --allow-unsupported-distro goes on with these facts", ErrUnsupported, f.Why)
	default:
		return f.Release, nil
	}
}

// decide turns what the host says into facts, by the rows of a table.
func decide(table []Release, file osrelease.File, managers []PackageManager) Facts {
	facts := Facts{Problems: file.Problems, Distro: Distro{
		ID:      file.ID(),
		Version: plainVersion(cmp.Or(file.Fields["VERSION_ID"], file.Fields["VERSION"])),
		Name:    cmp.Or(file.Fields["PRETTY_NAME"], file.Fields["NAME"]),
		Family:  familyOf(file),
	}}
	if len(managers) > 0 {
		facts.PackageManager = managers[0]
	}
	if reason := immutableReason(file); reason != "" {
		facts.immutable = true
		facts.Why = fmt.Sprintf("found %s: %s", describe(file), reason)
		return facts
	}
	for i, row := range table {
		if row.Match.accepts(file) {
			return facts.withOwnRow(&table[i], file)
		}
	}
	found, resemblance := closest(table, file, managers)
	return facts.withClosestRow(found, resemblance, file)
}

func (f Facts) withOwnRow(row *Release, file osrelease.File) Facts {
	f.Release, f.Family, f.PackageManager, f.Supported = row, row.Family, row.PackageManager, row.Supported
	_, f.Version = row.Match.decidingRule(file)
	if !row.Supported {
		f.Why = fmt.Sprintf("found %s: %s", describe(file), strings.Join(row.Notes, "; "))
	}
	return f
}

func (f Facts) withClosestRow(row *Release, resemblance string, file osrelease.File) Facts {
	if row == nil {
		f.Why = fmt.Sprintf("found %s: %s", describe(file), resemblance)
		return f
	}
	f.Release, f.Family, f.PackageManager = row, row.Family, row.PackageManager
	f.TreatedAs = row.Name
	f.Why = fmt.Sprintf("found %s: %s, so it would be treated as %s", describe(file), resemblance, row.Name)
	return f
}

// describe repeats what os-release says, for the person who must decide.
func describe(file osrelease.File) string {
	if file.Path == "" && len(file.Fields) == 0 {
		return "no " + strings.Join(osrelease.Paths, " and no ")
	}
	var said []string
	for _, key := range []string{"ID", "ID_LIKE", "VERSION_ID", "PRETTY_NAME"} {
		if value, set := file.Fields[key]; set {
			said = append(said, fmt.Sprintf("%s=%q", key, value))
		}
	}
	if len(said) == 0 {
		return "an os-release that names no system"
	}
	return strings.Join(said, " ")
}

// familyOf names the family of a system that has no row, as far as it says so.
func familyOf(file osrelease.File) Family {
	families := map[string]Family{
		"debian": FamilyDebian, "ubuntu": FamilyDebian, "astra": FamilyDebian,
		"rhel": FamilyRHEL, "fedora": FamilyRHEL, "centos": FamilyRHEL,
		"suse": FamilySUSE, "opensuse": FamilySUSE, "sles": FamilySUSE, "sled": FamilySUSE, "sles_sap": FamilySUSE,
		"altlinux": FamilyALT,
	}
	for _, id := range append([]string{file.ID()}, file.IDLike()...) {
		if family, known := families[id]; known {
			return family
		}
	}
	return ""
}

// managersOf looks for the files of package managers, the likeliest first.
// Programs alone tell little: apt-get is also ALT's, whose packages are rpms,
// and any manager can be installed beside the system's own.
func managersOf(v View) ([]PackageManager, error) {
	signs := []struct {
		manager PackageManager
		paths   []string // all must be there
	}{
		{Apt, []string{"/usr/bin/apt-get", "/var/lib/dpkg/status"}},
		{AptRPM, []string{"/usr/bin/apt-get", "/var/lib/rpm", "/etc/altlinux-release"}},
		{Zypper, []string{"/usr/bin/zypper"}},
		{Dnf, []string{"/usr/bin/dnf"}},
		{Dnf, []string{"/usr/bin/dnf5"}},
		{Yum, []string{"/usr/bin/yum"}},
	}
	var found []PackageManager
	for _, sign := range signs {
		there, err := allExist(v, sign.paths)
		if err != nil {
			return nil, err
		}
		if there {
			found = append(found, sign.manager)
		}
	}
	return found, nil
}

func allExist(v View, paths []string) (bool, error) {
	for _, path := range paths {
		if _, err := v.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("looking for a package manager: %w", err)
		}
	}
	return true, nil
}
