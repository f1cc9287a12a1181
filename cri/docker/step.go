package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// The units beside Docker's own.
const (
	defaultUnit       = "docker.service"
	dockerSocketUnit  = "docker.socket"
	containerdUnit    = "containerd.service"
	criDockerdUnit    = "cri-docker.service"
	criDockerdSocket  = "cri-docker.socket"
	defaultConfigFile = "/etc/docker/daemon.json"
)

// Spec is what a host's Docker should be.
type Spec struct {
	// Package installs Docker, with what goes with it; nil: it is somebody else's
	// business. Its version is that of dockerd.
	Package cri.Package
	// CRIDockerd installs cri-dockerd; nil as above.
	CRIDockerd cri.Package

	// Unit is dockerd's systemd unit. Default: docker.service.
	Unit string
	// ConfigFile is the file to merge into. Default: /etc/docker/daemon.json.
	ConfigFile string

	// KubernetesMinor is the x of the kubelet's version 1.x; 0: there is no kubelet,
	// and so no cri-dockerd.
	KubernetesMinor int

	// LogMaxSize is the size at which a container's log is rotated, in Docker's units.
	// Default: 10m.
	LogMaxSize string
	// LogMaxFile is the number of log files of a container. Default: 5.
	LogMaxFile int
	// MaxConcurrentDownloads is the number of layers of an image that are pulled at
	// once. Default: 3, Docker's own.
	MaxConcurrentDownloads int
	// LiveRestore keeps containers running while dockerd restarts.
	LiveRestore bool
	// RegistryMirrors are URLs of mirrors of docker.io. None: those of the file stay.
	RegistryMirrors []string
	// SandboxImage is the pause image. Default: the one built into cri-dockerd.
	SandboxImage string
	// BinDir and ConfDir are where network plugins and their configuration are.
	// Default: /opt/cni/bin and /etc/cni/net.d.
	BinDir, ConfDir string
}

// Runtime is what the rest of the node needs to know.
func (s Spec) Runtime() cri.Runtime {
	config := cmp.Or(s.ConfigFile, defaultConfigFile)
	docker := cmp.Or(s.Unit, defaultUnit)
	return cri.Runtime{
		Name: "Docker", Type: "Docker", Socket: cri.DockerSocket, Unit: criDockerdUnit, Below: []string{docker},
		Driver: func(_ context.Context, v host.View) (string, error) { return driverFor(v, config) },
	}
}

// Step is the step "cri/docker".
type Step struct {
	spec Spec
}

var _ steps.Step = Step{}

// New fills in the defaults of a Spec.
func New(spec Spec) Step {
	spec.Unit = cmp.Or(spec.Unit, defaultUnit)
	spec.ConfigFile = cmp.Or(spec.ConfigFile, defaultConfigFile)
	spec.LogMaxSize = cmp.Or(spec.LogMaxSize, "10m")
	spec.LogMaxFile = cmp.Or(spec.LogMaxFile, 5)
	spec.MaxConcurrentDownloads = cmp.Or(spec.MaxConcurrentDownloads, 3)
	spec.BinDir = cmp.Or(spec.BinDir, "/opt/cni/bin")
	spec.ConfDir = cmp.Or(spec.ConfDir, "/etc/cni/net.d")
	return Step{spec: spec}
}

// Name implements steps.Step.
func (s Step) Name() string { return "cri/docker" }

// Plan implements steps.Step. Files come before packages, so that scripts of a
// package start what is configured already.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := cri.CheckChange(ctx, v, s.spec.Runtime()); err != nil {
		return nil, err
	}
	pkg, remarks, err := planPackage(ctx, v, s.spec.Package)
	if err != nil {
		return nil, err
	}
	warning, err := s.judge(pkg)
	if err != nil {
		return nil, err
	}
	config, err := s.planConfig(v)
	if err != nil {
		return nil, err
	}
	docker, unitRemark, err := s.planDocker(ctx, v, pkg, config)
	if err != nil {
		return nil, err
	}
	bridge, bridgeRemarks, err := s.planCRIDockerd(ctx, v)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	if config.op != nil {
		ops = append(ops, config.op)
	}
	ops = slices.Concat(ops, pkg.ops, docker, bridge)
	return ops, errors.Join(remarks, warning, unitRemark, bridgeRemarks)
}

// check is what is wrong whatever the host is like.
func (s Step) check() error {
	if minor := s.spec.KubernetesMinor; minor > 0 && minor < 24 {
		return fmt.Errorf("spec.cri.type Docker: a kubelet 1.%d speaks to Docker by its own dockershim, which hostler does not set up: "+
			"wish for Kubernetes 1.24 or later, or for spec.cri.type Containerd", minor)
	}
	for what, value := range map[string]string{"spec.cri.docker.sandboxImage": s.spec.SandboxImage, "folder of network plugins": s.spec.BinDir, "folder of network configuration": s.spec.ConfDir} {
		if strings.ContainsAny(value, " \t\n\"'\\$;") {
			return fmt.Errorf("%s %q has blanks, quotes or dollars in it", what, value)
		}
	}
	return nil
}

// judge refuses versions of Docker that do not serve; the warning is about one that
// nobody has tried.
func (s Step) judge(pkg plannedPackage) (warning, err error) {
	kubernetes := ""
	if s.spec.KubernetesMinor > 0 {
		kubernetes = fmt.Sprintf("1.%d", s.spec.KubernetesMinor)
	}
	if err := BadPair(pkg.then, kubernetes); err != nil {
		return nil, err
	}
	then, err := parseRelease(pkg.then)
	if err != nil {
		return nil, err
	}
	text, err := then.supported()
	if err != nil || text == "" {
		return nil, err
	}
	return steps.Warning("%s", text), nil
}

// plannedPackage is what becomes of a package.
type plannedPackage struct {
	ops       []steps.Op
	now, then string
}

// change says "20.10.24 to 26.1.5"; empty where the package stays.
func (p plannedPackage) change() string {
	if p.now == p.then {
		return ""
	}
	return cmp.Or(p.now, "none") + " to " + p.then
}

// keepsContainers tells whether live-restore is promised for the change: between
// patch releases only.
func (p plannedPackage) keepsContainers() bool {
	now, err := parseRelease(p.now)
	then, otherErr := parseRelease(p.then)
	return err == nil && otherErr == nil && now == then
}

func planPackage(ctx context.Context, v host.View, wish cri.Package) (planned plannedPackage, remarks, failure error) {
	if wish == nil {
		return planned, nil, nil
	}
	var err error
	if planned.now, planned.then, err = wish.Versions(ctx, v); err != nil {
		return planned, nil, err
	}
	planned.ops, err = wish.Plan(ctx, v)
	remarks, failure = split(err)
	return planned, remarks, failure
}

// split is steps.Split with the remarks joined again.
func split(err error) (remarks, failure error) {
	list, failure := steps.Split(err)
	for _, remark := range list {
		remarks = errors.Join(remarks, remark)
	}
	return remarks, failure
}

// plannedConfig is what becomes of daemon.json.
type plannedConfig struct {
	op      steps.Op
	changed []string
	// restores is whether dockerd keeps containers now and after the run; drivers
	// differ where running containers cannot follow.
	restores, otherDriver bool
}

func (s Step) planConfig(v host.View) (plannedConfig, error) {
	file := s.spec.ConfigFile
	existing, attr, err := readConfig(v, file)
	if err != nil {
		return plannedConfig{}, err
	}
	wish, err := s.settings(v)
	if err != nil {
		return plannedConfig{}, err
	}
	result, err := merge(existing, wish)
	if err != nil {
		return plannedConfig{}, fmt.Errorf("%s: %w", file, err)
	}
	if err := checkFlags(v, s.spec.Unit, file, result.keys); err != nil {
		return plannedConfig{}, err
	}
	planned := plannedConfig{changed: result.changed}
	if planned.restores, planned.otherDriver, err = wish.compare(existing); err != nil {
		return plannedConfig{}, err
	}
	planned.op, err = op.PlanFile(v, op.FileWish{Path: file, Content: result.content, Attr: attr})
	return planned, err
}

// readConfig returns the file and the owner and mode that it should have: what it
// has, but writable by root alone, because it names programs that run as root.
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
		return nil, host.Attr{}, fmt.Errorf("%s: %w; dockerd does not start with it either: correct it, or move it away and hostler writes a new one", file, err)
	}
	attr := info.Attr()
	attr.UID = 0
	attr.Mode &^= 0o022
	if content == nil {
		content = []byte{}
	}
	return content, attr, nil
}

func (s Step) settings(v host.View) (settings, error) {
	driver, err := driverFor(v, s.spec.ConfigFile)
	if err != nil {
		return settings{}, err
	}
	own, err := ownDriver(v)
	return settings{
		logMaxSize: s.spec.LogMaxSize, logMaxFile: s.spec.LogMaxFile, liveRestore: s.spec.LiveRestore,
		downloads: s.spec.MaxConcurrentDownloads, registryMirrors: s.spec.RegistryMirrors, driver: driver, ownDriver: own,
	}, err
}

// compare tells how a dockerd that has read the file takes a restart into the
// settings.
func (s settings) compare(file []byte) (restores, otherDriver bool, err error) {
	doc, err := parse(file)
	if err != nil {
		return false, false, err
	}
	if err := doc.read("live-restore", &restores); err != nil {
		return false, false, err
	}
	options, err := doc.execOptions()
	return restores && s.liveRestore, cmp.Or(driverIn(options), s.ownDriver) != s.driver, err
}
