package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// What dnf, yum, zypper and apt-rpm share is the database of rpm beneath them.

// rpmDatabases are the folders in which rpm keeps its database: the second on SUSE
// and on Fedora since 36.
var rpmDatabases = []string{"/var/lib/rpm", "/usr/lib/sysimage/rpm"}

// rpmFiles are the files of a database that change with its contents: of SQLite
// (rpm 4.16), the new database (SUSE) and Berkeley DB (Enterprise Linux 7 and 8). Of
// SQLite the log counts too, since the file follows it only now and then.
var rpmFiles = []string{"rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"}

// rpmInventory is what rpm's database holds. Holds and marks are not rpm's: the
// caller adds them to a copy, since the answer is kept until the database changes,
// so that the plan of a converged host starts no process.
func rpmInventory(ctx context.Context, v host.View) (Inventory, error) {
	stamp, err := rpmStamp(v)
	if err != nil {
		return Inventory{}, err
	}
	return lastInventory.get(rpmAnswer{view: host.Origin(v), stamp: stamp}, func() (Inventory, error) {
		return queryRPM(ctx, v)
	})
}

func queryRPM(ctx context.Context, v host.View) (Inventory, error) {
	out, err := v.Query(ctx, host.Command{Argv: []string{"rpm", "-qa", "--queryformat", rpm.QueryFormat}})
	if err != nil {
		return Inventory{}, fmt.Errorf("asking rpm which packages are installed: %w", err)
	}
	packages, err := rpm.ParseQuery(string(out.Stdout))
	if err != nil {
		return Inventory{}, fmt.Errorf("asking rpm which packages are installed: %w", err)
	}
	inventory := newRPMInventory(packages)
	inventory.keys = rpm.ParseKeys(string(out.Stdout))
	return inventory, nil
}

// newRPMInventory has of each name one package. Of a kernel, which is there in
// several versions on purpose, that is the newest. Of any other package two versions
// are what an interrupted upgrade leaves. Of several architectures the first by name
// counts that is not a 32-bit companion.
func newRPMInventory(packages []rpm.Package) Inventory {
	inventory := Inventory{packages: make(map[string]Package, len(packages))}
	slices.SortFunc(packages, func(a, b rpm.Package) int { return rpm.Compare(a.EVR.String(), b.EVR.String()) })
	for _, p := range packages {
		now := Package{Name: p.Name, Version: p.EVR.String(), Arch: p.Arch, Installed: true}
		before, twice := inventory.packages[p.Name]
		switch {
		case !twice || rpm.MayBeSeveral(p.Name):
		case before.Arch != now.Arch:
			if isCompanion(now.Arch) {
				continue
			}
		case before.Version != now.Version:
			inventory.Unfinished = append(inventory.Unfinished, fmt.Sprintf("%s (both %s and %s are installed)", p.Name, before.Version, now.Version))
			now.Unfinished = true
		}
		inventory.packages[p.Name] = now
	}
	slices.Sort(inventory.Unfinished)
	return inventory
}

// isCompanion tells of an architecture whose packages stand beside those of a 64-bit
// system.
func isCompanion(arch string) bool { return arch == "i686" || arch == "i586" || arch == "i386" }

// withPackages is a copy to which holds and marks can be added.
func (i Inventory) withPackages() Inventory {
	return Inventory{packages: maps.Clone(i.packages), Unfinished: slices.Clone(i.Unfinished), keys: i.keys}
}

// rpmStamp describes the files of the database, and is an error to be without.
func rpmStamp(v host.View) (string, error) {
	stamp := ""
	for _, folder := range rpmDatabases {
		for _, name := range rpmFiles {
			info, err := v.Stat(path.Join(folder, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return "", fmt.Errorf("looking at the package database: %w", err)
			}
			if info.Size > 0 { // who reads SQLite may leave an empty log
				stamp += fmt.Sprintf("%s/%s %d %d\n", folder, name, info.Size, info.ModTime.UnixNano())
			}
		}
	}
	if stamp == "" {
		return "", fmt.Errorf("there is no package database in %s: %w", joinNames(rpmDatabases), fs.ErrNotExist)
	}
	return stamp, nil
}

// rpmAnswer tells of which host, and of which state of its database, an answer is.
type rpmAnswer struct {
	view  host.View
	stamp string
}

// lastInventory is kept for the whole process: one host is asked again and again.
var lastInventory memory[Inventory]

// memory holds the last answer of its kind.
type memory[T any] struct {
	mu     sync.Mutex
	of     rpmAnswer
	answer T
}

func (m *memory[T]) get(of rpmAnswer, find func() (T, error)) (T, error) {
	m.mu.Lock()
	known, answer := m.of == of, m.answer
	m.mu.Unlock()
	if known {
		return answer, nil
	}
	// Not locked: another host need not wait for this one.
	answer, err := find()
	if err != nil {
		return answer, err
	}
	m.mu.Lock()
	m.of, m.answer = of, answer
	m.mu.Unlock()
	return answer, nil
}
