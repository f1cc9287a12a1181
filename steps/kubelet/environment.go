package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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

// removedFlags are flags that people still have in the environment file, with
// the first 1.x that ends over them: "unknown flag".
var removedFlags = map[string]uint{
	"container-runtime":         27, // kubernetes/kubernetes#114017
	"pod-infra-container-image": 35, // kubernetes/kubernetes#133779
}

// checkEnvironment tells what the administrator's KUBELET_EXTRA_ARGS do to
// hostler's settings: a warning for each that they override, and a failure for
// each that would keep the kubelet from starting.
func checkEnvironment(v host.View, file string, minor uint) error {
	if file == "" {
		return nil
	}
	content, err := v.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var found []error
	for _, name := range extraFlags(content) {
		since, removed := removedFlags[name]
		switch {
		case removed && minor >= since:
			found = append(found, fmt.Errorf("%s passes --%s in KUBELET_EXTRA_ARGS, which kubelet 1.%d and later refuse to start with: remove it there", file, name, since))
		case slices.Contains(managedFlags, name):
			found = append(found, steps.Warning("%s passes --%s in KUBELET_EXTRA_ARGS, which overrides what hostler sets: remove it there", file, name))
		}
	}
	return errors.Join(found...)
}

// extraFlags lists the names of the flags in an environment file's
// KUBELET_EXTRA_ARGS. As for systemd, the last assignment counts.
func extraFlags(content []byte) []string {
	var args string
	for line := range strings.Lines(string(content)) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), "KUBELET_EXTRA_ARGS="); found {
			args = value
		}
	}
	var names []string
	for word := range strings.FieldsSeq(args) {
		word = strings.Trim(word, `"'`)
		if !strings.HasPrefix(word, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		names = append(names, name)
	}
	return names
}
