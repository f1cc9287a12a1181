package distros

import (
	"fmt"
	"slices"

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
		row, which := pick(rows, file, i == 0)
		if len(managers) > 0 && !slices.Contains(managers, row.PackageManager) {
			return nil, fmt.Sprintf("it names %s, but has %s instead of %s", id, managers[0], row.PackageManager)
		}
		return row, resemblance(i, id, row, file) + which
	}
	for _, manager := range managers {
		rows := slices.DeleteFunc(pointers(table), func(r *Release) bool { return r.PackageManager != manager })
		if len(rows) > 0 {
			return newest(rows), fmt.Sprintf("hostler does not know it, but it has %s", manager)
		}
	}
	if len(managers) > 0 {
		return nil, fmt.Sprintf("hostler knows no distribution like it that uses %s", managers[0])
	}
	return nil, "hostler knows no distribution like it, and no package manager was found"
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

// pick chooses among the rows of one ID: by the codename that the host gives,
// then, if the version numbers are of the same series, the newest row that is
// not newer than the host, then the newest row.
func pick(rows []*Release, file osrelease.File, sameID bool) (row *Release, which string) {
	for _, key := range []string{"DEBIAN_CODENAME", "VERSION_CODENAME"} {
		for _, row := range rows {
			if row.Codename != "" && row.Codename == file.Fields[key] {
				return row, fmt.Sprintf(" with the codename %s", row.Codename)
			}
		}
	}
	first := rows[0]
	if !sameID || !first.Match.acceptsName(file) {
		return newest(rows), ""
	}
	_, version := first.Match.decidingRule(file)
	if version == "" {
		return newest(rows), ""
	}
	older := slices.DeleteFunc(slices.Clone(rows), func(r *Release) bool { return compareVersions(r.Version, version) > 0 })
	if len(older) == 0 {
		return oldest(rows), ""
	}
	return newest(older), ""
}

// rowsOf returns the rows that answer for an ID.
func rowsOf(table []Release, id string) []*Release {
	return slices.DeleteFunc(pointers(table), func(r *Release) bool { return !slices.Contains(r.Match.IDs, id) })
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
