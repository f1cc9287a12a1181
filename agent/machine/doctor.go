package machine

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/ready"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet"
	"github.com/hostler-dev/hostler/steps/preflight"
)

// Doctor looks for what would keep a node from working on this host, the worst first. spec is what the host is to become; nil: not
// said, and then only what is wrong for any node is found.
func (m *Machine) Doctor(ctx context.Context, spec *v1alpha1.HostSpec) []preflight.Finding {
	wanted := preflight.Spec{NodeName: m.config.NodeName}
	if release, err := m.detected.Require(true); err == nil && spec != nil {
		wanted = agent.Preflight(spec, agent.Machine{Release: release, Distro: m.detected.Distro, NodeName: m.config.NodeName})
	}
	wanted.Now, wanted.Built = time.Now(), built()
	checks := append([]preflight.Check{
		{Name: "distribution", Images: true, Run: m.checkDistribution},
		{Name: "duplicate", Run: m.checkDuplicate},
	}, agent.PreflightChecks(m.detected.Release)...)
	return preflight.Run(ctx, m.host, wanted, checks...)
}

// built is when this program was built, as far as the Go tools wrote it down.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, setting := range info.Settings {
		if at, err := time.Parse(time.RFC3339, setting.Value); setting.Key == "vcs.time" && err == nil {
			return at
		}
	}
	return time.Time{}
}

// checkDistribution is what Wish would say of it.
func (m *Machine) checkDistribution(context.Context, host.View, preflight.Spec) ([]preflight.Finding, error) {
	_, err := m.detected.Require(m.config.AllowUnsupported)
	if err == nil {
		return nil, nil
	}
	finding := preflight.Finding{Severity: preflight.Error, Reason: err.Error(), Remedy: "Use another distribution: hostler facts shows what was found."}
	if errors.Is(err, distros.ErrUnsupported) {
		finding.Severity = preflight.Warning
		finding.Remedy = "Use a distribution that hostler is tested on, or try, with --allow-unsupported-distro."
	}
	return []preflight.Finding{finding}, nil
}

// checkDuplicate asks the cluster, with the kubelet's own credential, whose the Node of this name is.
func (m *Machine) checkDuplicate(ctx context.Context, v host.View, _ preflight.Spec) ([]preflight.Finding, error) {
	node, err := ready.Node{NodeName: m.config.NodeName, Kubeconfig: kubelet.KubeconfigPath}.Get(ctx, v)
	if errors.Is(err, steps.ErrAbsent) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	own, err := preflight.MachineID(v)
	return preflight.Duplicate(own, preflight.Registered{Name: node.Name, MachineID: node.Status.NodeInfo.MachineID}), err
}
