package kubelet

import (
	"errors"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// managedFlags are the kubelet's flags for what hostler sets, in the drop-in or
// in the configuration file, which flags override. --node-labels is not among
// them: given twice, it adds.
var managedFlags = []string{
	"anonymous-auth", "authentication-token-webhook", "authorization-mode", "bootstrap-kubeconfig", "cgroup-driver",
	"client-ca-file", "config", "container-log-max-files", "container-log-max-size", "container-runtime-endpoint",
	"healthz-bind-address", "healthz-port", "hostname-override", "kube-reserved", "kubeconfig", "max-pods", "node-ip",
	"pod-manifest-path", "read-only-port", "register-with-taints", "resolv-conf", "root-dir", "rotate-certificates",
	"rotate-server-certificates", "seccomp-default", "topology-manager-policy", "topology-manager-scope",
}

// warnOfEnvironment names what the administrator's KUBELET_EXTRA_ARGS override.
func warnOfEnvironment(v host.View, file string) error {
	flags, err := flagsIn(v, file)
	remarks := []error{err}
	for _, f := range flags {
		if f.variable == extraArgs && slices.Contains(managedFlags, f.name) {
			remarks = append(remarks, steps.Warning("%s, which overrides what hostler sets: remove it there", f))
		}
	}
	return errors.Join(remarks...)
}
