package host

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// readOnlyCommand is a program that Query may run, with the arguments that its
// command line must start with.
type readOnlyCommand struct {
	program string
	prefix  []string
	why     string
}

// readOnlyCommands is all that a plan may run. None of these changes the host,
// but for caches that their owner rebuilds at will.
var readOnlyCommands = []readOnlyCommand{
	{"apt-cache", []string{"policy"}, "the versions that the repositories offer"},
	{"apt-cache", []string{"madison"}, "the versions that the repositories offer, one a line"},
	{"apt-cache", []string{"show"}, "a version's dependencies and digest"},
	{"apt-config", []string{"dump"}, "proxies and folders that the administrator configured"},
	{"apt-get", []string{"-s", "install"}, "simulation: what an installation would drag in"},
	{"apt-get", []string{"-s", "remove"}, "simulation: what a removal would take along"},
	{"apt-get", []string{"--print-uris", "install"}, "what would be downloaded, and its digest"},
	{"apt-mark", []string{"showhold"}, "holds, where dpkg's status is not enough"},
	{"dpkg", []string{"--print-architecture"}, "the architecture of packages"},
	{"dpkg", []string{"--print-foreign-architectures"}, "the other architectures of packages"},
	{"dpkg", []string{"--compare-versions"}, "the order of two versions, by dpkg itself"},
	{"dpkg-query", []string{"-W"}, "installed packages"},
	{"dpkg-query", []string{"--show"}, "installed packages"},
	{"dpkg-query", []string{"-L"}, "the files of a package"},
	{"dpkg-query", []string{"-S"}, "the package of a file"},
	{"journalctl", []string{"-u"}, "the last lines of a unit, for showing why it failed"},
}

// aptSettings are the settings that apt may be given with -o: they keep it from
// writing its caches and change nothing else. Any other could take the
// simulation back or name a program to run.
var aptSettings = []string{"Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=", "APT::Install-Recommends=false"}

// journalctlReads are journalctl's options that are allowed after -u UNIT;
// others vacuum, rotate or follow.
var journalctlReads = []string{"-n", "-o", "--no-pager", "-b"}

// CheckReadOnly returns an error that wraps ErrNotReadOnly unless the command
// line is on the read-only list.
func CheckReadOnly(argv []string) error {
	if len(argv) == 0 {
		return fmt.Errorf("empty command line: %w", ErrNotReadOnly)
	}
	for _, allowed := range readOnlyCommands {
		if allowed.matches(argv) {
			return nil
		}
	}
	return fmt.Errorf("query %q: %w", strings.Join(argv, " "), ErrNotReadOnly)
}

func (c readOnlyCommand) matches(argv []string) bool {
	// A path would let a plan run any file that is called like the program.
	if argv[0] != c.program && path.Dir(argv[0]) != "/usr/bin" {
		return false
	}
	if path.Base(argv[0]) != c.program {
		return false
	}
	args := argv[1:]
	if len(args) < len(c.prefix) || !slices.Equal(args[:len(c.prefix)], c.prefix) {
		return false
	}
	return !c.forbidsAny(args[len(c.prefix):])
}

// forbidsAny tells whether the further arguments could make the program write.
func (c readOnlyCommand) forbidsAny(args []string) bool {
	switch {
	case c.program == "journalctl":
		return slices.ContainsFunc(args, func(arg string) bool {
			option, _, _ := strings.Cut(arg, "=")
			return strings.HasPrefix(arg, "-") && !slices.Contains(journalctlReads, option)
		})
	case strings.HasPrefix(c.program, "apt"):
		return aptForbids(args)
	}
	return false
}

func aptForbids(args []string) bool {
	for i, arg := range args {
		switch {
		case arg == "-o" && i+1 < len(args) && slices.Contains(aptSettings, args[i+1]):
		case strings.HasPrefix(arg, "--option"), strings.HasPrefix(arg, "--config"), strings.HasPrefix(arg, "--no-"):
			return true
		case strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.ContainsAny(arg, "oc="):
			// Short options may be joined: -yo NAME=VALUE is -y -o NAME=VALUE.
			return true
		}
	}
	return false
}
