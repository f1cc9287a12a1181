package dnftest

import (
	"fmt"
	"hash/crc32"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// entry is a package in rpm's database; several of one name are what an interrupted
// upgrade leaves.
type entry struct {
	name, version string
	// auto: it came for others. dnf notes more reasons, and that it knows none, which is
	// the same to hostler.
	auto bool
}

// database is what rpm and dnf know of the host.
type database []entry

// get returns the newest version of a package, or a zero entry.
func (db database) get(name string) (found entry) {
	for _, e := range db {
		if e.name == name && (found.version == "" || rpm.Compare(e.version, found.version) > 0) {
			found = e
		}
	}
	return found
}

func (db database) without(name string) database {
	return slices.DeleteFunc(slices.Clone(db), func(e entry) bool { return e.name == name })
}

func (db database) markAuto(name string) database {
	marked := slices.Clone(db)
	for i := range marked {
		marked[i].auto = marked[i].auto || marked[i].name == name
	}
	return marked
}

// newest keeps one version of each package.
func (db database) newest() database {
	var kept database
	for _, e := range db {
		if kept.get(e.name).version == "" {
			kept = append(kept, db.get(e.name))
		}
	}
	return kept
}

func (m machine) read(f *hosttest.Fake) database {
	var db database
	packages, _ := rpm.ParseQuery(m.query(f)) // it was written below
	for _, p := range packages {
		db = append(db, entry{name: p.Name, version: p.EVR.String()})
	}
	for line := range strings.Lines(f.Content(m.reasons)) {
		db = db.markAuto(strings.TrimSpace(line))
	}
	return db
}

// query is what rpm -qa prints.
func (m machine) query(f *hosttest.Fake) string {
	_, text, _ := strings.Cut(f.Content(m.database), "\n")
	return text
}

// write leaves the keys in the database alone.
func (m machine) write(f *hosttest.Fake, db database) { m.store(f, db, m.keys(f)) }

// distributionKey is the public key that every such system has.
var distributionKey = rpm.Key{Version: "9a296436", Release: "635d2c59"}

// store puts the files in place, byte for byte the same for the same packages. Of two
// states the database has two sizes: the clock of the host in memory stands still while
// a program runs, so the time does not tell them apart.
func (m machine) store(f *hosttest.Fake, db database, keys []rpm.Key) {
	var lines, auto []string
	for _, k := range keys {
		lines = append(lines, fmt.Sprintf("gpg-pubkey\t0\t%s\t%s\t(none)\t1700000000\n", k.Version, k.Release))
	}
	for _, e := range db {
		evr := rpm.ParseEVR(e.version)
		epoch, _, _ := strings.Cut(evr.Full(), ":")
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t1700000000\n", e.name, epoch, evr.Version, evr.Release, Arch))
		if e.auto {
			auto = append(auto, e.name+"\n")
		}
	}
	slices.Sort(lines)
	slices.Sort(auto)
	text := strings.Join(slices.Compact(lines), "")
	f.Change(hosttest.File(m.database, strings.Repeat("#", int(crc32.ChecksumIEEE([]byte(text))%997))+"\n"+text))
	if m.reasons == "" {
		return
	}
	f.Change(hosttest.Absent(m.reasons))
	if len(auto) > 0 {
		f.Change(hosttest.File(m.reasons, strings.Join(slices.Compact(auto), "")))
	}
}

// unpack puts the files of a package where those of another version of it may be, which
// the caller takes away afterwards.
func unpack(f *hosttest.Fake, p, old Package) {
	for name, content := range p.Files {
		f.Change(hosttest.File(name, content))
	}
	for name, content := range p.Configs {
		there, err := f.ReadFile(name)
		before, known := old.Configs[name]
		switch {
		case err != nil || known && string(there) == before:
			f.Change(hosttest.File(name, content))
		case string(there) != content && before != content:
			f.Change(hosttest.File(name+".rpmnew", content))
		}
	}
	f.Change(hosttest.Reloaded())
}

// unlink takes the files of a package away, but for those that its next version has.
func unlink(f *hosttest.Fake, p, next Package) {
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if _, stays := next.Files[name]; !stays {
			removeFile(f, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Configs)) {
		if _, stays := next.Configs[name]; stays {
			continue
		}
		if there := f.Content(name); there != "" && there != p.Configs[name] {
			f.Change(hosttest.File(name+".rpmsave", there))
		}
		removeFile(f, name)
	}
	f.Change(hosttest.Reloaded())
}

// removeFile takes the folders above along that are of packages alone.
func removeFile(f *hosttest.Fake, name string) {
	f.Change(hosttest.Absent(name))
	for dir := path.Dir(name); !ofTheSystem(dir); dir = path.Dir(dir) {
		if names, err := f.ReadDir(dir); err != nil || len(names) > 0 {
			return
		}
		f.Change(hosttest.Absent(dir))
	}
}

func ofTheSystem(dir string) bool {
	return slices.Contains([]string{"/", "/etc", "/opt", "/usr", "/usr/bin", "/usr/lib", "/usr/lib/systemd", "/usr/lib/systemd/system", "/var", "/var/lib"}, dir)
}
