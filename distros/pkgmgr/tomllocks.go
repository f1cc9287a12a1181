package pkgmgr

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
)

// tomlLocks are the version locks of dnf 5 (dnf5-versionlock(8)): in TOML, a table of
// the array packages for each lock. hostler adds and removes tables of its own, and
// reads those that dnf 5 writes; one that somebody wrote otherwise is no hold.
type tomlLocks struct{}

const tomlHeader = "version = \"1.0\"\n"

func (tomlLocks) table(name string, evr rpm.EVR) string {
	return fmt.Sprintf("\n%s[[packages]]\nname = %q\n[[packages.conditions]]\nkey = \"evr\"\ncomparator = \"=\"\nvalue = %q\n",
		lockMark, name, evr.String())
}

var (
	tomlName  = regexp.MustCompile(`(?m)^\s*name\s*=\s*["']([^"']+)["']`)
	tomlValue = regexp.MustCompile(`(?m)^\s*value\s*=\s*["']([^"']+)["']`)
	tomlExact = regexp.MustCompile(`(?m)^\s*comparator\s*=\s*["']={1,2}["']`)
)

func (tomlLocks) locked(text, name string, evr rpm.EVR) bool {
	for _, table := range strings.Split(text, "[[packages]]")[1:] {
		of, value := tomlName.FindStringSubmatch(table), tomlValue.FindStringSubmatch(table)
		if of != nil && value != nil && of[1] == name && tomlExact.MatchString(table) && rpm.ParseEVR(value[1]) == evr {
			return true
		}
	}
	return false
}

func (l tomlLocks) lock(text, name string, evr rpm.EVR) string {
	if text = l.unlock(text, name); l.locked(text, name, evr) {
		return text
	}
	if text == "" {
		text = tomlHeader
	}
	return text + l.table(name, evr)
}

// unlock takes hostler's own table out; a lock of somebody else's stays, and
// setHold's caller sees that the package is still held.
func (l tomlLocks) unlock(text, name string) string {
	own := regexp.MustCompile(`\n` + regexp.QuoteMeta(lockMark) + `\[\[packages\]\]\nname = "` + regexp.QuoteMeta(name) +
		`"\n\[\[packages\.conditions\]\]\nkey = "evr"\ncomparator = "="\nvalue = "[^"\n]*"\n`)
	text = own.ReplaceAllString(text, "")
	if text == tomlHeader {
		return ""
	}
	return text
}
