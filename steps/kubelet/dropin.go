package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// flag is one argument of the kubelet. Only what KubeletConfiguration has no
// field for is a flag.
type flag struct{ name, value string }

// dropIn is the systemd drop-in with the kubelet's whole command line.
// KUBELET_EXTRA_ARGS comes last, as in the packages' own units, so that an
// administrator keeps the last word on a single machine.
//
// The packages' units know of no runtime. A kubelet that a boot starts before its
// runtime answers ends at once, and the node is away until systemd tries again.
func dropIn(flags []flag, environmentFile, runtimeUnit string) []byte {
	var b strings.Builder
	b.WriteString("# Written by hostler. Changes made here are undone by its next run.\n")
	if runtimeUnit != "" {
		fmt.Fprintf(&b, "[Unit]\nAfter=%s\n\n", runtimeUnit)
	}
	b.WriteString("[Service]\n")
	if environmentFile != "" {
		fmt.Fprintf(&b, "EnvironmentFile=-%s\n", strings.ReplaceAll(environmentFile, "%", "%%"))
	}
	b.WriteString("ExecStart=\nExecStart=" + Binary)
	for _, f := range flags {
		b.WriteString(" \\\n  " + escape("--"+f.name+"="+f.value))
	}
	if environmentFile != "" {
		b.WriteString(" \\\n  $KUBELET_EXTRA_ARGS")
	}
	b.WriteString("\n")
	return []byte(b.String())
}

// escape writes a word of a command line as systemd.service(5) reads it back:
// percent signs and dollars doubled, and quoted where it has blanks.
func escape(word string) string {
	word = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`).Replace(word)
	if strings.ContainsAny(word, " \t'\"\\;") {
		return `"` + word + `"`
	}
	return word
}

// flagValue finds a flag in a drop-in that dropIn wrote; empty: it is not there.
func flagValue(dropIn []byte, name string) string {
	for word := range strings.FieldsSeq(string(dropIn)) {
		if value, found := strings.CutPrefix(strings.Trim(word, `"`), "--"+name+"="); found {
			return value
		}
	}
	return ""
}

// dropInFolders are where systemd looks for drop-ins of the unit, best first: a
// file hides those of the same name in later folders (systemd.unit(5)).
var dropInFolders = []string{
	"/etc/systemd/system/" + UnitName + ".d",
	"/run/systemd/system/" + UnitName + ".d",
	"/usr/local/lib/systemd/system/" + UnitName + ".d",
	"/usr/lib/systemd/system/" + UnitName + ".d",
	"/lib/systemd/system/" + UnitName + ".d",
}

// foreignDropIn is a drop-in of the unit that somebody else wrote.
type foreignDropIn struct {
	file string
	// commands says that it sets the command line, too.
	commands bool
}

// wins tells whether its command line is the one that counts: the last by name.
func (d foreignDropIn) wins() bool { return d.commands && path.Base(d.file) > path.Base(DropInPath) }

// foreignDropIns lists the drop-ins of others that systemd reads.
func foreignDropIns(v host.View) ([]foreignDropIn, error) {
	seen := map[string]bool{path.Base(DropInPath): true}
	var found []foreignDropIn
	for _, folder := range dropInFolders {
		names, err := v.ReadDir(folder)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, err
		}
		for _, name := range names {
			if seen[name] || !strings.HasSuffix(name, ".conf") {
				continue
			}
			seen[name] = true
			file := path.Join(folder, name)
			content, err := v.ReadFile(file)
			// A drop-in hidden by a link to /dev/null says nothing.
			if errors.Is(err, host.ErrNotRegular) || errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found = append(found, foreignDropIn{file, setsCommandLine(content)})
		}
	}
	return found, nil
}

// warnOfDropIns names the drop-ins of others that set the command line too, and
// says which of them wins.
func warnOfDropIns(v host.View) error {
	dropIns, err := foreignDropIns(v)
	remarks := []error{err}
	for _, d := range dropIns {
		switch {
		case d.wins():
			remarks = append(remarks, steps.Warning("%s sets the kubelet's command line and comes after %s, so that it wins and hostler's flags have no effect: remove it",
				d.file, path.Base(DropInPath)))
		case d.commands:
			remarks = append(remarks, steps.Warning("%s sets the kubelet's command line too; %s comes after it and wins", d.file, path.Base(DropInPath)))
		}
	}
	return errors.Join(remarks...)
}

func setsCommandLine(dropIn []byte) bool {
	return slices.ContainsFunc(strings.Split(string(dropIn), "\n"), func(line string) bool {
		key, value, found := strings.Cut(strings.TrimSpace(line), "=")
		return found && strings.TrimSpace(key) == "ExecStart" && strings.TrimSpace(value) != ""
	})
}
