package docker

import (
	"fmt"
	"regexp"
	"strconv"
)

// release is the upstream release of a Docker package; zero: not known.
type release struct {
	major, minor int
}

// The releases that hostler is made for: 19.03 is the first with systemd's cgroups
// on all distributions of the matrix, 28 the last that its tests know.
var (
	oldest = release{19, 3}
	newest = release{28, 99}
)

// upstream finds the upstream version after an epoch and before the distribution's
// own suffixes ("5:20.10.24~3-0~debian-bookworm", "20.10.24+dfsg1-1+deb12u1").
var upstream = regexp.MustCompile(`^(?:[0-9]+:)?v?([0-9]{1,4})\.([0-9]{1,4})(?:[^0-9]|$)`)

func parseRelease(version string) (release, error) {
	if version == "" {
		return release{}, nil
	}
	match := upstream.FindStringSubmatch(version)
	if match == nil {
		return release{}, fmt.Errorf("docker package version %q does not begin with two numbers, such as 26.1.5+dfsg1-9", version)
	}
	// Four digits at most: no overflow is possible.
	major, _ := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	return release{major, minor}, nil
}

func (r release) known() bool { return r != release{} }

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

// String is as Docker writes it: 19.03, 28.2.
func (r release) String() string {
	if r.major < 23 { // from 23 on the second number is no month
		return fmt.Sprintf("%d.%02d", r.major, r.minor)
	}
	return fmt.Sprintf("%d.%d", r.major, r.minor)
}

// BadPair tells why a Docker must not meet a change of the kubelet, or nil. The
// versions are a package's and Kubernetes' own; an empty one pairs with anything.
//
// Docker 18.x hangs when the kubelet is replaced, and only a reboot helps: Deckhouse
// forbids it for that (deckhouse/deckhouse#2134); dockerd that loses its own
// containerd is moby/moby#40292.
func BadPair(dockerVersion, kubernetesVersion string) error {
	docker, err := parseRelease(dockerVersion)
	if err != nil || !docker.known() || kubernetesVersion == "" {
		return err
	}
	if docker.major != 18 {
		return nil
	}
	return fmt.Errorf("docker %s hangs when a kubelet (%s is wished for) is replaced, and only a reboot helps: "+
		"drain the node and bring Docker to %s or later first", docker, kubernetesVersion, oldest)
}

// supported tells whether hostler is made for the release; warning is for one that
// nobody has tried.
func (r release) supported() (warning string, err error) {
	switch {
	case !r.known():
		return "", nil
	case r.before(oldest):
		return "", fmt.Errorf("docker %s is older than %s, the first that hostler supports: set spec.cri.docker.version to a newer one of the repositories", r, oldest)
	case newest.before(r):
		return fmt.Sprintf("docker %s is newer than %d, the last that hostler is tested with", r, newest.major), nil
	}
	return "", nil
}
