package decision

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
)

// skew keeps a kubelet from a version that does not go with the API servers: not newer than the lowest of them, and at most
// three minor versions older, two before 1.25. The policy is about minor versions, and a kubelet may go from the
// oldest minor version to the newest in one step. See https://kubernetes.io/releases/version-skew-policy/#kubelet.
func (d *decision) skew(m *member) (Waiting, string) {
	wanted, err := version.ParseGeneric(d.o.KubernetesVersion)
	if err != nil {
		return "", "" // the kubelet is not managed
	}
	runs, err := version.ParseGeneric(m.Node.Node.Status.NodeInfo.KubeletVersion)
	if err == nil && runs.EqualTo(wanted) {
		return "", ""
	}
	api, apiErr := version.ParseGeneric(d.o.APIServer)
	if apiErr != nil {
		if err == nil && minor(runs) == minor(wanted) {
			return "", ""
		}
		return WaitingSkew, fmt.Sprintf("kubelet %s must not be newer than the API servers, and their version is not known", wanted)
	}
	oldest := uint(3)
	if wanted.LessThan(version.MustParseGeneric("1.25")) {
		oldest = 2
	}
	switch {
	case minor(wanted) > minor(api):
		return WaitingSkew, fmt.Sprintf("kubelet %s must not be newer than the API servers: update those first, the lowest is %s", wanted, api)
	case minor(wanted)+oldest < minor(api):
		return WaitingSkew, fmt.Sprintf("kubelet %s is more than %d minor versions older than API server %s: raise kubernetesVersion of the NodeGroup", wanted, oldest, api)
	}
	return "", ""
}

// minor is the minor version, with each major version far above.
func minor(v *version.Version) uint {
	const apart = 1000
	return v.Major()*apart + v.Minor()
}
