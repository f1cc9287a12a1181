package autoupdates

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// overriddenBy warns of files that apt reads after ours: those of later names, and
// apt.conf itself, which comes last (apt.conf(5)).
func overriddenBy(v host.Files) error {
	names, err := v.ReadDir(path.Dir(File))
	if err != nil {
		return ignoreMissing(err)
	}
	files := []string{"/etc/apt/apt.conf"}
	for _, name := range names {
		if name > path.Base(File) {
			files = append(files, path.Join(path.Dir(File), name))
		}
	}
	var warnings []error
	for _, file := range files {
		content, err := v.ReadFile(file)
		if err != nil {
			warnings = append(warnings, ignoreMissing(err))
			continue
		}
		for line := range strings.Lines(string(content)) {
			if switchesOn(line) {
				warnings = append(warnings, steps.Warning("%s says %s, and apt reads it after %s: remove the line", file, strings.TrimSpace(line), File))
			}
		}
	}
	return errors.Join(warnings...)
}

// periodicOn is a line that gives one of our settings another value than 0. apt
// ignores the case of names.
var periodicOn = regexp.MustCompile(`(?i)^\s*APT::Periodic::(Enable|Update-Package-Lists|Download-Upgradeable-Packages|Unattended-Upgrade)\s+"?([^";]*)`)

func switchesOn(line string) bool {
	match := periodicOn.FindStringSubmatch(line)
	return match != nil && match[2] != "0"
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
