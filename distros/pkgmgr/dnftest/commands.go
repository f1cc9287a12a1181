package dnftest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// machine is a host of the distribution with what is outside of it.
type machine struct {
	Distribution
	repositories []Repository
	installed    []Package
}

// call is a command line, taken apart.
type call struct {
	cmd   host.Command
	verb  string
	words []string // after the verb
	flags []string
	// format is of --queryformat.
	format string
}

func parse(cmd host.Command) call {
	c := call{cmd: cmd}
	for i, arg := range cmd.Argv[1:] {
		switch {
		case cmd.Argv[i] == "--queryformat":
			c.format = arg
		case strings.HasPrefix(arg, "-"):
			c.flags = append(c.flags, arg)
		case c.verb == "":
			c.verb = arg
		default:
			c.words = append(c.words, arg)
		}
	}
	return c
}

func (c call) has(flag string) bool { return slices.Contains(c.flags, flag) }

// cacheOnly: nothing is fetched.
func (c call) cacheOnly() bool { return c.has("-C") }

func (c call) lenient() bool { return c.has("--setopt=*.skip_if_unavailable=1") }

func prints(text string) (host.Output, error) { return host.Output{Stdout: []byte(text)}, nil }

// fails ends a command as dnf and yum do for nearly everything: with 1.
func (c call) fails(stdout, stderr string) (host.Output, error) { return c.exits(1, stdout, stderr) }

func (c call) exits(code int, stdout, stderr string) (host.Output, error) {
	return host.Output{Stdout: []byte(stdout), Stderr: []byte(stderr)}, hosttest.Exit(c.cmd, code, stderr)
}

// run is dnf, or yum.
func (m machine) run(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	c := parse(cmd)
	if pid := strings.TrimSpace(f.Content(m.PIDFile)); pid != "" {
		if command := f.Content(path.Join("/proc", pid, "cmdline")); command != "" {
			return m.locked(c, pid, command)
		}
	}
	if c.verb == "makecache" {
		return m.makeCache(f, c)
	}
	for _, r := range m.repositories {
		if m.described(f, r) && !m.fetched(f, r) {
			if c.cacheOnly() && c.lenient() {
				continue
			}
			if complaint := m.fetch(f, c, r); complaint != "" && !c.lenient() {
				return c.fails("", complaint)
			}
		}
	}
	switch {
	case c.verb == "repoquery" && !m.isYum():
		return m.repoquery(f, c)
	case c.verb == "list" && m.isYum():
		return m.list(f, c)
	case c.verb == "mark" && !m.isYum() && len(c.words) == 2 && c.words[0] == "remove":
		m.write(f, m.read(f).markAuto(c.words[1]))
		return host.Output{}, nil
	case slices.Contains([]string{"install", "downgrade", "remove", "reinstall"}, c.verb):
		return m.transact(f, c)
	default:
		return c.fails("", "No such command: "+c.verb+".\n")
	}
}

// locked is how a command ends while another process holds the lock: any that lives,
// whatever it is. dnf's exit status for this is in its manual (dnf(8), "Exit status").
func (m machine) locked(c call, pid, command string) (host.Output, error) {
	name := path.Base(strings.Split(command, "\x00")[0])
	switch {
	case !c.has("--setopt=exit_on_lock=1"):
		return c.fails("", "dnftest: it would wait for ever for process "+pid+"\n")
	case m.isYum():
		return c.fails("", fmt.Sprintf("Existing lock %s: another copy is running as pid %s.\n"+
			"Another app is currently holding the yum lock; exiting as configured by exit_on_lock\n", m.PIDFile, pid))
	default:
		return c.exits(200, "", fmt.Sprintf("metadata already locked by %s\n  The application with PID %s is: %s\n", pid, pid, name))
	}
}

func (machine) described(f *hosttest.Fake, r Repository) bool {
	return r.Source == "" || f.Content(r.Source) != ""
}

func (m machine) fetched(f *hosttest.Fake, r Repository) bool {
	return r.Source == "" || f.Content(path.Join(m.lists(r.ID), m.index)) != ""
}

// fetch gets the lists of a repository.
func (m machine) fetch(f *hosttest.Fake, c call, r Repository) (complaint string) {
	switch {
	case c.cacheOnly() && m.isYum():
		return fmt.Sprintf("Error: Cannot retrieve repository metadata (repomd.xml) for repository: %s. Please verify its path and try again\n", r.ID)
	case c.cacheOnly():
		return fmt.Sprintf("Error: Cache-only enabled but no cache for '%s'\n", r.ID)
	case r.Complaint != "":
		return r.Complaint
	case f.Content(offline) != "":
		return m.unreachable(r.ID)
	}
	f.Change(m.Fetched(r.ID))
	return ""
}

func (m machine) unreachable(id string) string {
	if m.isYum() {
		return fmt.Sprintf("failure: repodata/repomd.xml from %s: [Errno 256] No more mirrors to try.\n"+
			"http://repository.example/repodata/repomd.xml: [Errno 14] curl#7 - \"Failed connect to repository.example:80; Network is unreachable\"\n", id)
	}
	return fmt.Sprintf("Errors during downloading metadata for repository '%s':\n"+
		"  - Curl error (7): Couldn't connect to server for http://repository.example/repodata/repomd.xml []\n"+
		"Error: Failed to download metadata for repo '%s': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried\n", id, id)
}

// makeCache fetches the lists of the repositories that are switched on.
func (m machine) makeCache(f *hosttest.Fake, c call) (host.Output, error) {
	warnings := ""
	for _, r := range m.repositories {
		if r.Source == "" || !m.described(f, r) || c.has("--disablerepo=*") && !c.has("--enablerepo="+r.ID) {
			continue
		}
		complaint := m.fetch(f, c, r)
		switch {
		case complaint != "" && c.lenient():
			warnings += complaint
		case complaint != "":
			return c.fails("", complaint)
		}
	}
	return host.Output{Stdout: []byte("Metadata cache created.\n"), Stderr: []byte(warnings)}, nil
}

// repoquery ends each line itself, beside what the format says, as dnf 4 does.
func (m machine) repoquery(f *hosttest.Fake, c call) (host.Output, error) {
	var out strings.Builder
	if c.has("--installed") {
		for _, e := range m.read(f) {
			reason := "user"
			if e.auto {
				reason = "dependency"
			}
			fmt.Fprintf(&out, "%s\t%s\n\n", e.name, reason)
		}
		return prints(out.String())
	}
	for _, name := range c.words {
		for _, o := range m.offered(f, c, name) {
			fmt.Fprintf(&out, "%s\t%s\t%s\n\n", o.Name, rpm.ParseEVR(o.Version).Full(), Arch)
		}
	}
	return prints(out.String())
}

// list is yum list all: what is installed, and what repositories have.
func (m machine) list(f *hosttest.Fake, c call) (host.Output, error) {
	var installed, available strings.Builder
	row := func(out *strings.Builder, name, version, repository string) {
		if name += "." + Arch; len(name) > 40 {
			name += "\n" // the rest goes on below its column
		}
		fmt.Fprintf(out, "%-40s %-34s %s\n", name, version, repository)
	}
	for _, name := range c.words[1:] {
		if e := m.read(f).get(name); e.version != "" {
			row(&installed, name, e.version, "@kubernetes")
		}
		for _, o := range m.offered(f, c, name) {
			row(&available, name, o.Version, o.repository)
		}
	}
	text := ""
	if installed.Len() > 0 {
		text += "Installed Packages\n" + installed.String()
	}
	if available.Len() > 0 {
		text += "Available Packages\n" + available.String()
	}
	if text == "" {
		return c.fails("", "Error: No matching Packages to list\n")
	}
	return prints(text)
}

// completeTransaction is of yum-utils: it forgets what yum was about to do.
func (m machine) completeTransaction(f *hosttest.Fake, _ host.Command) (host.Output, error) {
	names, err := f.ReadDir("/var/lib/yum")
	for _, name := range names {
		if strings.HasPrefix(name, "transaction-") {
			f.Change(hosttest.Absent(path.Join("/var/lib/yum", name)))
		}
	}
	return host.Output{Stdout: []byte("Cleaning up completed transaction file\n")}, err
}

// packageCleanup is of yum-utils, too.
func (m machine) packageCleanup(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	if c := parse(cmd); !c.has("--cleandupes") || !c.has("-y") {
		return c.fails("", "Error: nothing to do\n")
	}
	m.write(f, m.read(f).newest())
	return host.Output{}, nil
}
