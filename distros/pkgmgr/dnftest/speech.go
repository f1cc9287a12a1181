package dnftest

import (
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// table is a transaction as it is shown before it is agreed to.
func (m machine) table(db database, t transaction) string {
	sections := []string{"Installing", "Upgrading", "Downgrading", "Removing", "Installing dependencies", "Removing dependent packages"}
	if m.isYum() {
		sections = []string{"Installing", "Updating", "Downgrading", "Removing", "Installing for dependencies", "Removing for dependencies"}
	}
	rows := make([]string, len(sections))
	for _, c := range t.changes {
		if c.replacedBy == "" {
			rows[section(db, c)] += m.row(db, t, c)
		}
	}
	var out strings.Builder
	line := strings.Repeat("=", 80) + "\n"
	fmt.Fprintf(&out, "Dependencies resolved.\n%s Package            Arch        Version               Repository           Size\n%s", line, line)
	for i, title := range sections {
		if rows[i] != "" {
			fmt.Fprintf(&out, "%s:\n%s", title, rows[i])
		}
	}
	fmt.Fprintf(&out, "\nTransaction Summary\n%sChange  %d Packages\n\n", line, len(t.changes))
	return out.String()
}

// section is the place of a change among the sections of the table.
func section(db database, c change) int {
	current := db.get(c.name).version
	switch {
	case c.to == nil && c.named:
		return 3
	case c.to == nil:
		return 5
	case current == "" && !c.named:
		return 4
	case current == "" || current == c.to.Version:
		return 0
	case rpm.Compare(c.to.Version, current) < 0:
		return 2
	default:
		return 1
	}
}

func (m machine) row(db database, t transaction, c change) string {
	version, repository := db.get(c.name).version, "@kubernetes"
	if c.to != nil {
		version, repository = c.to.Version, c.to.repository
	}
	name := c.name
	if len(name) > 20 {
		name += "\n" + strings.Repeat(" ", 21) // the rest goes on below its column
	}
	row := fmt.Sprintf(" %-20s %-11s %-21s %-15s %5d k\n", name, Arch, version, repository, 10)
	for _, other := range t.changes {
		if other.replacedBy == c.name {
			row += fmt.Sprintf("     replacing  %s.%s %s\n", other.name, Arch, db.get(other.name).version)
		}
	}
	return row
}

// refuses is the answer no, which --assumeno gives.
func (m machine) refuses(c call, table string) (host.Output, error) {
	if m.isYum() {
		return c.fails(table+"Exiting on user command\n", "")
	}
	return c.fails(table, "Operation aborted.\n")
}

// nothingToDo is a failure for yum only if nothing of what was named is known.
func (m machine) nothingToDo(c call, t transaction) (host.Output, error) {
	if m.isYum() && len(t.missing) > 0 {
		return c.fails(t.said, "Error: Nothing to do\n")
	}
	return prints(t.said + "Nothing to do.\n")
}

func (m machine) noMatch(target string) string {
	if m.isYum() {
		return "No package " + target + " available.\n"
	}
	return "No match for argument: " + target + "\n"
}

func (m machine) unmet(p offer, need string) string {
	if m.isYum() {
		return fmt.Sprintf("Error: Package: %s-%s.%s (%s)\n           Requires: %s\n You could try using --skip-broken to work around the problem\n",
			p.Name, p.Version, Arch, p.repository, need)
	}
	return fmt.Sprintf("Error: \n Problem: conflicting requests\n  - nothing provides %s needed by %s-%s.%s from %s\n", need, p.Name, p.Version, Arch, p.repository)
}

func (m machine) notCached(c call, table string, packages []offer) (host.Output, error) {
	var out strings.Builder
	if m.isYum() {
		out.WriteString("Error downloading packages:\n")
	}
	for _, p := range packages {
		nevra, at := p.Name+"-"+p.Version+"."+Arch, m.Cached(p.repository, p.Name, p.Version)
		if m.isYum() {
			fmt.Fprintf(&out, "  %s: Caching enabled but no local cache of /%s from %s\n", nevra, at, p.repository)
		} else {
			fmt.Fprintf(&out, "Error opening %s: No such file or directory\n"+
				"Package \"%s\" from repository \"%s\" has incorrect checksum\n", at, nevra, p.repository)
		}
	}
	if !m.isYum() {
		out.WriteString("Error: Some packages have invalid cache, but cannot be downloaded due to \"--cacheonly\" option\n")
	}
	return c.fails(table, out.String())
}

// scriptFails is the failure of a script before the installation: nothing is changed.
func (m machine) scriptFails(c call, table string, p offer) (host.Output, error) {
	nevra := p.Name + "-" + p.Version + "." + Arch
	if m.isYum() {
		return c.fails(fmt.Sprintf("%sRunning transaction\n%s\nerror: %%pre(%s) scriptlet failed, exit status 1\n", table, p.Fails, nevra),
			"Error in PREIN scriptlet in rpm package "+nevra+"\n")
	}
	return c.fails(fmt.Sprintf("%sRunning transaction\n  Preparing        :                                                        1/1 \n"+
		"  Running scriptlet: %s                              1/1 \n%s\n"+
		"error: %%prein(%s) scriptlet failed, exit status 1\n\nFailed:\n  %s\n", table, nevra, p.Fails, nevra, nevra),
		fmt.Sprintf("Error in PREIN scriptlet in rpm package %s\nError: Transaction failed\n", p.Name))
}
