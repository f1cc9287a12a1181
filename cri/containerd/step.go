package containerd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Spec is what a host's containerd should be.
type Spec struct {
	// Package installs containerd; nil: it is somebody else's business.
	Package Package

	// Unit is the systemd unit. Default: containerd.service.
	Unit string
	// ConfigFile is the file to merge into. Default: /etc/containerd/config.toml.
	ConfigFile string

	// KubernetesMinor is the x of the kubelet's version 1.x; 0: there is no kubelet.
	KubernetesMinor int

	// MaxConcurrentDownloads is the number of layers of an image that are pulled at
	// once. Default: 3, containerd's own.
	MaxConcurrentDownloads int
	// SandboxImage is the pause image. Default: what the file or containerd has.
	SandboxImage string
	// CgroupDriver must be the kubelet's too. Default: Auto, which is DriverFor.
	CgroupDriver CgroupDriver
	// BinDir and ConfDir are where network plugins and their configuration are.
	// Default: /opt/cni/bin and /etc/cni/net.d.
	BinDir, ConfDir string
	// Config is laid over the file; see the package comment.
	Config map[string]any
}

// Step is the step "cri/containerd".
type Step struct {
	spec Spec
}

var _ steps.Step = Step{}

// New fills in the defaults of a Spec.
func New(spec Spec) Step {
	spec.Unit = cmp.Or(spec.Unit, "containerd.service")
	spec.ConfigFile = cmp.Or(spec.ConfigFile, "/etc/containerd/config.toml")
	spec.MaxConcurrentDownloads = cmp.Or(spec.MaxConcurrentDownloads, 3)
	spec.CgroupDriver = cmp.Or(spec.CgroupDriver, Auto)
	spec.BinDir = cmp.Or(spec.BinDir, "/opt/cni/bin")
	spec.ConfDir = cmp.Or(spec.ConfDir, "/etc/cni/net.d")
	return Step{spec: spec}
}

// Name implements steps.Step.
func (s Step) Name() string { return "cri/containerd" }

// Plan implements steps.Step. The file comes before the package: a package
// manager keeps a configuration file that it finds, and a package whose scripts
// start the service starts it with the right one, so nothing is started twice.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := CheckOverlay(s.spec.Config); err != nil {
		return nil, fmt.Errorf("spec.cri.containerd.config: %w", err)
	}
	pkg, err := s.planPackage(ctx, v)
	remarks, failure := split(err)
	if failure != nil {
		return nil, failure
	}
	if err := pkg.release.serves(s.spec.KubernetesMinor); err != nil {
		return nil, err
	}
	config, err := s.planConfig(v, pkg.release)
	warnings, failure := split(err)
	if failure != nil {
		return nil, failure
	}
	unit, err := s.planUnit(ctx, v, pkg, config)
	unitRemarks, failure := split(err)
	if failure != nil {
		return nil, failure
	}
	var ops []steps.Op
	if config.op != nil {
		ops = append(ops, config.op)
	}
	ops = append(ops, pkg.ops...)
	ops = append(ops, unit...)
	return ops, errors.Join(remarks, warnings, unitRemarks)
}

// split is steps.Split with the remarks joined again.
func split(err error) (remarks, failure error) {
	list, failure := steps.Split(err)
	for _, remark := range list {
		remarks = errors.Join(remarks, remark)
	}
	return remarks, failure
}

// plannedConfig is what becomes of the configuration file.
type plannedConfig struct {
	op steps.Op
	// changed is whether containerd would read something else in it.
	changed bool
}

func (s Step) planConfig(v host.View, release Release) (plannedConfig, error) {
	file := s.spec.ConfigFile
	existing, attr, err := readConfig(v, file)
	if err != nil {
		return plannedConfig{}, err
	}
	settings, err := s.settings(v, release)
	if err != nil {
		return plannedConfig{}, err
	}
	merged, err := Merge(existing, settings)
	if err != nil {
		return plannedConfig{}, fmt.Errorf("%s: %w", file, err)
	}
	planned := plannedConfig{changed: merged.Changed}
	if planned.op, err = op.PlanFile(v, op.FileWish{Path: file, Content: merged.Content, Attr: attr}); err != nil {
		return plannedConfig{}, err
	}
	warnings := warnOfImports(v, file, merged.Content, release)
	if len(merged.LeftOut) > 0 {
		warnings = errors.Join(warnings, steps.Warning("spec.cri.containerd.config: %s is for another version of %s, which is of version %d here, "+
			"so it has no effect; add it under the names of that version too", strings.Join(merged.LeftOut, ", "), file, merged.Layout))
	}
	return planned, warnings
}

// readConfig returns the file and the owner and mode that it should have: what
// it has, so that a file with registry passwords stays closed, but writable by
// root alone, because it names programs that run as root.
func readConfig(v host.View, file string) ([]byte, host.Attr, error) {
	content, err := v.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, host.Attr{Mode: 0o644}, nil
	}
	if err != nil {
		return nil, host.Attr{}, err
	}
	info, err := v.Stat(file)
	if err != nil {
		return nil, host.Attr{}, err
	}
	if _, err := parse(content); err != nil {
		return nil, host.Attr{}, fmt.Errorf("%s: %w; containerd does not start with it either: "+
			"correct it, or move it away and hostler writes a new one", file, err)
	}
	attr := info.Attr()
	attr.UID = 0
	attr.Mode &^= 0o022
	if content == nil {
		content = []byte{}
	}
	return content, attr, nil
}

func (s Step) settings(v host.View, release Release) (Settings, error) {
	driver := s.spec.CgroupDriver
	if driver == Auto {
		var err error
		if driver, err = DriverFor(v); err != nil {
			return Settings{}, err
		}
	}
	return Settings{
		Release: release, SandboxImage: s.spec.SandboxImage, MaxConcurrentDownloads: s.spec.MaxConcurrentDownloads,
		SystemdCgroup: driver == Systemd, BinDir: s.spec.BinDir, ConfDir: s.spec.ConfDir, Overlay: s.spec.Config,
	}, nil
}

// planUnit enables the unit and starts or restarts it. A restart stops
// containerd alone: its unit has KillMode=process, so containers live on in
// their shims.
func (s Step) planUnit(ctx context.Context, v host.View, pkg plannedPackage, config plannedConfig) ([]steps.Op, error) {
	unit, err := v.Unit(ctx, s.spec.Unit)
	if err != nil {
		return nil, err
	}
	if !v.Live() && unit.UnitFileState == "" && len(pkg.ops) == 0 {
		return nil, steps.Warning("%s is not in the image, so it cannot be enabled: install the package in the image first", s.spec.Unit)
	}
	var ops []steps.Op
	if unit.UnitFileState == "masked" {
		// In two ops, so that undo finds both ways back: to disabled, then to masked.
		ops = append(ops, op.UnitFile{Name: s.spec.Unit, State: "disabled", From: "masked"})
	}
	enable, err := op.PlanUnitFile(ctx, v, s.spec.Unit, "enabled")
	if err != nil {
		return nil, err
	}
	if enable != nil {
		ops = append(ops, enable)
	}
	if !v.Live() {
		return ops, nil
	}
	job, needed := s.job(unit, pkg, config)
	if !needed {
		return ops, nil
	}
	// systemd starts what it has in memory: no masked unit, and an old one as it was.
	if unit.NeedDaemonReload || unit.LoadState == "masked" {
		ops = append(ops, op.DaemonReload{})
	}
	return append(ops, job), nil
}

// job is what has to be done to the unit at the end of the run.
func (s Step) job(unit host.Unit, pkg plannedPackage, config plannedConfig) (op.Job, bool) {
	job := op.Job{Unit: s.spec.Unit, Verb: host.JobRestart, Cost: steps.Restart}
	down := unit.ActiveState == "inactive" || unit.ActiveState == "failed" || !unit.Exists()
	switch {
	case down:
		return op.Job{Unit: s.spec.Unit, Verb: host.JobStart, Why: "it is not running"}, true
	case config.changed:
		job.Why = s.spec.ConfigFile + " changes"
	case pkg.change != "":
		job.Why = "the package changes from " + pkg.change
	case !unit.Active():
		// In between: waiting for its next try, most likely.
		job.Verb, job.Cost, job.Why = host.JobStart, steps.None, "it is "+unit.ActiveState
	default:
		return op.Job{}, false
	}
	return job, true
}
