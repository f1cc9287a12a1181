package sysctl

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hostler-dev/hostler/steps/host"
)

// Key is a kernel parameter in its canonical form: parts joined with dots, and a
// dot inside a part (a VLAN interface, eth0.100) written as a slash:
// "net.ipv4.conf.eth0/100.rp_filter". Keys are equal when they are the same
// parameter.
type Key string

// ErrKey is wrapped by all errors of ParseKey.
var ErrKey = errors.New("not a sysctl key")

// globs are the characters that make a key a pattern in sysctl.d(5).
const globs = "*?["

// ParseKey reads a key as sysctl.d(5) does: the first separator, "." or "/",
// decides. After a slash the rest is taken as a path; after a dot, dots separate
// and slashes stand for dots. Patterns are refused, because a NodeGroup says
// what a value is, and a pattern would say it only of keys that exist by chance.
func ParseKey(s string) (Key, error) {
	if err := checkCharacters(s); err != nil {
		return "", fmt.Errorf("%w: %q: %w", ErrKey, s, err)
	}
	p, err := host.SysctlPath(s)
	if err != nil {
		return "", fmt.Errorf("%w: %q has an empty part, \".\" or \"..\"; write it like net.ipv4.ip_forward", ErrKey, s)
	}
	first, _, found := strings.Cut(p, "/")
	switch {
	case !found:
		return "", fmt.Errorf("%w: %q has one part only; write it like net.ipv4.ip_forward", ErrKey, s)
	case strings.Contains(first, "."):
		// Such a key could not be written with dots, and the kernel has none.
		return "", fmt.Errorf("%w: %q: a key with slashes has no dot in its first part; write net.ipv4.ip_forward or net/ipv4/ip_forward", ErrKey, s)
	}
	return fromPath(p), nil
}

func checkCharacters(s string) error {
	switch {
	case s == "":
		return errors.New("it is empty")
	case !utf8.ValidString(s):
		return errors.New("it is not UTF-8")
	case strings.HasPrefix(s, "-"):
		return errors.New(`a leading "-" has a meaning in files of sysctl.d only; remove it`)
	case strings.HasPrefix(s, "/"):
		return errors.New("it starts with a slash; write it as below /proc/sys")
	case strings.ContainsAny(s, globs):
		return errors.New("patterns are not allowed; name each key")
	case strings.ContainsAny(s, "=#;"):
		return errors.New(`"=", "#" and ";" are not part of any key`)
	}
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return fmt.Errorf("it holds the character %U", r)
		}
	}
	return nil
}

// fromPath returns the key of a path below /proc/sys.
func fromPath(p string) Key { return Key(strings.Map(swapSeparators, p)) }

// below is the key's path below /proc/sys.
func (k Key) below() string { return strings.Map(swapSeparators, string(k)) }

// Path is the file under /proc/sys.
func (k Key) Path() string { return path.Join("/proc/sys", k.below()) }

// parts are the key's directories and file name.
func (k Key) parts() []string { return strings.Split(k.below(), "/") }

func swapSeparators(r rune) rune {
	switch r {
	case '.':
		return '/'
	case '/':
		return '.'
	}
	return r
}
