package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// aptConfigDir has the files in which apt-rpm is told what to hold, each with a list
//
//	RPM::Hold {"^kubelet$";};
//
// of extended regular expressions, which are matched against the name alone, and
// without regard to case (RPMPackageData::HoldPackage in apt-rpm). One without the
// dollar sign, as eepm writes it, also holds kubelet-extra.
const aptConfigDir = "/etc/apt/apt.conf.d"

// holdPath is the file that eepm, too, makes for a package.
func holdPath(name string) string { return path.Join(aptConfigDir, "hold-"+name+".conf") }

// holdPattern matches one name exactly. Signs go into brackets: what a backslash means
// in apt's configuration is not documented.
func holdPattern(name string) string {
	return "^" + regexp.MustCompile(`[.+]`).ReplaceAllString(name, "[$0]") + "$"
}

func holdContent(name string) string { return `RPM::Hold {"` + holdPattern(name) + `";};` + "\n" }

// aptHolds are the expressions in all files.
type aptHolds []*regexp.Regexp

func readAptHolds(v host.View) (aptHolds, error) {
	names, err := v.ReadDir(aptConfigDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading which packages are held: %w", err)
	}
	paths := []string{"/etc/apt/apt.conf"}
	for _, name := range names {
		if path.Ext(name) == ".conf" {
			paths = append(paths, path.Join(aptConfigDir, name))
		}
	}
	var holds aptHolds
	for _, name := range paths {
		content, err := v.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading which packages are held: %w", err)
		}
		holds = append(holds, parseAptHolds(string(content))...)
	}
	return holds, nil
}

var (
	holdBlock  = regexp.MustCompile(`(?is)\bRPM::Hold\s*\{([^}]*)\}`)
	quotedWord = regexp.MustCompile(`"([^"]*)"`)
	aptComment = regexp.MustCompile(`(?m)^\s*(?://|#).*$`)
)

// parseAptHolds passes over expressions that are none, as apt does with a warning.
func parseAptHolds(text string) aptHolds {
	var holds aptHolds
	for _, block := range holdBlock.FindAllStringSubmatch(aptComment.ReplaceAllString(text, ""), -1) {
		for _, word := range quotedWord.FindAllStringSubmatch(block[1], -1) {
			if expression, err := regexp.Compile("(?i)" + word[1]); err == nil {
				holds = append(holds, expression)
			}
		}
	}
	return holds
}

func (h aptHolds) hold(name string) bool {
	return slices.ContainsFunc(h, func(expression *regexp.Regexp) bool { return expression.MatchString(name) })
}

// setHold writes or removes the package's own file. A file of that name that holds
// something else, too, is not hostler's to remove.
func (aptRPM) setHold(_ context.Context, h host.Host, name string, held bool) error {
	holds, err := readAptHolds(h)
	if err != nil || holds.hold(name) == held {
		return err
	}
	file := holdPath(name)
	content, err := h.ReadFile(file)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("reading which packages are held: %w", err)
	}
	if held {
		return h.WriteFile(file, append(content, holdContent(name)...), host.Attr{Mode: 0o644})
	}
	rest := strings.TrimSuffix(string(content), holdContent(name))
	theirs := strings.TrimSpace(rest) == `RPM::Hold {"^`+name+`";};` // eepm's, which epm unhold removes
	switch {
	case missing || rest == string(content) && !theirs:
		return fmt.Errorf("%s is held by an RPM::Hold in %s or /etc/apt/apt.conf that is not hostler's: take it out there", name, aptConfigDir)
	case strings.TrimSpace(rest) == "" || theirs:
		return h.Remove(file)
	default:
		return h.WriteFile(file, []byte(rest), host.Attr{Mode: 0o644})
	}
}
