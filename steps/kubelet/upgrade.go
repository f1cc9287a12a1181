package kubelet

import "github.com/hostler-dev/hostler/steps"

// skewPolicy is where the project says what it supports.
const skewPolicy = "https://kubernetes.io/releases/version-skew-policy/"

// judgeVersions judges a change of the package's version. Within a minor the kubelet
// is simply restarted; across minors, up or down, its pods must be gone: "in-place
// minor version kubelet upgrades are not supported" (version skew policy, kubelet).
//
// Minors may be left out: the rule of one at a time is kubeadm's, for the control
// plane. A kubelet may be up to three minors older than the API server, and one that
// is drained begins anew. That it is never newer than the lowest API server is for
// the coordinator to see to; a machine cannot know it.
func judgeVersions(installed string, to version) change {
	var c change
	from, err := parsePackageVersion(installed)
	switch {
	case installed == "":
		c.add(steps.Restart, "kubelet %s is installed", to)
	case err != nil:
		c.add(steps.Drain, "kubelet %s replaces version %q", to, installed)
	case from == to:
	case from.major == to.major && from.minor == to.minor:
		c.add(steps.Restart, "kubelet %s replaces %s", to, from)
	default:
		c.add(steps.Drain, "kubelet %s replaces %s: in-place minor upgrades of a kubelet with pods are not supported (%s)", to, from, skewPolicy)
	}
	return c
}

// warnOfDowngrade says that nobody tests the way to an older minor: the kubelet finds
// checkpoints and device state that a newer one wrote. It is no failure, because a
// rollback is that way, too, and without pods little of that state is left.
func warnOfDowngrade(installed string, to version) error {
	from, err := parsePackageVersion(installed)
	if err != nil || from.major < to.major || from.major == to.major && from.minor <= to.minor {
		return nil //nolint:nilerr // a version of another kind is neither older nor newer
	}
	return steps.Warning("kubelet %s is older than %s by a minor version, and Kubernetes tests upgrades only: "+
		"should the kubelet not start, empty /var/lib/kubelet/device-plugins and /var/lib/kubelet/*_state on the drained node", to, from)
}
