package pkgmgr

import (
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
)

// parseTransaction reads the table of a transaction that dnf 4, dnf 5 and yum print:
// sections of what happens, and in each a package a line, with name, architecture,
// version, repository and size. A line that is too long goes on in the next one,
// which is indented further.
//
//	Upgrading:
//	 kubelet      x86_64      1.36.3-150500.1.1      kubernetes      29 M
//	     replacing  kubernetes-node.x86_64 1.20.4-1.el8
//	Removing:
//	 conntrack-tools
//	              x86_64      1.4.7-4.el9_5          @baseos        600 k
func parseTransaction(text string) []Change {
	var table transactionTable
	for line := range strings.Lines(text) {
		table.read(strings.TrimRight(line, "\r\n"))
	}
	table.endEntry()
	return table.changes
}

type transactionTable struct {
	changes []Change
	// verb is the first word of the section: Installing, Upgrading, Removing …
	verb string
	// entry are the words of the package that is being read.
	entry []string
}

func (t *transactionTable) read(line string) {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0 || strings.HasPrefix(line, "Transaction Summary"):
		t.endEntry()
		t.verb = ""
	case line[0] != ' ':
		t.endEntry()
		t.verb = ""
		if strings.HasSuffix(line, ":") {
			t.verb = fields[0]
		}
	case t.verb == "":
	case fields[0] == "replacing":
		t.replaced(fields[1:])
	case strings.HasPrefix(line, "  "):
		t.entry = append(t.entry, fields...)
	default:
		t.endEntry()
		t.entry = fields
	}
}

// endEntry takes in the package that was read.
func (t *transactionTable) endEntry() {
	entry := t.entry
	t.entry = nil
	if len(entry) < 3 {
		return
	}
	change := Change{Name: entry[0]}
	version := rpm.ParseEVR(entry[2]).String()
	switch strings.TrimSuffix(t.verb, ":") {
	case "Installing", "Upgrading", "Updating", "Downgrading":
		change.To = version
	case "Removing", "Erasing":
		change.From = version
	default: // reinstalled, skipped, or of a group
		return
	}
	t.add(change)
}

// replaced is a package that another one makes obsolete: "name.arch version" of
// dnf 4 and yum, "name arch version …" of dnf 5, which also lists older versions so.
func (t *transactionTable) replaced(fields []string) {
	var name, version string
	switch {
	case len(fields) == 2:
		dot := strings.LastIndexByte(fields[0], '.')
		if dot < 0 {
			return
		}
		name, version = fields[0][:dot], fields[1]
	case len(fields) > 2:
		name, version = fields[0], fields[2]
	default:
		return
	}
	if len(t.entry) > 0 && t.entry[0] == name {
		return
	}
	t.endEntry()
	t.add(Change{Name: name, From: rpm.ParseEVR(version).String()})
}

func (t *transactionTable) add(change Change) {
	if change.Name == "" || change.From == "" && change.To == "" {
		return // a line that only looks like one of the table
	}
	if !names(t.changes, change.Name) {
		t.changes = append(t.changes, change)
	}
}
