package containerd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/cri/ocispec"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

const defaultUnit = "containerd.service"

// Spec is what a host's containerd should be.
type Spec struct {
	// Package installs containerd; nil: it is somebody else's business.
	Package cri.Package

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
	// CertsDir is the folder of hosts.toml files. Default: /etc/containerd/certs.d.
	CertsDir string
	// Registries and their mirrors. One that is taken out goes from CertsDir again;
	// what others wrote there stays, unless it is for a registry of ours.
	Registries []Registry
	// Runtimes beside runc. One that is taken out stays in the file, as any key does;
	// null in Config removes it.
	Runtimes []Handler
	// Rlimits of every process of every container. None: containerd's own.
	Rlimits []ocispec.Rlimit
	// Config is laid over the file; see the package comment.
	Config map[string]any
}

// Runtime is what the rest of the node needs to know.
func (s Spec) Runtime() cri.Runtime {
	return cri.Runtime{
		Name: "containerd", Type: "Containerd", Socket: SocketPath, Unit: cmp.Or(s.Unit, defaultUnit),
		Driver: func(_ context.Context, v host.View) (string, error) {
			driver, err := s.driver(v)
			return string(driver), err
		},
	}
}

// driver is the wish, or what Auto means on the host.
func (s Spec) driver(v host.View) (CgroupDriver, error) {
	if s.CgroupDriver == "" || s.CgroupDriver == Auto {
		return DriverFor(v)
	}
	return s.CgroupDriver, nil
}

// Step is the step "cri/containerd".
type Step struct {
	spec Spec
}

var _ steps.Step = Step{}

// New fills in the defaults of a Spec.
func New(spec Spec) Step {
	spec.Unit = cmp.Or(spec.Unit, defaultUnit)
	spec.ConfigFile = cmp.Or(spec.ConfigFile, "/etc/containerd/config.toml")
	spec.MaxConcurrentDownloads = cmp.Or(spec.MaxConcurrentDownloads, 3)
	spec.CgroupDriver = cmp.Or(spec.CgroupDriver, Auto)
	spec.BinDir = cmp.Or(spec.BinDir, "/opt/cni/bin")
	spec.ConfDir = cmp.Or(spec.ConfDir, "/etc/cni/net.d")
	spec.CertsDir = cmp.Or(spec.CertsDir, "/etc/containerd/certs.d")
	return Step{spec: spec}
}

// Name implements steps.Step.
func (s Step) Name() string { return "cri/containerd" }

// Plan implements steps.Step. The file comes before the package: a package
// manager keeps a configuration file that it finds, and a package whose scripts
// start the service starts it with the right one, so nothing is started twice.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := cri.CheckChange(ctx, v, s.spec.Runtime()); err != nil {
		return nil, err
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
	registries, err := s.planRegistries(v)
	registryRemarks, failure := split(err)
	if failure != nil {
		return nil, failure
	}
	baseSpec, err := s.planBaseSpec(v)
	if err != nil {
		return nil, err
	}
	if baseSpec.changed {
		config.changes = append(config.changes, BaseSpecFile)
	}
	unit, err := s.planUnit(ctx, v, pkg, config)
	unitRemarks, failure := split(err)
	if failure != nil {
		return nil, failure
	}
	ops := append(registries, present(baseSpec.write, config.op, baseSpec.remove)...)
	ops = append(ops, pkg.ops...)
	ops = append(ops, unit...)
	return ops, errors.Join(remarks, warnings, registryRemarks, s.warnOfPrograms(v), unitRemarks)
}

// present leaves out what there is nothing to do for.
func present(ops ...steps.Op) []steps.Op {
	return slices.DeleteFunc(ops, func(o steps.Op) bool { return o == nil })
}

// check returns what is wrong with the Spec itself, all of it, joined.
func (s Step) check() error {
	var errs []error
	if err := CheckOverlay(s.spec.Config); err != nil {
		errs = append(errs, fmt.Errorf("spec.cri.containerd.config: %w", err))
	}
	if err := CheckRegistries(s.spec.Registries); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", registriesField, err))
	}
	return errors.Join(append(errs, CheckRuntimes(s.spec.Runtimes, s.spec.Config))...)
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
	// changes are the files in which containerd would read something else.
	changes []string
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
	var planned plannedConfig
	if merged.Changed {
		planned.changes = []string{file}
	}
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
	driver, err := s.spec.driver(v)
	if err != nil {
		return Settings{}, err
	}
	settings := Settings{
		Release: release, SandboxImage: s.spec.SandboxImage, MaxConcurrentDownloads: s.spec.MaxConcurrentDownloads,
		SystemdCgroup: driver == Systemd, BinDir: s.spec.BinDir, ConfDir: s.spec.ConfDir, Overlay: s.spec.Config,
		Runtimes: s.spec.Runtimes,
	}
	if len(s.spec.Registries) > 0 {
		settings.CertsDir = s.spec.CertsDir
	}
	if len(s.spec.Rlimits) > 0 {
		settings.BaseSpecFile = BaseSpecFile
	}
	return settings, nil
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
	case len(config.changes) > 0:
		job.Why = strings.Join(config.changes, " changes and ") + " changes"
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
