package kubelet

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Packages plans the installation of packages.
type Packages interface {
	// Installed returns a package's version as the package manager writes it;
	// empty when it is not installed.
	Installed(ctx context.Context, v host.View, name string) (string, error)
	// Plan returns the ops that install exactly the version and hold it. Its error
	// may carry remarks.
	Plan(ctx context.Context, v host.View, wish PackageWish) ([]steps.Op, error)
}

// PackageWish is a package of Kubernetes.
type PackageWish struct {
	Name string
	// Version is Kubernetes' own, without a package's revision.
	Version string
	// ChangeCost is the impact of putting it in the place of another version, and Why
	// says to people what else there is to know about that.
	ChangeCost steps.Impact
	Why        []string
}

// Step makes a host's kubelet what Spec says.
type Step struct {
	Spec     Spec
	Packages Packages
	// ChooseIP picks the node's address where Spec.NodeIP is empty; nil leaves it
	// to the kubelet.
	ChooseIP IPChooser
}

// Name is "kubelet".
func (s Step) Name() string { return "kubelet" }

// Plan compares the host with the spec. Files come before the packages, so that
// a package which starts its service starts one that is configured.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	want, err := s.want(ctx, v)
	if _, failure := steps.Split(err); failure != nil {
		return nil, err
	}
	p := &planning{view: v, want: want, remarks: []error{err}}
	for _, part := range []func() error{
		p.identity,
		p.configuration,
		func() error { return p.packages(ctx, s.Packages, s.Spec) },
		p.staleState,
		func() error { return p.service(ctx) },
	} {
		err := part()
		p.remarks = append(p.remarks, err)
		if _, failure := steps.Split(err); failure != nil {
			return nil, errors.Join(p.remarks...)
		}
	}
	return p.ops, errors.Join(p.remarks...)
}

// planning gathers the ops of one plan.
type planning struct {
	view    host.View
	want    wanted
	ops     []steps.Op
	remarks []error
	change  change
	// installs tells that the plan installs the kubelet's package.
	installs bool
}

// file plans one file and tells whether its contents change, and from what.
func (p *planning) file(wish op.FileWish) (old []byte, changed bool, err error) {
	planned, err := op.PlanFile(p.view, wish)
	if err != nil || planned == nil {
		return nil, false, err
	}
	p.ops = append(p.ops, planned)
	old, err = p.view.ReadFile(wish.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	return old, err == nil && !bytes.Equal(old, wish.Content), err
}

// identity plans the CA and the bootstrap kubeconfig. A kubelet that has joined
// does not look at the latter any more, so that it need not restart for it.
func (p *planning) identity() error {
	for _, wish := range p.want.identity.files {
		_, changed, err := p.file(wish)
		if err != nil {
			return err
		}
		if changed && (wish.Path != BootstrapPath || !p.want.identity.joined) {
			p.change.add(steps.Restart, "%s changed", wish.Path)
		}
	}
	return nil
}

// configuration plans the folder of static pods, the configuration file and the drop-in.
func (p *planning) configuration() error {
	if there, err := exists(p.view, StaticPodPath); err != nil {
		return err
	} else if !there {
		p.ops = append(p.ops, op.Directory{Path: StaticPodPath, Attr: host.Attr{Mode: 0o755}, Shown: steps.Diff{Action: "create"}})
	}
	attr := host.Attr{Mode: 0o644}
	old, changed, err := p.file(op.FileWish{Path: ConfigPath, Content: p.want.config, Attr: attr})
	if err != nil {
		return err
	}
	first, err := p.takeover()
	if err != nil {
		return err
	}
	if changed {
		p.change.config(old, p.want.config, p.want.rootDir, first.before[endpointFlag])
	}
	old, changed, err = p.file(op.FileWish{Path: DropInPath, Content: p.want.dropIn, Attr: attr})
	if err != nil || !changed {
		return err
	}
	if first.known {
		p.change.takeOver(first.changes(p.want.identity.joined))
	} else {
		p.change.dropIn(old, p.want.dropIn)
	}
	if before, after := flagValue(old, "node-labels"), flagValue(p.want.dropIn, "node-labels"); p.want.identity.joined && before != after {
		return steps.Warning("labels are given to a Node when it registers, and this one is registered: change them with kubectl label node")
	}
	return nil
}

// takeover looks at the command line that others gave the kubelet; once there is a drop-in of hostler's it is not known.
func (p *planning) takeover() (takeover, error) {
	if there, err := exists(p.view, DropInPath); there || err != nil {
		return takeover{}, err
	}
	return planTakeover(p.view, p.want.dropIn)
}

// packages plans kubelet and kubectl. Only the kubelet's version concerns its service.
func (p *planning) packages(ctx context.Context, packages Packages, spec Spec) error {
	installed, err := packages.Installed(ctx, p.view, spec.KubeletPackage)
	if err != nil {
		return err
	}
	upgrade := judgeVersions(installed, p.want.version)
	p.change.merge(upgrade)
	kubelet := PackageWish{Name: spec.KubeletPackage, Version: spec.Version}
	if p.want.identity.joined { // one that never joined has no pods
		kubelet.ChangeCost = upgrade.cost
	}
	if kubelet.ChangeCost >= steps.Drain {
		kubelet.Why = upgrade.why
	}
	ops, kubeletErr := packages.Plan(ctx, p.view, kubelet)
	p.ops, p.installs = append(p.ops, ops...), len(ops) > 0
	errs := []error{kubeletErr, warnOfDowngrade(installed, p.want.version)}
	if spec.KubectlPackage != "" {
		ops, err := packages.Plan(ctx, p.view, PackageWish{Name: spec.KubectlPackage, Version: spec.Version})
		p.ops, errs = append(p.ops, ops...), append(errs, err)
	}
	return errors.Join(errs...)
}

// staleState plans the removal of state that the new configuration contradicts.
func (p *planning) staleState() error {
	for _, file := range p.change.stale {
		planned, err := op.PlanRemove(p.view, file)
		if err != nil {
			return err
		}
		if planned != nil {
			p.ops = append(p.ops, planned)
		}
	}
	return nil
}

// service plans the unit: enabled, running, and started anew after a change.
func (p *planning) service(ctx context.Context) error {
	enable, err := op.PlanUnitFile(ctx, p.view, UnitName, "enabled")
	if err != nil {
		return err
	}
	comes, err := p.unitComes(ctx)
	if err != nil {
		return err
	}
	if enable != nil && comes {
		p.ops = append(p.ops, enable)
	}
	if !p.view.Live() {
		return nil
	}
	unit, err := p.view.Unit(ctx, UnitName)
	if err != nil {
		return err
	}
	if unit.NeedDaemonReload || p.changes("file:"+DropInPath) {
		p.ops = append(p.ops, op.DaemonReload{})
	}
	if job, needed := p.change.job(unit, p.want.identity.joined); needed {
		p.ops = append(p.ops, job)
	}
	return nil
}

// unitComes tells whether there will be a unit to enable. Into an image the
// package manager may install nothing, and says so itself.
func (p *planning) unitComes(ctx context.Context) (bool, error) {
	if p.view.Live() || p.installs {
		return true, nil
	}
	unit, err := p.view.Unit(ctx, UnitName)
	return unit.UnitFileState != "", err
}

func (p *planning) changes(key string) bool {
	return slices.ContainsFunc(p.ops, func(planned steps.Op) bool { return planned.Key() == key })
}

// job is the start that the changes ask for. A machine that never joined has no
// pods, so that its first start costs nothing.
func (c *change) job(unit host.Unit, joined bool) (op.Job, bool) {
	if unit.Active() {
		return op.Job{Unit: UnitName, Verb: host.JobRestart, Cost: c.cost, Why: strings.Join(c.why, "; ")}, len(c.why) > 0
	}
	job := op.Job{Unit: UnitName, Verb: host.JobStart, Why: "it is " + unit.ActiveState}
	if len(c.why) > 0 {
		job.Why = strings.Join(c.why, "; ")
	}
	if joined && c.cost >= steps.Drain {
		job.Cost = c.cost
	}
	// Between two attempts of a kubelet that keeps ending, a start would wait for
	// systemd's timer; a restart does not.
	if unit.ActiveState == "activating" {
		job.Verb = host.JobRestart
	}
	return job, true
}
