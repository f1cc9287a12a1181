package apttest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dpkg"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const autoPath = "/var/lib/apt/extended_states"

// entry is a package in dpkg's status.
type entry struct {
	version, want, state string
	auto                 bool
}

func (e entry) installed() bool { return e.state == dpkg.StateInstalled }

// database is what dpkg and apt know of the host.
type database struct {
	entries map[string]entry
}

func readDatabase(f *hosttest.Fake) database {
	db := database{entries: map[string]entry{}}
	for e := range dpkg.Entries(f.Content(dpkg.StatusPath)) {
		db.entries[e.Name] = entry{version: e.Version, want: e.Want, state: e.State}
	}
	for line := range strings.Lines(f.Content(autoPath)) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "Package: "); found {
			e := db.entries[name]
			e.auto = true
			db.entries[name] = e
		}
	}
	return db
}

// write puts the files in place, byte for byte the same for the same packages.
func (db database) write(f *hosttest.Fake) {
	var status, auto strings.Builder
	for _, name := range slices.Sorted(maps.Keys(db.entries)) {
		e := db.entries[name]
		fmt.Fprintf(&status, "Package: %s\nStatus: %s ok %s\nArchitecture: %s\n", name, e.want, e.state, Arch)
		if e.version != "" {
			fmt.Fprintf(&status, "Version: %s\n", e.version)
		}
		status.WriteString("\n")
		if e.auto {
			fmt.Fprintf(&auto, "Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n", name, Arch)
		}
	}
	f.Change(hosttest.File(dpkg.StatusPath, status.String()), hosttest.Absent(autoPath))
	if auto.Len() > 0 {
		f.Change(hosttest.File(autoPath, auto.String()))
	}
}

func unpack(f *hosttest.Fake, p Package) {
	for name, content := range p.Files {
		f.Change(hosttest.File(name, content))
	}
	for name, content := range p.Conffiles {
		if _, err := f.Lstat(name); err != nil { // an edited one stays: --force-confold
			f.Change(hosttest.File(name, content))
		}
	}
	f.Change(hosttest.Reloaded())
}

func removeFiles(f *hosttest.Fake, files map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f.Change(hosttest.Absent(name))
		for dir := path.Dir(name); !base(dir); dir = path.Dir(dir) {
			names, err := f.ReadDir(dir)
			if err != nil || len(names) > 0 {
				break
			}
			f.Change(hosttest.Absent(dir))
		}
	}
	f.Change(hosttest.Reloaded())
}

// base tells whether a folder is of the system itself, and stays when empty.
func base(dir string) bool {
	return slices.Contains([]string{"/", "/etc", "/opt", "/usr", "/usr/bin", "/usr/lib", "/usr/lib/systemd", "/usr/lib/systemd/system", "/var", "/var/lib"}, dir)
}
