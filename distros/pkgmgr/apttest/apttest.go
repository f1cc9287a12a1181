// Package apttest puts apt and dpkg on the host in memory, as far as hostler
// meets them: repositories with lists that must be fetched, dependencies,
// holds, half-configured packages, scripts that fail, and the words in which
// all that is said.
//
// The state is in the same files as on a real host (dpkg's status, apt's lists
// and marks), so a copy of the host has its own packages, and tests compare
// files. Unlike the real ones, these do not keep the archives of what they install, and
// of what is installed already only where the host KeepsArchives.
package apttest

import (
	"path"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// Arch is the architecture of all packages.
const Arch = "amd64"

// Package is a package of one version.
type Package struct {
	Name, Version string
	// Depends names the packages that come with it.
	Depends []string
	// Files are what it installs, by path; Conffiles survive its removal.
	Files, Conffiles map[string]string
	// Fails is what its script prints before it fails, if it fails.
	Fails string
	// Starts is the unit that its script starts, unless the policy forbids it; then
	// there is a file in StartedDir.
	Starts string
}

// Repository offers packages.
type Repository struct {
	// Source is the file that describes it; without the file it does not exist.
	// Empty: it is described by the distribution, and its lists are fetched.
	Source string
	// Lists are the names of its lists.
	Lists    repository.Lists
	Packages []Package
	// Complaint is what apt-get update prints of it when it cannot be fetched.
	Complaint string
}

// Debian makes a host a Debian with these packages installed and these
// repositories in the world.
func Debian(installed []Package, repositories ...Repository) hosttest.Option {
	return func(f *hosttest.Fake) {
		world := world{repositories: repositories, installed: installed}
		f.Change(
			hosttest.Dir("/etc/apt/sources.list.d", 0o755),
			hosttest.Dir("/usr/bin", 0o755),
			hosttest.Dir("/usr/lib/systemd/system", 0o755),
			hosttest.Dir("/opt", 0o755),
			hosttest.Dir("/var/cache/apt/archives", 0o755),
			hosttest.Dir(repository.ListsDir, 0o755),
			hosttest.Dir("/var/lib/dpkg/updates", 0o755),
			hosttest.File("/usr/bin/apt-get", "program\n"),
			hosttest.Handle("apt-get", world.aptGet),
			hosttest.Handle("apt-cache", world.aptCache),
			hosttest.Handle("apt-mark", world.aptMark),
			hosttest.Handle("dpkg", world.dpkg),
			hosttest.Handle("install", install),
			hosttest.Handle("cp", copyFiles),
			hosttest.Handle("mv", moveFiles),
			hosttest.Handle("rm", removeTree),
		)
		db := database{entries: map[string]entry{}}
		for _, p := range installed {
			db.entries[p.Name] = entry{version: p.Version, want: "install", state: "installed"}
			unpack(f, p)
		}
		db.write(f)
	}
}

// StartedDir has an empty file for each unit that a package's script started.
const StartedDir = "/run/apttest-started"

// Archive is where apt's cache keeps a package.
func Archive(name, version string) string {
	return path.Join("/var/cache/apt/archives", name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_"+Arch+".deb")
}

// keepsArchives is there where apt keeps archives that are downloaded again.
const keepsArchives = "/etc/apt/apt.conf.d/keep"

// KeepsArchives makes apt keep the archives of installed packages that it is
// told to download. Tests that compare the host with how it was do without.
func KeepsArchives() hosttest.Option { return hosttest.File(keepsArchives, "yes\n") }

// Held puts installed packages on hold.
func Held(names ...string) hosttest.Option {
	return func(f *hosttest.Fake) {
		db := readDatabase(f)
		for _, name := range names {
			e := db.entries[name]
			e.want = "hold"
			if e.state == "" {
				e.state = "not-installed"
			}
			db.entries[name] = e
		}
		db.write(f)
	}
}

// Interrupted leaves a package half-configured, as a killed dpkg does.
func Interrupted(name string) hosttest.Option {
	return func(f *hosttest.Fake) {
		db := readDatabase(f)
		e := db.entries[name]
		e.state = "half-configured"
		db.entries[name] = e
		db.write(f)
		f.Change(hosttest.File("/var/lib/dpkg/updates/0001", "x\n"))
	}
}
