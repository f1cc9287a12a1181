package rpm

import (
	"fmt"
	"strconv"
	"strings"
)

// QueryFormat makes rpm -qa print a line a package that [ParseQuery] reads. Every
// rpm since 4.8 (Enterprise Linux 6) knows its tags.
const QueryFormat = `%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{INSTALLTIME}\n`

// Package is a package in rpm's database.
type Package struct {
	Name string
	EVR  EVR
	Arch string
	// InstallTime is in seconds since 1970.
	InstallTime int64
}

// ParseQuery reads what rpm -qa prints with QueryFormat. The public keys that
// rpm keeps among the packages are left out.
func ParseQuery(text string) ([]Package, error) {
	var packages []Package
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 6 || fields[0] == "" || fields[2] == "" {
			return nil, fmt.Errorf("line %d of rpm's answer is not a package: %q", number, line)
		}
		if fields[0] == keyName {
			continue
		}
		installed, err := strconv.ParseInt(fields[5], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d of rpm's answer has no time: %q", number, line)
		}
		packages = append(packages, Package{
			Name: fields[0], EVR: EVR{Epoch: strings.TrimLeft(fields[1], "0"), Version: fields[2], Release: fields[3]},
			Arch: fields[4], InstallTime: installed,
		})
	}
	return packages, nil
}

// MayBeSeveral tells whether several versions of a package are installed side by
// side on purpose, as kernels are: dnf's default for installonlypkgs
// (dnf.conf(5)) and zypper's for multiversion name these.
func MayBeSeveral(name string) bool {
	return name == "kernel" || strings.HasPrefix(name, "kernel-") || strings.HasPrefix(name, "kmod-") || name == keyName
}
