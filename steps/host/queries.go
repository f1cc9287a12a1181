package host

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// readOnlyCommand is a program that Query may run: the arguments that its
// command line must start with, and the options that may follow. Arguments that
// are no options, such as names of packages, are free.
type readOnlyCommand struct {
	program string
	prefix  []string
	options []string
	why     string
}

// The options that some of the commands share.
var (
	aptOptions     = []string{"-o"} // only with aptSettings
	aptPlanOptions = []string{
		"-o", "-y", "-q", "-qq", "--yes", "--no-install-recommends", "--allow-downgrades", "--allow-change-held-packages",
	}
	formatOptions  = []string{"-f", "--showformat"}
	journalOptions = []string{"-n", "-o", "-b", "--no-pager"}
)

// dnfOptions are those of dnf and yum. Settings are allowed with their values only:
// any other could take the simulation back, or name a program to run.
var dnfOptions = []string{
	"--disableplugin=versionlock", "--disableexcludes=all", "--allowerasing", "--showduplicates", "--installed", "--queryformat",
	"--setopt=exit_on_lock=1", "--setopt=*.skip_if_unavailable=1", "--setopt=disable_excludes=*", "--setopt=install_weak_deps=0", "--setopt=clean_requirements_on_remove=0",
}

// aptSettings are the settings that apt may be given with -o: they keep it from
// writing its caches and change nothing else. Any other could take the
// simulation back or name a program to run.
var aptSettings = []string{"Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=", "APT::Install-Recommends=false"}

// readOnlyCommands is all that a plan may run. None of these changes the host,
// but for caches that their owner rebuilds at will.
var readOnlyCommands = []readOnlyCommand{
	{"apt-cache", []string{"policy"}, aptOptions, "the versions that the repositories offer"},
	{"apt-cache", []string{"madison"}, aptOptions, "the versions that the repositories offer, one a line"},
	{"apt-cache", []string{"show"}, aptOptions, "a version's dependencies and digest"},
	{"apt-config", []string{"dump"}, nil, "proxies and folders that the administrator configured"},
	{"apt-get", []string{"-s", "install"}, aptPlanOptions, "simulation: what an installation would drag in"},
	{"apt-get", []string{"-s", "remove"}, aptPlanOptions, "simulation: what a removal would take along"},
	{"apt-get", []string{"--print-uris", "install"}, aptPlanOptions, "what would be downloaded, and its digest"},
	{"apt-mark", []string{"showhold"}, nil, "holds, where dpkg's status is not enough"},
	{"dpkg", []string{"--print-architecture"}, nil, "the architecture of packages"},
	{"dpkg", []string{"--print-foreign-architectures"}, nil, "the other architectures of packages"},
	{"dpkg", []string{"--compare-versions"}, nil, "the order of two versions, by dpkg itself"},
	{"dpkg-query", []string{"-W"}, formatOptions, "installed packages"},
	{"dpkg-query", []string{"--show"}, formatOptions, "installed packages"},
	{"dpkg-query", []string{"-L"}, nil, "the files of a package"},
	{"dpkg-query", []string{"-S"}, nil, "the package of a file"},
	{"journalctl", []string{"--sync"}, nil, "waits until journald has read what was written to it"},
	{"journalctl", []string{"-u"}, journalOptions, "the last lines of a unit, for showing why it failed"},
	{"needs-restarting", []string{"-r"}, nil, "whether packages were updated that need a restart of the machine"},
	{"dnf", []string{"needs-restarting", "-r"}, nil, "the same, where it is a plugin of dnf"},
	{"zypper", []string{"needs-rebooting"}, nil, "the same, of zypper"},
	{"rpm", []string{"-qa", "--queryformat"}, nil, "installed packages"},
	{"rpm", []string{"-q", "--queryformat"}, nil, "the configuration files of packages that are going to be removed"},
	{"zypper", []string{"--xmlout", "--non-interactive", "--no-refresh", "search"}, []string{"-s", "--match-exact", "--type"}, "the versions that the repositories offer"},
	{"zypper", []string{"--xmlout", "--non-interactive", "--no-refresh", "install", "--oldpackage", "--dry-run"}, []string{"--allow-unsigned-rpm"}, "simulation: what an installation would drag in"},
	{"zypper", []string{"--xmlout", "--non-interactive", "--no-refresh", "remove", "--dry-run"}, nil, "simulation: what a removal would take along"},
	{"systemctl", []string{"--version"}, nil, "systemd's version"},
	{"dnf", []string{"-q", "-C", "repoquery"}, dnfOptions, "the versions that the repositories offer, and why packages were installed"},
	{"dnf", []string{"--assumeno", "-C", "install"}, dnfOptions, "simulation: what an installation would drag in"},
	{"dnf", []string{"--assumeno", "-C", "remove"}, dnfOptions, "simulation: what a removal would take along"},
	{"yum", []string{"-q", "-C", "list"}, dnfOptions, "the versions that the repositories offer"},
	{"yum", []string{"--assumeno", "-C", "install"}, dnfOptions, "simulation: what an installation would drag in"},
	{"yum", []string{"--assumeno", "-C", "remove"}, dnfOptions, "simulation: what a removal would take along"},
	{"yum", []string{"--assumeno", "-C", "downgrade"}, dnfOptions, "simulation: what going back would drag in"},
	{"systemd-inhibit", []string{"--list"}, nil, "who keeps the machine from restarting"},
}

// CheckReadOnly returns an error that wraps ErrNotReadOnly unless the command
// line is on the read-only list.
func CheckReadOnly(argv []string) error {
	if slices.ContainsFunc(readOnlyCommands, func(c readOnlyCommand) bool { return c.matches(argv) }) {
		return nil
	}
	return fmt.Errorf("query %q: %w", strings.Join(argv, " "), ErrNotReadOnly)
}

func (c readOnlyCommand) matches(argv []string) bool {
	if len(argv) < 1+len(c.prefix) {
		return false
	}
	// A path elsewhere would let a plan run any file that is called like the program.
	if argv[0] != c.program && argv[0] != path.Join("/usr/bin", c.program) {
		return false
	}
	rest := argv[1+len(c.prefix):]
	return slices.Equal(argv[1:1+len(c.prefix)], c.prefix) && c.allows(rest)
}

// allows tells whether the further arguments hold no option that is not known
// to be harmless.
func (c readOnlyCommand) allows(args []string) bool {
	for i, arg := range args {
		option, _, _ := strings.Cut(arg, "=")
		switch {
		case !strings.HasPrefix(arg, "-"):
		case !slices.Contains(c.options, option) && !slices.Contains(c.options, arg):
			return false
		case option == "-o" && c.program != "journalctl":
			if i+1 == len(args) || option != arg || !slices.Contains(aptSettings, args[i+1]) {
				return false
			}
		}
	}
	return true
}
