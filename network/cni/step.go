package cni

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Type is who provides the pod network.
type Type string

// The types.
const (
	// Bridge is a bridge on each host; pods of different hosts do not reach each other by it.
	Bridge Type = "Bridge"
	// NotManaged leaves the network to something else, such as a DaemonSet.
	NotManaged Type = "NotManaged"
)

// Spec is what a host's pod network should be.
type Spec struct {
	// Type is Bridge or NotManaged. NotManaged takes hostler's own configuration
	// away and leaves all else alone.
	Type Type
	// Subnet is what the pods of a bridge get their addresses from.
	Subnet netip.Prefix

	// Package is the step that installs the plugins, planned as a part of this one
	// (see package steps/packages); nil: they come from elsewhere.
	Package steps.Step

	// RuntimeUnit is the unit of the container runtime, which watches ConfDir. Default:
	// containerd.service.
	RuntimeUnit string

	// BinDir and ConfDir are where plugins and configuration are. Default:
	// /opt/cni/bin and /etc/cni/net.d.
	BinDir, ConfDir string
}

// Step is the step "network/cni".
type Step struct {
	spec Spec
}

var _ steps.Step = Step{}

// New fills in the defaults of a Spec.
func New(spec Spec) Step {
	spec.BinDir = cmp.Or(spec.BinDir, "/opt/cni/bin")
	spec.ConfDir = cmp.Or(spec.ConfDir, "/etc/cni/net.d")
	spec.RuntimeUnit = cmp.Or(spec.RuntimeUnit, "containerd.service")
	return Step{spec: spec}
}

// Name implements steps.Step.
func (s Step) Name() string { return "network/cni" }

// Plan implements steps.Step. The configuration comes last, because pods are
// started with it as soon as it is there.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	switch s.spec.Type {
	case Bridge:
		return s.planBridge(ctx, v)
	case NotManaged:
		return s.planNotManaged(v)
	default:
		return nil, fmt.Errorf("network type %q is not supported: it is %s or %s", s.spec.Type, Bridge, NotManaged)
	}
}

// planNotManaged takes away what hostler wrote when the type was another one: it
// would win over the configuration of the network's new owner.
func (s Step) planNotManaged(v host.View) ([]steps.Op, error) {
	gone, err := op.PlanRemove(v, path.Join(s.spec.ConfDir, File))
	if err != nil || gone == nil {
		return nil, err
	}
	return []steps.Op{gone}, nil
}

func (s Step) planBridge(ctx context.Context, v host.View) ([]steps.Op, error) {
	content, err := Conflist(s.spec.Subnet)
	if err != nil {
		return nil, fmt.Errorf("spec.network.cni.bridge: %w", err)
	}
	ops, remarks, err := s.planPlugins(ctx, v)
	if err != nil {
		return nil, err
	}
	config, err := op.PlanFile(v, op.FileWish{Path: path.Join(s.spec.ConfDir, File), Content: content, Attr: host.Attr{Mode: 0o644}})
	if err != nil {
		return nil, err
	}
	if config != nil {
		ops = append(ops, config)
	}
	blind, err := s.planRuntime(ctx, v)
	if err != nil {
		return nil, err
	}
	ops = append(ops, blind...)
	foreign, err := s.warnOfForeign(v)
	if err != nil {
		return nil, err
	}
	return ops, errors.Join(remarks, foreign)
}

// planRuntime restarts a runtime that does not see what comes into ConfDir.
// containerd makes the folder when it starts and watches that very folder; one
// that was removed while containerd runs, as by purging the package of the
// plugins, is not watched when somebody makes it again.
func (s Step) planRuntime(ctx context.Context, v host.View) ([]steps.Op, error) {
	if !v.Live() {
		return nil, nil
	}
	_, err := v.Stat(s.spec.ConfDir)
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	unit, err := v.Unit(ctx, s.spec.RuntimeUnit)
	if err != nil || !unit.Active() {
		return nil, err
	}
	why := s.spec.ConfDir + " was removed while it ran, and it watches the old one"
	return []steps.Op{op.Job{Unit: s.spec.RuntimeUnit, Verb: host.JobRestart, Cost: steps.Restart, Why: why}}, nil
}

// planPlugins installs the package; once it is there, its plugins must be too.
func (s Step) planPlugins(ctx context.Context, v host.View) (ops []steps.Op, remarks, failure error) {
	if s.spec.Package != nil {
		planned, err := s.spec.Package.Plan(ctx, v)
		list, failure := steps.Split(err)
		if failure != nil {
			return nil, nil, failure
		}
		for _, remark := range list {
			remarks = errors.Join(remarks, remark)
		}
		ops = planned
	}
	missing, err := s.missing(v)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(missing) == 0 || len(ops) > 0:
		return ops, remarks, nil
	case !v.Live():
		// The package may come into the image later.
		warning := steps.Warning("the image lacks network plugins in %s: %s", s.spec.BinDir, strings.Join(missing, ", "))
		return nil, errors.Join(remarks, warning), nil
	case s.spec.Package == nil:
		return nil, nil, fmt.Errorf("network plugins are missing in %s: %s; put them there", s.spec.BinDir, strings.Join(missing, ", "))
	default:
		return nil, nil, fmt.Errorf("network plugins are missing in %s although their package is installed: %s; install it again, or one that has them",
			s.spec.BinDir, strings.Join(missing, ", "))
	}
}

// missing lists the plugins that the bridge needs and that cannot be run.
// loopback is not in the configuration: containerd calls it by itself.
func (s Step) missing(v host.View) ([]string, error) {
	var missing []string
	for _, name := range []string{"bridge", "host-local", "loopback", "portmap"} {
		info, err := v.Stat(path.Join(s.spec.BinDir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return nil, err
		case !info.Mode.IsRegular() || info.Mode&0o111 == 0:
			missing = append(missing, name+" (not an executable file)")
		}
	}
	return missing, nil
}

// warnOfForeign names the configurations that containerd would load before
// hostler's.
func (s Step) warnOfForeign(v host.View) (warning, failure error) {
	names, err := v.ReadDir(s.spec.ConfDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name < File && isConfig(name) {
			warning = errors.Join(warning, steps.Warning("%s comes before %s by name, so containerd uses it and not hostler's bridge: remove it, or set spec.network.cni.type to %s",
				path.Join(s.spec.ConfDir, name), File, NotManaged))
		}
	}
	return warning, nil
}

// isConfig knows the names that containerd loads.
func isConfig(name string) bool {
	ext := path.Ext(name)
	return ext == ".conf" || ext == ".conflist" || ext == ".json"
}
