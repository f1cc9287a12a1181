package pkgmgr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// The files in which libzypp keeps locks and the packages installed for others.
const (
	zyppLocksPath = "/etc/zypp/locks"
	zyppAutoPath  = "/var/lib/zypp/AutoInstalled"
)

// zyppLocks is the text of zyppLocksPath, cut into paragraphs so that it can be put
// together again to the byte: each ends with the blank lines that follow it.
type zyppLocks []string

func readZyppLocks(v host.View) (zyppLocks, error) {
	content, err := v.ReadFile(zyppLocksPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading which packages are locked: %w", err)
	}
	return splitZyppLocks(string(content)), nil
}

func splitZyppLocks(text string) zyppLocks {
	var locks zyppLocks
	var paragraph strings.Builder
	blank := true // at the end of blank lines, or before the first line
	for line := range strings.Lines(text) {
		empty := strings.TrimSpace(line) == ""
		if blank && !empty && strings.TrimSpace(paragraph.String()) != "" {
			locks = append(locks, paragraph.String())
			paragraph.Reset()
		}
		paragraph.WriteString(line)
		blank = empty
	}
	if paragraph.Len() > 0 {
		locks = append(locks, paragraph.String())
	}
	return locks
}

// lockedName is the package that a paragraph locks in all versions, from all
// repositories, by name or by glob; other locks are no hold on a package.
func lockedName(paragraph string) (pattern string, glob bool) {
	glob = true // what libzypp takes where nothing is said
	for line := range strings.Lines(paragraph) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "", "case_sensitive":
		case "type":
			if value != "package" {
				return "", false
			}
		case "match_type":
			if value != "glob" && value != "exact" {
				return "", false
			}
			glob = value == "glob"
		case "solvable_name":
			pattern = value
		default:
			return "", false
		}
	}
	return pattern, glob
}

// hold tells whether a lock is on the package.
func (l zyppLocks) hold(name string) bool {
	return slices.ContainsFunc(l, func(paragraph string) bool {
		pattern, glob := lockedName(paragraph)
		if !glob || pattern == "" {
			return pattern == name && name != ""
		}
		matched, err := path.Match(pattern, name)
		return matched && err == nil
	})
}

// names are the packages that are locked by name.
func (l zyppLocks) names() []string {
	var list []string
	for _, paragraph := range l {
		if pattern, _ := lockedName(paragraph); pattern != "" && !strings.ContainsAny(pattern, "*?[") {
			list = append(list, pattern)
		}
	}
	return list
}

// zyppLock is a paragraph as zypper addlock writes it.
func zyppLock(name string) string {
	return "type: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: " + name + "\n\n"
}

// setHold adds the lock at the end, or takes it out again to the byte. It does not go
// by zypper, which sorts the file and writes it anew.
func (zypper) setHold(_ context.Context, h host.Host, name string, held bool) error {
	content, err := h.ReadFile(zyppLocksPath)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("reading which packages are locked: %w", err)
	}
	text, lock := string(content), zyppLock(name)
	switch {
	case splitZyppLocks(text).hold(name) == held:
		return nil
	case held && missing:
		return writeZypp(h, zyppLocksPath, lock)
	case held && text != "" && !strings.HasSuffix(text, "\n"):
		return writeZypp(h, zyppLocksPath, text+"\n\n"+lock)
	case held:
		return writeZypp(h, zyppLocksPath, text+"\n"+lock)
	case text == lock: // without the blank line before it: hostler made the file
		return h.Remove(zyppLocksPath)
	}
	text = withoutZyppLock(text, name)
	if splitZyppLocks(text).hold(name) {
		return fmt.Errorf("%s: a lock with a wildcard is on %s: replace it by locks on the packages that are meant", zyppLocksPath, name)
	}
	return writeZypp(h, zyppLocksPath, text)
}

// withoutZyppLock takes out the lock as hostler and zypper write it, with the blank
// line before it, or else whatever paragraph locks exactly this name.
func withoutZyppLock(text, name string) string {
	if before, after, found := strings.Cut(text, "\n"+zyppLock(name)); found && (before == "" || strings.HasSuffix(before, "\n")) {
		return before + after
	}
	rest := slices.DeleteFunc(splitZyppLocks(text), func(paragraph string) bool {
		pattern, _ := lockedName(paragraph)
		return pattern == name
	})
	return strings.Join(rest, "")
}

// writeZypp keeps the mode of a file that is there.
func writeZypp(h host.Host, name, content string) error {
	attr := host.Attr{Mode: 0o644}
	if info, err := h.Stat(name); err == nil {
		attr = info.Attr()
	}
	return h.WriteFile(name, []byte(content), attr)
}

// zyppAuto is the text of zyppAutoPath: names, one a line, and comments.
type zyppAuto []byte

func readZyppAuto(v host.View) (zyppAuto, error) {
	content, err := v.ReadFile(zyppAutoPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading which packages were installed for others: %w", err)
	}
	return content, nil
}

func (a zyppAuto) has(name string) bool {
	for line := range bytes.Lines(a) {
		if string(bytes.TrimSpace(line)) == name {
			return true
		}
	}
	return false
}

// setAuto adds the name; zypper has no command for it.
func (zypper) setAuto(_ context.Context, h host.Host, name string) error {
	auto, err := readZyppAuto(h)
	if err != nil || auto.has(name) {
		return err
	}
	return writeZypp(h, zyppAutoPath, string(auto)+name+"\n")
}
