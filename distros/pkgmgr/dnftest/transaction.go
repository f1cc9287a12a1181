package dnftest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// offer is a package where it can be had: in a repository, or as a file on the host.
type offer struct {
	Package
	repository, file string
}

// offered are the packages of that name in fetched lists, the newest first.
func (m machine) offered(f *hosttest.Fake, c call, name string) []offer {
	var found []offer
	for _, r := range m.repositories {
		if !m.described(f, r) || !m.fetched(f, r) {
			continue
		}
		for _, p := range r.Packages {
			if p.Name == name && m.visible(f, c, r, p) {
				found = append(found, offer{Package: p, repository: r.ID})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b offer) int { return rpm.Compare(b.Version, a.Version) })
	return found
}

// lookup finds a package anywhere in the world: what an archive or an installed package
// is made of.
func (m machine) lookup(fits func(p Package) bool) (Package, bool) {
	all := slices.Clone(m.installed)
	for _, r := range m.repositories {
		all = append(all, r.Packages...)
	}
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i], true
	}
	return Package{}, false
}

func (m machine) version(name, version string) Package {
	p, _ := m.lookup(func(p Package) bool { return p.Name == name && p.Version == version })
	return p
}

// find understands name, name-version, name-version-release with and without an epoch
// before the version, and the path of a file.
func (m machine) find(f *hosttest.Fake, c call, target string) (offer, bool) {
	if strings.HasPrefix(target, "/") {
		p, known := m.lookup(func(p Package) bool { return path.Base(m.Cached("", p.Name, p.Version)) == path.Base(target) })
		_, err := f.Lstat(target)
		return offer{Package: p, repository: "@commandline", file: target}, known && err == nil
	}
	for _, r := range m.repositories {
		for _, p := range r.Packages {
			evr := rpm.ParseEVR(p.Version)
			forms := []string{p.Name, p.Name + "-" + evr.Version, p.Name + "-" + evr.Version + "-" + evr.Release, p.Name + "-" + evr.String(), p.Name + "-" + evr.Full()}
			if m.isYum() {
				forms[4] = strings.Replace(evr.Full(), ":", ":"+p.Name+"-", 1)
			}
			if !slices.Contains(forms, target) {
				continue
			}
			fits := func(o offer) bool { return target == p.Name || o.Version == p.Version }
			offers := m.offered(f, c, p.Name)
			if i := slices.IndexFunc(offers, fits); i >= 0 {
				return offers[i], true
			}
		}
	}
	return offer{}, false
}

// change is one package of a transaction; without a package it goes.
type change struct {
	name  string
	to    *offer
	named bool // on the command line
	// replacedBy is the package that obsoletes it.
	replacedBy string
}

type transaction struct {
	changes []change
	// said is standard output before the table; missing are the targets that there are not.
	said    string
	missing []string
}

func (t *transaction) has(name string) bool {
	return slices.ContainsFunc(t.changes, func(c change) bool { return c.name == name })
}

func (t *transaction) add(c change) {
	if !t.has(c.name) {
		t.changes = append(t.changes, c)
	}
}

// transact is install, downgrade, reinstall and remove.
func (m machine) transact(f *hosttest.Fake, c call) (host.Output, error) {
	db := m.read(f)
	if c.verb == "remove" && c.has("--duplicates") {
		m.write(f, db.newest())
		return prints("Complete!\n")
	}
	t, complaint := m.resolve(f, c, db)
	if complaint != "" {
		return c.fails(t.said, complaint)
	}
	if len(t.changes) == 0 {
		return m.nothingToDo(c, t)
	}
	table := t.said + m.table(db, t)
	if c.has("--assumeno") {
		return m.refuses(c, table)
	}
	if c.verb != "remove" {
		table += "Downloading Packages:\n"
	}
	if out, err := m.download(f, c, t, table); err != nil || c.has("--downloadonly") {
		return out, err
	}
	for _, change := range t.changes {
		if change.to != nil && change.to.Fails != "" {
			return m.scriptFails(c, table, *change.to)
		}
	}
	// What goes goes first, so that a file of both stays.
	slices.SortStableFunc(t.changes, func(a, b change) int { return cmp.Compare(order(a), order(b)) })
	for _, change := range t.changes {
		db = m.apply(f, db, change)
	}
	m.write(f, db)
	return prints(table + "\nComplete!\n")
}

func order(c change) int {
	if c.to == nil {
		return 0
	}
	return 1
}

// resolve finds the packages that the words mean and those that come and go along.
func (m machine) resolve(f *hosttest.Fake, c call, db database) (t transaction, complaint string) {
	for _, target := range c.words {
		if c.verb == "remove" {
			if db.get(target).version == "" {
				t.said += "No match for argument: " + target + "\n"
				continue
			}
			t.add(change{name: target, named: true})
			continue
		}
		found, known := m.find(f, c, target)
		if !known {
			t.said += m.noMatch(target)
			t.missing = append(t.missing, target)
			continue
		}
		if !m.wants(c, db, found, &t) {
			continue
		}
		by, obsolete := m.obsoletedBy(db, found.Name)
		switch {
		case obsolete && m.isYum():
			t.said += fmt.Sprintf("Package %s is obsoleted by %s, trying to install %s instead\n", found.Name, by, by)
			continue
		case obsolete && !c.has("--allowerasing"):
			return t, fmt.Sprintf("Error: \n Problem: problem with installed package %s\n  - package %s obsoletes %s\n", by, by, found.Name)
		case obsolete:
			t.add(change{name: by})
		}
		t.add(change{name: found.Name, to: &found, named: true})
	}
	// yum goes on with what there is.
	if len(t.missing) > 0 && !m.isYum() {
		return t, "Error: Unable to find a match: " + strings.Join(t.missing, " ") + "\n"
	}
	if complaint := m.bring(f, c, db, &t); complaint != "" {
		return t, complaint
	}
	m.push(db, &t)
	return t, ""
}

// wants tells whether the verb applies: dnf 4 installs older versions as it does newer
// ones, for which yum has a verb of its own.
func (m machine) wants(c call, db database, found offer, t *transaction) bool {
	current := db.get(found.Name).version
	order := rpm.Compare(found.Version, current)
	switch {
	case c.verb == "reinstall":
		return current == found.Version
	case current == "":
		return c.verb == "install"
	case order == 0:
		t.said += "Package " + found.Name + "-" + found.Version + "." + Arch + " is already installed.\n"
		return false
	case m.isYum() && c.verb == "install" && order < 0:
		t.said += "Package matching " + found.Name + "-" + found.Version + "." + Arch + " already installed. Checking for update.\n"
		return false
	case c.verb == "downgrade" && order > 0:
		t.said += "Only Upgrade available on package: " + found.Name + "-" + current + "." + Arch + "\n"
		return false
	}
	return true
}

// obsoletedBy is the installed package that makes another one obsolete.
func (m machine) obsoletedBy(db database, name string) (by string, obsolete bool) {
	i := slices.IndexFunc(db, func(e entry) bool { return slices.Contains(m.version(e.name, e.version).Obsoletes, name) })
	if i < 0 {
		return "", false
	}
	return db[i].name, true
}

// bring adds what packages require.
func (m machine) bring(f *hosttest.Fake, c call, db database, t *transaction) (complaint string) {
	for i := 0; i < len(t.changes); i++ { // grows: what is required requires more
		if t.changes[i].to == nil || c.verb == "reinstall" {
			continue
		}
		for _, need := range t.changes[i].to.Requires {
			if db.get(need).version != "" || t.has(need) {
				continue
			}
			offers := m.offered(f, c, need)
			if len(offers) == 0 {
				return m.unmet(*t.changes[i].to, need)
			}
			t.add(change{name: need, to: &offers[0]})
		}
	}
	return ""
}

// push adds what is obsolete, and what cannot be without what goes.
func (m machine) push(db database, t *transaction) {
	for i := 0; i < len(t.changes); i++ { // grows
		if c := t.changes[i]; c.to != nil {
			for _, name := range c.to.Obsoletes {
				if db.get(name).version != "" {
					t.add(change{name: name, replacedBy: c.name})
				}
			}
			continue
		}
		for _, e := range db {
			if t.changes[i].replacedBy == "" && slices.Contains(m.version(e.name, e.version).Requires, t.changes[i].name) {
				t.add(change{name: e.name})
			}
		}
	}
}

// download gets what is neither a file nor in the cache.
func (m machine) download(f *hosttest.Fake, c call, t transaction, table string) (host.Output, error) {
	var notCached []offer
	for _, change := range t.changes {
		if change.to == nil || change.to.file != "" {
			continue
		}
		at := m.Cached(change.to.repository, change.name, change.to.Version)
		if f.Content(at) != "" {
			continue
		}
		if c.cacheOnly() {
			notCached = append(notCached, *change.to)
			continue
		}
		if f.Content(offline) != "" {
			return c.fails(table, m.unreachable(change.to.repository))
		}
		if f.Content(keepsPackages) != "" {
			f.Change(hosttest.File(at, "package "+change.name+" "+change.to.Version))
		}
	}
	if len(notCached) > 0 {
		return m.notCached(c, table, notCached)
	}
	if m.isYum() && c.has("--downloadonly") {
		return prints(table + "exiting because \"Download Only\" specified\n")
	}
	return prints(table)
}

// apply makes one change. A package that is named is not there for others any more.
func (m machine) apply(f *hosttest.Fake, db database, c change) database {
	before := db.get(c.name)
	old := m.version(c.name, before.version)
	if c.to == nil {
		unlink(f, old, Package{})
		return db.without(c.name)
	}
	unpack(f, c.to.Package, old)
	unlink(f, old, c.to.Package)
	auto := !c.named && (before.auto || before.version == "")
	return append(db.without(c.name), entry{name: c.name, version: c.to.Version, auto: auto})
}
