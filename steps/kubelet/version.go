package kubelet

import (
	"fmt"
	"regexp"
	"strconv"
)

// version is a Kubernetes version.
type version struct{ major, minor, patch uint }

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }

var (
	exactVersion = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)$`)
	// packageVersion has an epoch and a package's own revision around it: 0:1.31.4-150500.1.1.
	packageVersion = regexp.MustCompile(`^(?:\d+:)?(\d+)\.(\d+)\.(\d+)(?:[-+~].*)?$`)
)

// parseVersion reads an exact version: 1.36.3.
func parseVersion(text string) (version, error) {
	return match(exactVersion, text, "an exact Kubernetes version such as 1.36.3")
}

// parsePackageVersion reads the version of a distribution's package: 1.36.3-1.1.
func parsePackageVersion(text string) (version, error) {
	return match(packageVersion, text, "the version of a Kubernetes package such as 1.36.3-1.1")
}

func match(pattern *regexp.Regexp, text, what string) (version, error) {
	groups := pattern.FindStringSubmatch(text)
	if groups == nil {
		return version{}, fmt.Errorf("%q is not %s", text, what)
	}
	var numbers [3]uint
	for i, group := range groups[1:] {
		n, err := strconv.ParseUint(group, 10, 16)
		if err != nil {
			return version{}, fmt.Errorf("%q is not %s: %w", text, what, err)
		}
		numbers[i] = uint(n)
	}
	return version{major: numbers[0], minor: numbers[1], patch: numbers[2]}, nil
}
