package host

import (
	"fmt"
	"io/fs"
	"strings"
)

// SysctlPath turns a sysctl key into its path below /proc/sys. The first
// separator decides, as sysctl.d(5) says: "net.ipv4.conf.eth0/100.rp_filter" and
// "net/ipv4/conf/eth0.100/rp_filter" are one key.
func SysctlPath(key string) (string, error) {
	p := key
	if first := strings.IndexAny(key, "./"); first >= 0 && key[first] == '.' {
		p = strings.Map(swapSeparators, key)
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("sysctl key %q is not of the form a.b.c or a/b/c: %w", key, fs.ErrInvalid)
		}
	}
	return p, nil
}

func swapSeparators(r rune) rune {
	switch r {
	case '.':
		return '/'
	case '/':
		return '.'
	}
	return r
}

// ModuleName returns the kernel's own spelling of a module's name.
func ModuleName(name string) string { return strings.ReplaceAll(name, "-", "_") }
