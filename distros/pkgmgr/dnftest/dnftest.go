// Package dnftest puts rpm with dnf or yum on the host in memory, as far as hostler
// meets them: repositories with lists that must be fetched, caches, dependencies,
// obsoletes, version locks and excludes, locks with process ids, scripts that fail,
// and the words in which all that is said.
//
// The state is in files where a real host has some: the database of rpm (as the text
// that rpm -qa prints), dnf's notes why packages were installed, versionlock.list,
// descriptions of repositories and caches. A copy of the host has its own packages, then,
// and tests compare files. Unlike the real ones these keep no packages that they
// downloaded, but where the host KeepsPackages.
//
// What dnf says and does was recorded from dnf 4.14 over rpm 4.18 in a node of the test
// bed (testdata/dnf beside this package, and dnf_node_test.go). There is no yum to
// record. Its side goes by documents: yum(8), yum.conf(5), yum-versionlock(1) and
// yum-complete-transaction(8) of Enterprise Linux 7; its main program (yummain.py 3.4.3)
// for what a lock, a refusal and an error print, and with which exit status; and output
// that people published for lists, tables, downgrades, --downloadonly and versionlock.
// What yum does with configuration files and obsoletes is rpm's, and as with dnf.
package dnftest

import (
	"fmt"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// Arch is the architecture of all packages.
const Arch = "x86_64"

// Package is a package of one version.
type Package struct {
	// Version is "[epoch:]version-release".
	Name, Version string
	// Requires names the packages that come with it, and Obsoletes those that go for it.
	Requires, Obsoletes []string
	// Files are what it installs, by path. Configs are marked %config(noreplace): edited
	// ones stay in an upgrade, and leave a copy (.rpmsave) in a removal.
	Files, Configs map[string]string
	// Fails is what its script prints before it fails, if it fails; it is not installed then.
	Fails string
}

// Repository offers packages.
type Repository struct {
	ID string
	// Source is the file that describes it; without the file it does not exist.
	// Empty: it is described by the distribution, and its lists are fetched.
	Source   string
	Packages []Package
	// Complaint is what is printed of it when it cannot be fetched.
	Complaint string
}

// Distribution is a generation of Enterprise Linux.
type Distribution struct {
	Name    string
	Manager distros.PackageManager
	// Config is the manager's main configuration; LockConfig and LockList are the files
	// of its plugin versionlock, and PIDFile is where it notes its process id.
	Config, LockConfig, LockList, PIDFile string
	// database is rpm's, and reasons is where the manager notes why packages are there.
	database, reasons string
	// cache is the folder below which each repository has one with this ending.
	cache, cacheEnding string
	// index is the file that is in it when the lists are fetched.
	index string
}

// EL9 has dnf 4, and EL7 has yum.
var (
	EL9 = Distribution{
		Name: "EL9", Manager: distros.Dnf, Config: "/etc/dnf/dnf.conf",
		LockConfig: "/etc/dnf/plugins/versionlock.conf", LockList: "/etc/dnf/plugins/versionlock.list", PIDFile: "/var/cache/dnf/metadata_lock.pid",
		database: "/var/lib/rpm/rpmdb.sqlite", reasons: "/var/lib/dnf/history.sqlite",
		cache: "/var/cache/dnf", cacheEnding: "-c12bd89c90c1f6d9", index: "repodata/repomd.xml",
	}
	EL7 = Distribution{
		Name: "EL7", Manager: distros.Yum, Config: "/etc/yum.conf",
		LockConfig: "/etc/yum/pluginconf.d/versionlock.conf", LockList: "/etc/yum/pluginconf.d/versionlock.list", PIDFile: "/var/run/yum.pid",
		database: "/var/lib/rpm/Packages",
		cache:    "/var/cache/yum/x86_64/7", index: "repomd.xml",
	}
)

func (d Distribution) isYum() bool { return d.Manager == distros.Yum }

// Host makes a host one of the distribution with these packages installed, these
// repositories in the world, and the plugin versionlock.
func (d Distribution) Host(installed []Package, repositories ...Repository) hosttest.Option {
	return func(f *hosttest.Fake) {
		m := machine{Distribution: d, repositories: repositories, installed: installed}
		for _, dir := range []string{
			"/etc/yum.repos.d", "/etc/pki/rpm-gpg", "/opt", "/usr/bin", "/usr/lib/systemd/system", "/var/run",
			"/var/cache/hostler/packages", d.cache, "/var/lib/yum", "/var/lib/dnf", path.Dir(d.database),
		} {
			f.Change(hosttest.Dir(dir, 0o755))
		}
		f.Change(
			hosttest.File(d.Config, "[main]\ngpgcheck=1\n"),
			hosttest.File(d.LockConfig, "[main]\nenabled = 1\nlocklist = "+d.LockList+"\n"),
			hosttest.File(d.LockList, ""),
			hosttest.Handle(string(d.Manager), m.run),
			hosttest.Handle("rpm", m.rpm),
			hosttest.Handle("yum-complete-transaction", m.completeTransaction),
			hosttest.Handle("package-cleanup", m.packageCleanup),
			hosttest.Handle("install", makeFolders),
			hosttest.Handle("find", copyPackages),
			hosttest.Handle("rm", removeTree),
		)
		var db database
		for _, p := range installed {
			db = append(db, entry{name: p.Name, version: p.Version})
			unpack(f, p, Package{})
		}
		m.store(f, db, []rpm.Key{distributionKey})
	}
}

// Held locks installed packages at their versions, as the plugin's own command does.
func (d Distribution) Held(names ...string) hosttest.Option {
	return func(f *hosttest.Fake) {
		db := machine{Distribution: d}.read(f)
		for _, name := range names {
			f.Change(d.Locked(name, db.get(name).version))
		}
	}
}

// Locked locks a package at any version.
func (d Distribution) Locked(name, version string) hosttest.Option {
	epoch, rest, _ := strings.Cut(rpm.ParseEVR(version).Full(), ":")
	line := fmt.Sprintf("%s-%s:%s.*\n", name, epoch, rest)
	if d.isYum() {
		line = fmt.Sprintf("%s:%s-%s.*\n", epoch, name, rest)
	}
	return func(f *hosttest.Fake) { f.Change(hosttest.File(d.LockList, f.Content(d.LockList)+line)) }
}

// Auto notes that an installed package came for others. yum keeps that where hostler does
// not look.
func (d Distribution) Auto(name string) hosttest.Option {
	return func(f *hosttest.Fake) {
		m := machine{Distribution: d}
		m.write(f, m.read(f).markAuto(name))
	}
}

// Interrupted leaves a package in a second version, as a killed upgrade does. Of yum it
// also leaves the notes of what it was about to do.
func (d Distribution) Interrupted(p Package) hosttest.Option {
	return func(f *hosttest.Fake) {
		m := machine{Distribution: d}
		m.write(f, append(m.read(f), entry{name: p.Name, version: p.Version}))
		if d.isYum() {
			f.Change(hosttest.File("/var/lib/yum/transaction-all.2026-11-22.03:40.01", "install "+p.Name+"\n"))
		}
	}
}

// Busy has another process hold the manager's lock; Idle ends that.
func (d Distribution) Busy(holder host.Process) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.File(d.PIDFile, fmt.Sprint(holder.PID)),
			hosttest.File(commandOf(holder.PID), strings.ReplaceAll(holder.Command, " ", "\x00")+"\x00"))
	}
}

// Idle ends the process of Busy.
func (d Distribution) Idle(pid int) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.Absent(d.PIDFile), hosttest.Absent(path.Dir(commandOf(pid))))
	}
}

func commandOf(pid int) string { return fmt.Sprintf("/proc/%d/cmdline", pid) }

// Fetched is a host that has fetched the lists of a repository.
func (d Distribution) Fetched(id string) hosttest.Option {
	return hosttest.File(path.Join(d.lists(id), d.index), "<repomd/>\n")
}

// Cached is where the manager keeps a package that it downloaded.
func (d Distribution) Cached(id, name, version string) string {
	evr := rpm.ParseEVR(version)
	evr.Epoch = ""
	return path.Join(d.lists(id), "packages", name+"-"+evr.String()+"."+Arch+".rpm")
}

func (d Distribution) lists(id string) string { return path.Join(d.cache, id+d.cacheEnding) }

// keepsPackages is there where packages are kept, and offline where there is no network.
const (
	keepsPackages = "/etc/dnftest-keeps-packages"
	offline       = "/etc/dnftest-offline"
)

// KeepsPackages makes the manager keep what it downloads. Tests that compare the host
// with how it was do without.
func KeepsPackages() hosttest.Option { return hosttest.File(keepsPackages, "yes\n") }

// Offline takes the network away.
func Offline() hosttest.Option { return hosttest.File(offline, "yes\n") }
