package dpkg

import (
	"iter"
	"strings"
)

// StatusPath is dpkg's database of installed packages. dpkg rewrites it as a
// whole (see UpdatesDir for what it writes in between).
const StatusPath = "/var/lib/dpkg/status"

// UpdatesDir holds numbered files while dpkg works. One that is left over
// means that dpkg was interrupted: apt then refuses to do anything.
const UpdatesDir = "/var/lib/dpkg/updates"

// Entry is one package in the status file.
type Entry struct {
	Name    string
	Version string
	Arch    string
	// Want is what a person asked for: install, hold, deinstall, purge, unknown.
	Want string
	// State is how far dpkg got: installed, config-files, not-installed, or one
	// of the states of unfinished work.
	State string
}

// The states of finished work.
const (
	StateInstalled    = "installed"
	StateConfigFiles  = "config-files" // removed, configuration kept
	StateNotInstalled = "not-installed"
)

// Installed tells whether the package is unpacked and configured.
func (e Entry) Installed() bool { return e.State == StateInstalled }

// Held tells whether a person put the package on hold.
func (e Entry) Held() bool { return e.Want == "hold" }

// Unfinished tells whether dpkg was interrupted, or failed, in the middle of
// the package: unpacked, half-configured, half-installed, triggers-awaited and
// triggers-pending.
func (e Entry) Unfinished() bool {
	return e.State != StateInstalled && e.State != StateConfigFiles && e.State != StateNotInstalled
}

// Entries goes through a status file. The entries share the memory of the
// text. Paragraphs without a name or a status are passed over: the file is
// dpkg's, and what it does not know is not installed.
func Entries(status string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for status != "" {
			var entry Entry
			entry, status = nextEntry(status)
			if entry.Name != "" && entry.State != "" && !yield(entry) {
				return
			}
		}
	}
}

// nextEntry reads one paragraph and returns what follows it.
func nextEntry(text string) (entry Entry, rest string) {
	for text != "" {
		line, after, _ := strings.Cut(text, "\n")
		text = after
		if line == "" {
			break
		}
		entry.read(line)
	}
	return entry, text
}

// read takes one line in. The first letter rules out most lines at once, among
// them those of lists and descriptions, which start with a blank.
func (e *Entry) read(line string) {
	switch line[0] {
	case 'P':
		setField(&e.Name, line, "Package:")
	case 'V':
		setField(&e.Version, line, "Version:")
	case 'A':
		setField(&e.Arch, line, "Architecture:")
	case 'S':
		var status string
		setField(&status, line, "Status:")
		want, after, _ := strings.Cut(status, " ")
		_, state, _ := strings.Cut(after, " ")
		if state != "" {
			e.Want, e.State = want, state
		}
	}
}

func setField(field *string, line, name string) {
	if value, found := strings.CutPrefix(line, name); found {
		*field = strings.TrimSpace(value)
	}
}
