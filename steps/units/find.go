package units

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// unitFolders are where units come from, best first (systemd.unit(5)); what is
// generated is not looked for.
var unitFolders = []string{
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
}

// maxAliases ends links that go in circles.
const maxAliases = 8

// resolve follows aliases, which are links from one unit's name to another, to the
// unit itself.
func resolve(v host.Files, name string) string {
	for range maxAliases {
		target, ok := aliasOf(v, name)
		if !ok {
			return name
		}
		name = target
	}
	return name
}

// aliasOf tells where the first folder that has the name links it to. A link to
// the same name elsewhere only moves the file, and one to /dev/null masks it.
func aliasOf(v host.Files, name string) (string, bool) {
	for _, folder := range unitFolders {
		info, err := v.Lstat(path.Join(folder, name))
		if err != nil {
			continue
		}
		if info.Mode&fs.ModeSymlink == 0 {
			return "", false
		}
		target, err := v.Readlink(path.Join(folder, name))
		base := path.Base(target)
		if err != nil || base == name || target == "/dev/null" || !strings.HasSuffix(base, path.Ext(name)) {
			return "", false
		}
		// An instance that is linked to its template keeps its name.
		return base, !isTemplate(base) || isTemplate(name)
	}
	return "", false
}

// exists tells whether there is such a unit. A template has no properties of its
// own that systemd could be asked for, and an image no systemd: there the
// file decides.
func exists(ctx context.Context, v host.View, name string) (bool, error) {
	if isTemplate(name) {
		for _, folder := range unitFolders {
			if _, err := v.Stat(path.Join(folder, name)); err == nil {
				return true, nil
			}
		}
		return false, nil
	}
	unit, err := v.Unit(ctx, name)
	if err != nil {
		return false, err
	}
	return unit.Exists() || unit.UnitFileState != "", nil
}

// maxNear is how many units an error proposes.
const maxNear = 3

// near lists units of the same type that begin alike or hold the name, the most
// alike first: "ssh.service" for "sshd.service".
func near(v host.Files, name string) []string {
	stem := strings.TrimSuffix(name, path.Ext(name))
	alike := map[string]int{}
	for _, folder := range unitFolders {
		names, err := v.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, other := range names {
			if path.Ext(other) != path.Ext(name) {
				continue
			}
			common := commonPrefix(name, other)
			if common >= max(3, len(stem)/2) || strings.Contains(other, stem) {
				alike[other] = common
			}
		}
	}
	var found []string
	for other := range alike {
		found = append(found, other)
	}
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(alike[b], alike[a]), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return found[:min(len(found), maxNear)]
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
