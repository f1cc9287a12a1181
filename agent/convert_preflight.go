package agent

import (
	"context"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/cri/docker"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps/astra"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/preflight"
	"github.com/hostler-dev/hostler/sysctl"
)

// Preflight is what a revision wants of a machine, as the checks before the work see it.
func Preflight(spec *v1alpha1.HostSpec, m Machine) preflight.Spec {
	os := &spec.OperatingSystem
	out := preflight.Spec{
		NodeName: m.NodeName, KubernetesVersion: spec.KubernetesVersion, KubeletDir: spec.Kubelet.RootDir, BinDir: m.Release.CNI.BinDir,
		Modules: append(sysctl.ProfileModules(sysctl.Profile(os.SysctlProfile)), os.KernelModules...),
		// hostler tells the kubelet to accept the swap that it does not switch off.
		SwapHandled: os.Swap == v1alpha1.SwapDisabled || spec.KubernetesVersion != "",
		Iptables:    m.Release.Kernel.Iptables,
	}
	switch spec.CRI.Type {
	case v1alpha1.CRIDocker:
		out.RuntimeDir, out.RuntimeUnits = "/var/lib/docker", []string{m.Release.Docker.Unit, m.Release.Containerd.Unit}
	case v1alpha1.CRIContainerd:
		out.RuntimeUnits = []string{m.Release.Containerd.Unit}
	case v1alpha1.CRINotManaged:
	}
	if fails, set := spec.Kubelet.Config["failCgroupV1"].(bool); set {
		out.FailCgroupV1 = &fails
	}
	if period, set := spec.Kubelet.Config["shutdownGracePeriod"].(string); set {
		// A duration that is none is refused where the configuration is checked.
		out.ShutdownGracePeriod, _ = time.ParseDuration(period)
	}
	return out
}

// PreflightChecks are the checks of packages that have their own, for a release; nil: the distribution is not known. Plans
// have the same from the packages' steps.
func PreflightChecks(release *distros.Release) []preflight.Check {
	checks := []preflight.Check{{Name: "astra", Run: checkAstra}}
	if release != nil {
		checks = append(checks, preflight.Check{Name: "docker", Run: dockerCheck(release)})
	}
	return checks
}

// dockerCheck looks for a Docker that must not meet another kubelet.
func dockerCheck(release *distros.Release) func(context.Context, host.View, preflight.Spec) ([]preflight.Finding, error) {
	return func(ctx context.Context, v host.View, wanted preflight.Spec) ([]preflight.Finding, error) {
		manager, err := pkgmgr.For(release.PackageManager)
		if err != nil {
			return nil, err
		}
		inventory, err := manager.Installed(ctx, v)
		if err != nil {
			return nil, err
		}
		for _, name := range []string{release.Docker.Package, release.Docker.CE} {
			found := inventory.Get(name)
			if name == "" || !found.Installed {
				continue
			}
			if why := docker.BadPair(found.Version, wanted.KubernetesVersion); why != nil {
				return []preflight.Finding{{Severity: preflight.Error, Reason: why.Error()}}, nil //nolint:nilerr // it is what the check found
			}
		}
		return nil, nil
	}
}

func checkAstra(_ context.Context, v host.View, _ preflight.Spec) ([]preflight.Finding, error) {
	found, err := astra.Findings(v)
	var out []preflight.Finding
	for _, f := range found {
		severity := preflight.Warning
		if f.Severity == astra.Refusal {
			severity = preflight.Error
		}
		out = append(out, preflight.Finding{Severity: severity, Reason: f.What + ", and " + f.Why, Remedy: f.Remedy})
	}
	return out, err
}
