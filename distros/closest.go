package distros

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// closest finds the row that a host without a row of its own resembles most,
// and says in words why. The row is nil where none comes close.
//
// The order: the same ID in another version; a system that carries the ID of
// another; a derivative, by ID_LIKE; anything with a package manager that a
// row has. Where the package manager of the row is not on the host but others
// are, the resemblance is in name only.
func closest(table []Release, file osrelease.File, managers []PackageManager) (*Release, string) {
	ids := append([]string{file.ID()}, file.IDLike()...)
	for i, id := range ids {
		rows := rowsOf(table, id)
		if len(rows) == 0 {
			continue
		}
		served := servedBy(rows, managers)
		if len(served) == 0 {
			return nil, fmt.Sprintf("it names %s, but has %s instead of %s", id, managers[0], newest(rows).PackageManager)
		}
		row, which := pick(served, file, i == 0)
		return row, resemblance(i, id, row, file) + which
	}
	for _, manager := range managers {
		rows := slices.DeleteFunc(pointers(table), func(r *Release) bool {
			return r.PackageManager != manager || !slices.Contains(heads, r.ID)
		})
		if len(rows) > 0 {
			return newest(rows), fmt.Sprintf("hostler does not know it, but it has %s", manager)
		}
	}
	if len(managers) > 0 {
		return nil, fmt.Sprintf("hostler knows no distribution like it that uses %s", managers[0])
	}
	return nil, "hostler knows no distribution like it, and no package manager was found"
}

// heads are the distributions that stand for their package managers where
// nothing else is known of a system.
var heads = []string{"debian", "rhel", "opensuse-leap", "altlinux"}

// servedBy keeps the rows whose package manager is on the host; all, where the
// host shows none.
func servedBy(rows []*Release, managers []PackageManager) []*Release {
	if len(managers) == 0 {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r *Release) bool { return !slices.Contains(managers, r.PackageManager) })
}

// resemblance says how the host came to be compared with the rows of an ID.
func resemblance(nth int, id string, row *Release, file osrelease.File) string {
	switch {
	case nth > 0:
		return fmt.Sprintf("it derives from %s", id)
	case !row.Match.acceptsName(file):
		return fmt.Sprintf("it carries the ID of %s but is another system", id)
	default:
		return "hostler does not know this version of it"
	}
}

// pick chooses among the rows of one ID: by the codename or the platform that
// the host gives; for another version of the same system the newest row that is
// not newer than the host; for a rebuild the row of the same version; else the
// newest row.
func pick(rows []*Release, file osrelease.File, sameID bool) (row *Release, which string) {
	for _, key := range []string{"DEBIAN_CODENAME", "UBUNTU_CODENAME", "VERSION_CODENAME"} {
		for _, row := range rows {
			if row.Codename != "" && row.Codename == file.Fields[key] {
				return row, fmt.Sprintf(" with the codename %s", row.Codename)
			}
		}
	}
	for _, row := range rows {
		if row.Platform != "" && row.Platform == file.Fields["PLATFORM_ID"] {
			return row, fmt.Sprintf(" with the platform %s", row.Platform)
		}
	}
	if sameID {
		named := slices.DeleteFunc(slices.Clone(rows), func(r *Release) bool { return !r.Match.acceptsName(file) })
		if len(named) > 0 {
			return otherVersion(named, file), ""
		}
	}
	// Enterprise Linux is rebuilt under its own version numbers; other families'
	// derivatives count by themselves.
	for _, row := range rows {
		if row.Family == FamilyRHEL && row.Match.acceptsVersion(file) {
			return row, " and has the same version"
		}
	}
	return newest(rows), ""
}

// otherVersion chooses the newest row that is not newer than the host, or the
// oldest, among those that the host's version can be compared with.
func otherVersion(rows []*Release, file osrelease.File) *Release {
	var comparable, older []*Release
	for _, row := range rows {
		_, version := row.Match.decidingRule(file)
		if version == "" || series(version) != series(row.Version) {
			continue
		}
		comparable = append(comparable, row)
		if compareVersions(row.Version, version) <= 0 {
			older = append(older, row)
		}
	}
	switch {
	case len(older) > 0:
		return newest(older)
	case len(comparable) > 0:
		return oldest(comparable)
	default:
		return newest(rows)
	}
}

// series is what stands before a version's first digit: ALT's branches p9 and
// p10 are one series, c9f2 and c10f1 another.
func series(version string) string {
	return version[:len(version)-len(strings.TrimLeftFunc(version, notDigit))]
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// rowsOf returns the rows that answer for an ID, or for a name of their family.
func rowsOf(table []Release, id string) []*Release {
	return slices.DeleteFunc(pointers(table), func(r *Release) bool {
		return !slices.Contains(r.Match.IDs, id) && !slices.Contains(r.Match.Like, id)
	})
}

func pointers(table []Release) []*Release {
	rows := make([]*Release, len(table))
	for i := range table {
		rows[i] = &table[i]
	}
	return rows
}

func newest(rows []*Release) *Release { return slices.MaxFunc(rows, compareReleases) }

func oldest(rows []*Release) *Release { return slices.MinFunc(rows, compareReleases) }

// compareReleases puts supported rows above the others, then orders by version.
func compareReleases(a, b *Release) int {
	switch {
	case a.Supported && !b.Supported:
		return 1
	case b.Supported && !a.Supported:
		return -1
	default:
		return compareVersions(a.Version, b.Version)
	}
}
