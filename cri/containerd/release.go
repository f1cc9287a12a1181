package containerd

import (
	"fmt"
	"regexp"
	"strconv"
)

// Release is the upstream release of a containerd package. The zero Release
// means that it is not known.
type Release struct {
	Major, Minor int
}

// upstreamVersion finds the upstream version in a package's: after an epoch,
// before the distribution's own suffixes ("1.6.20~ds1-1+deb12u1", "2:1.7.27-1").
var upstreamVersion = regexp.MustCompile(`^(?:[0-9]+:)?v?([0-9]{1,4})\.([0-9]{1,4})(?:[^0-9]|$)`)

// ParseRelease reads the release out of a package version. The empty version is
// the zero Release.
func ParseRelease(version string) (Release, error) {
	if version == "" {
		return Release{}, nil
	}
	match := upstreamVersion.FindStringSubmatch(version)
	if match == nil {
		return Release{}, fmt.Errorf("containerd package version %q does not begin with two numbers, such as 1.7.24-1", version)
	}
	// Four digits at most: no overflow is possible.
	major, _ := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	return Release{Major: major, Minor: minor}, nil
}

// String is "1.7", or "of unknown version".
func (r Release) String() string {
	if !r.known() {
		return "of unknown version"
	}
	return fmt.Sprintf("%d.%d", r.Major, r.Minor)
}

func (r Release) known() bool { return r != Release{} }

func (r Release) atLeast(major, minor int) bool {
	return r.Major > major || r.Major == major && r.Minor >= minor
}

// serves tells whether a kubelet 1.minor can use the release. From 1.26 on it
// speaks CRI v1 only, which containerd has from 1.6 on. Sources: changelog of
// Kubernetes 1.26, "CRI v1alpha2 removed"; containerd's RELEASES.md, Kubernetes support.
func (r Release) serves(minor int) error {
	if minor < 26 || !r.known() || r.atLeast(1, 6) {
		return nil
	}
	return fmt.Errorf("containerd %s does not speak CRI v1, which a kubelet 1.%d needs: install containerd 1.6 or later, "+
		"from a repository in spec.packages.repositories, or wish for Kubernetes 1.25", r, minor)
}

// newestLayout is the highest file version that the release reads.
func (r Release) newestLayout() int {
	switch {
	case r.atLeast(2, 3):
		return 4
	case r.atLeast(2, 0):
		return 3
	case r.atLeast(1, 3) || !r.known():
		return 2
	default:
		return 1
	}
}

// layoutOfNewFile is the version of a file that hostler starts; see the package
// comment.
func (r Release) layoutOfNewFile() int { return min(r.newestLayout(), 3) }
