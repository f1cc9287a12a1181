package apttest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dpkg"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// world is what is outside the host, and the programs that bring it in.
type world struct {
	repositories []Repository
	installed    []Package
}

func fail(cmd host.Command, code int, format string, args ...any) (host.Output, error) {
	stderr := fmt.Sprintf(format, args...)
	return host.Output{Stderr: []byte(stderr)}, hosttest.Exit(cmd, code, stderr)
}

// option returns the value of the last -o NAME=value.
func option(args []string, name string) (last string) {
	for i, arg := range args[:max(len(args)-1, 0)] {
		if value, found := strings.CutPrefix(args[i+1], name+"="); found && arg == "-o" {
			last = value
		}
	}
	return last
}

// listsDir is where a command has its lists: the host's, or those of a private
// configuration.
func listsDir(args []string) string {
	if private := option(args, "Dir::State::lists"); private != "" {
		return private
	}
	return repository.ListsDir
}

// sourceOf is where a command has the repository's source: a private
// configuration has its sources beside its lists.
func sourceOf(r Repository, args []string) string {
	if lists := listsDir(args); lists != repository.ListsDir {
		return path.Join(path.Dir(lists), strings.TrimPrefix(r.Source, "/etc/apt"))
	}
	return r.Source
}

// words are the arguments that are no options.
func words(args []string) []string {
	var out []string
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") && (i == 0 || args[i-1] != "-o") {
			out = append(out, arg)
		}
	}
	return out
}

// offered are the packages in fetched lists, the newest first.
func (w world) offered(f *hosttest.Fake, name, lists string) []Package {
	names, err := f.ReadDir(lists)
	if err != nil {
		return nil
	}
	var found []Package
	for _, r := range w.repositories {
		if r.Source == "" || r.Lists.Fetched(names) {
			found = append(found, r.Packages...)
		}
	}
	found = slices.DeleteFunc(found, func(p Package) bool { return p.Name != name })
	slices.SortStableFunc(found, func(a, b Package) int { return dpkg.Compare(b.Version, a.Version) })
	return found
}

// lookup finds a package anywhere in the world: what an archive or an
// installed package is made of.
func (w world) lookup(name, version string) (Package, bool) {
	all := slices.Clone(w.installed)
	for _, r := range w.repositories {
		all = append(all, r.Packages...)
	}
	i := slices.IndexFunc(all, func(p Package) bool { return p.Name == name && p.Version == version })
	if i < 0 {
		return Package{}, false
	}
	return all[i], true
}

func (w world) aptCache(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	var out strings.Builder
	for _, name := range words(cmd.Argv[1:])[1:] {
		for _, p := range w.offered(f, name, listsDir(cmd.Argv)) {
			fmt.Fprintf(&out, "%10s | %10s | http://repository.example/ Packages\n", p.Name, p.Version)
		}
	}
	return host.Output{Stdout: []byte(out.String())}, nil
}

func (w world) aptMark(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	db := readDatabase(f)
	verb, name := cmd.Argv[1], cmd.Argv[2]
	e, known := db.entries[name]
	if !known && len(w.offered(f, name, repository.ListsDir)) == 0 {
		return fail(cmd, 100, "E: Unable to locate package %s\nE: No packages found\n", name)
	}
	switch verb {
	case "hold":
		e.want = "hold"
	case "unhold":
		e.want = "install"
	case "auto":
		e.auto = true
	}
	if e.state == "" {
		e.state = dpkg.StateNotInstalled
	}
	db.entries[name] = e
	db.write(f)
	return host.Output{}, nil
}

// dpkg knows --configure -a only.
func (w world) dpkg(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	db := readDatabase(f)
	for name, e := range db.entries {
		if e.installed() || e.state == dpkg.StateConfigFiles || e.state == dpkg.StateNotInstalled {
			continue
		}
		if p, _ := w.lookup(name, e.version); p.Fails != "" {
			clearUpdates(f)
			return fail(cmd, 1, "%s", scriptFailure(p))
		}
		e.state = dpkg.StateInstalled
		db.entries[name] = e
	}
	db.write(f)
	clearUpdates(f)
	return host.Output{}, nil
}

func clearUpdates(f *hosttest.Fake) {
	names, err := f.ReadDir(dpkg.UpdatesDir)
	if err != nil {
		return
	}
	for _, name := range names {
		f.Change(hosttest.Absent(path.Join(dpkg.UpdatesDir, name)))
	}
}

func scriptFailure(p Package) string {
	return fmt.Sprintf("%s\ndpkg: error processing package %s (--configure):\n installed %s package post-installation script subprocess returned error exit status 1\n"+
		"Errors were encountered while processing:\n %s\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n", p.Fails, p.Name, p.Name, p.Name)
}

func (w world) aptGet(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	args := cmd.Argv[1:]
	verb := words(args)[0]
	switch {
	case verb == "update":
		return w.update(f, cmd)
	case slices.Contains(args, "--reinstall") && f.Content(keepsArchives) == "":
		return host.Output{}, nil
	case verb != "install":
		return fail(cmd, 100, "E: Invalid operation %s\n", verb)
	}
	return w.install(f, cmd)
}

func (w world) update(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	only := option(cmd.Argv, "Dir::Etc::sourcelist")
	single := only != "" && path.Base(only) != "sources.list"
	for _, r := range w.repositories {
		source := sourceOf(r, cmd.Argv)
		if r.Source == "" || single && only != source {
			continue
		}
		if _, err := f.Lstat(source); err != nil {
			continue
		}
		if r.Complaint != "" {
			return fail(cmd, 100, "%s", r.Complaint)
		}
		f.Change(hosttest.File(path.Join(listsDir(cmd.Argv), r.Lists.Prefix+"InRelease"), "signed\n"))
	}
	return host.Output{}, nil
}
