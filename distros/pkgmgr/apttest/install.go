package apttest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dpkg"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// change is one package of a transaction; no package means removal.
type change struct {
	name  string
	to    *Package
	named bool // on the command line
}

// install is apt-get install, with packages, name- for removals, and archives.
func (w world) install(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	args, db := cmd.Argv[1:], readDatabase(f)
	simulate := slices.Contains(args, "-s")
	if names, err := f.ReadDir(dpkg.UpdatesDir); err == nil && len(names) > 0 && !simulate {
		return fail(cmd, 100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n")
	}
	changes, complaint := w.resolve(f, db, words(args)[1:], listsDir(args))
	if complaint != "" {
		return fail(cmd, 100, "%s", complaint)
	}
	if complaint := refuse(db, changes, args); complaint != "" {
		return fail(cmd, 100, "%s", complaint)
	}
	if simulate {
		return host.Output{Stdout: []byte(describe(db, changes))}, nil
	}
	if slices.Contains(args, "--download-only") {
		download(f, db, changes)
		return host.Output{}, nil
	}
	for _, c := range changes {
		if complaint := w.apply(f, cmd, db, c); complaint != "" {
			db.write(f)
			return fail(cmd, 100, "%s", complaint)
		}
	}
	db.write(f)
	return host.Output{}, nil
}

// download puts the archives of what would be installed into the cache, and of
// what is to be installed again.
func download(f *hosttest.Fake, db database, changes []change) {
	for _, c := range changes {
		if c.to != nil && (c.named || db.entries[c.name].version != c.to.Version) {
			f.Change(hosttest.File(Archive(c.name, c.to.Version), "archive of "+c.name+" "+c.to.Version))
		}
	}
}

// resolve finds the packages that the words mean and those that come along.
func (w world) resolve(f *hosttest.Fake, db database, targets []string, lists string) (changes []change, complaint string) {
	for _, target := range targets {
		if name, found := strings.CutSuffix(target, "-"); found {
			changes = append(changes, change{name: name, named: true})
			continue
		}
		p, complaint := w.find(f, target, lists)
		if complaint != "" {
			return nil, complaint
		}
		changes = append(changes, change{name: p.Name, to: &p, named: true})
	}
	for i := 0; i < len(changes); i++ { // grows: dependencies have dependencies
		if changes[i].to == nil {
			continue
		}
		for _, need := range changes[i].to.Depends {
			if db.entries[need].installed() || slices.ContainsFunc(changes, func(c change) bool { return c.name == need }) {
				continue
			}
			offered := w.offered(f, need, lists)
			if len(offered) == 0 {
				return nil, fmt.Sprintf("The following packages have unmet dependencies:\n %s : Depends: %s but it is not installable\n"+
					"E: Unable to correct problems, you have held broken packages.\n", changes[i].name, need)
			}
			changes = append(changes, change{name: need, to: &offered[0]})
		}
	}
	return w.withDependents(db, changes)
}

// withDependents adds the installed packages that cannot be without what goes.
// One that is held does not go along: it must be named itself.
func (w world) withDependents(db database, changes []change) ([]change, string) {
	for _, c := range changes {
		if c.to != nil {
			continue
		}
		for _, d := range w.dependents(db, c.name) {
			if slices.ContainsFunc(changes, func(other change) bool { return other.name == d.name }) {
				continue
			}
			if db.entries[d.name].want == "hold" {
				return nil, fmt.Sprintf("The following packages have unmet dependencies:\n %s : Depends: %s but it is not going to be installed\n"+
					"E: Error, pkgProblemResolver::Resolve generated breaks, this may be caused by held packages.\n", d.name, c.name)
			}
			changes = append([]change{d}, changes...)
		}
	}
	return changes, ""
}

// find understands name=version and the path of an archive.
func (w world) find(f *hosttest.Fake, target, lists string) (Package, string) {
	if strings.HasPrefix(target, "/") {
		parts := strings.Split(strings.ReplaceAll(path.Base(target), "%3a", ":"), "_")
		p, known := w.lookup(parts[0], parts[1])
		if _, err := f.Lstat(target); err != nil || !known {
			return Package{}, fmt.Sprintf("E: Unsupported file %s given on commandline\n", target)
		}
		return p, ""
	}
	name, version, _ := strings.Cut(target, "=")
	offered := w.offered(f, name, lists)
	if len(offered) == 0 && !readDatabase(f).entries[name].installed() {
		return Package{}, fmt.Sprintf("E: Unable to locate package %s\n", name)
	}
	i := slices.IndexFunc(offered, func(p Package) bool { return p.Version == version })
	if i < 0 {
		return Package{}, fmt.Sprintf("E: Version '%s' for '%s' was not found\n", version, name)
	}
	return offered[i], ""
}

// dependents are the installed packages that cannot be without one.
func (w world) dependents(db database, name string) []change {
	var out []change
	for other, e := range db.entries {
		if p, known := w.lookup(other, e.version); known && e.installed() && slices.Contains(p.Depends, name) {
			out = append(out, change{name: other})
		}
	}
	slices.SortFunc(out, func(a, b change) int { return strings.Compare(a.name, b.name) })
	return out
}

// refuse is apt's caution, without the options that allow things.
func refuse(db database, changes []change, args []string) string {
	for _, c := range changes {
		e := db.entries[c.name]
		if e.want == "hold" && !slices.Contains(args, "--allow-change-held-packages") {
			return "E: Held packages were changed and -y was used without --allow-change-held-packages.\n"
		}
		if c.to != nil && e.installed() && dpkg.Compare(c.to.Version, e.version) < 0 && !slices.Contains(args, "--allow-downgrades") {
			return "E: Packages were downgraded and -y was used without --allow-downgrades.\n"
		}
	}
	return ""
}

// describe prints a transaction as apt-get -s does.
func describe(db database, changes []change) string {
	var out strings.Builder
	for _, c := range changes {
		e := db.entries[c.name]
		old := ""
		if e.installed() {
			old = " [" + e.version + "]"
		}
		switch {
		case c.to != nil && (!e.installed() || e.version != c.to.Version):
			fmt.Fprintf(&out, "Inst %s%s (%s repository.example [%s])\n", c.name, old, c.to.Version, Arch)
		case c.to == nil && e.installed():
			fmt.Fprintf(&out, "Remv %s%s\n", c.name, old)
		}
	}
	return out.String()
}

// apply makes one change; the hold on the package is lost, as with real apt.
func (w world) apply(f *hosttest.Fake, cmd host.Command, db database, c change) (complaint string) {
	e := db.entries[c.name]
	old, _ := w.lookup(c.name, e.version)
	if c.to == nil {
		removeFiles(f, old.Files)
		if slices.Contains(cmd.Argv, "--purge") || len(old.Conffiles) == 0 {
			removeFiles(f, old.Conffiles)
			delete(db.entries, c.name)
		} else if e.installed() {
			db.entries[c.name] = entry{version: e.version, want: "deinstall", state: dpkg.StateConfigFiles}
		}
		return ""
	}
	if e.installed() && e.version == c.to.Version {
		return ""
	}
	removeFiles(f, old.Files)
	unpack(f, *c.to)
	start(f, cmd, *c.to)
	now := entry{version: c.to.Version, want: "install", state: dpkg.StateInstalled, auto: !c.named && (e.auto || !e.installed())}
	if c.to.Fails != "" {
		now.state = "half-configured"
		complaint = scriptFailure(*c.to)
	}
	db.entries[c.name] = now
	return complaint
}
