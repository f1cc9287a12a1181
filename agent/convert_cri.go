package agent

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/cri/containerd"
	"github.com/hostler-dev/hostler/cri/docker"
	"github.com/hostler-dev/hostler/cri/notmanaged"
	"github.com/hostler-dev/hostler/cri/ocispec"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet"
	"github.com/hostler-dev/hostler/steps/packages"
)

// runtime is what the other steps need to know of the container runtime.
func (c *catalog) runtime() cri.Runtime {
	switch c.spec.CRI.Type {
	case v1alpha1.CRIDocker:
		return c.dockerSpec().Runtime()
	case v1alpha1.CRINotManaged:
		return c.notManagedSpec().Runtime()
	default:
		return c.containerdSpec().Runtime()
	}
}

// runtimeRestart is what a restart of the runtime costs: containers outlive containerd, and Docker where it restores them.
func (c *catalog) runtimeRestart() steps.Impact {
	if c.spec.CRI.Type == v1alpha1.CRIDocker && !c.dockerSpec().LiveRestore {
		return steps.Drain
	}
	return steps.Restart
}

// cri is the step of the runtime, with its packages.
func (c *catalog) cri() steps.Step {
	facts := c.machine.Release
	switch c.spec.CRI.Type {
	case v1alpha1.CRIDocker:
		spec := c.dockerSpec()
		spec.Package, spec.CRIDockerd = c.dockerPackages()
		return docker.New(spec)
	case v1alpha1.CRINotManaged:
		return notmanaged.New(c.notManagedSpec())
	}
	name, version := facts.Packages.Containerd, ""
	if wish := c.spec.CRI.Containerd; wish != nil {
		name, version = cmp.Or(wish.Package, name), wish.Version
	}
	if name == "" {
		c.unknown("spec.cri.containerd.package", "what the package of containerd is called", "name it here")
		return nil
	}
	spec := c.containerdSpec()
	spec.Package = cri.Managed{
		Step:    c.packageStep("cri/containerd", name, version, steps.Restart, spec.Unit),
		Manager: c.manager, PackageName: name, Wish: version,
	}
	return containerd.New(spec)
}

func (c *catalog) containerdSpec() containerd.Spec {
	facts := c.machine.Release
	spec := containerd.Spec{
		Unit: facts.Containerd.Unit, ConfigFile: facts.Containerd.ConfigFile,
		BinDir: facts.CNI.BinDir, ConfDir: facts.CNI.ConfDir, KubernetesMinor: minorOf(c.spec.KubernetesVersion),
	}
	wish := c.spec.CRI.Containerd
	if wish == nil {
		return spec
	}
	spec.MaxConcurrentDownloads = int(wish.MaxConcurrentDownloads)
	spec.SandboxImage = wish.SandboxImage
	spec.CgroupDriver = cgroupDrivers[wish.CgroupDriver]
	spec.Config = wish.Config
	for _, r := range wish.Registries {
		registry := containerd.Registry{Host: r.Host}
		for _, m := range r.Mirrors {
			registry.Mirrors = append(registry.Mirrors, containerd.Mirror{URL: m.URL, CA: m.CA, SkipVerify: m.SkipVerify})
		}
		spec.Registries = append(spec.Registries, registry)
	}
	for _, r := range wish.Runtimes {
		spec.Runtimes = append(spec.Runtimes, containerd.Handler{Name: r.Name, Type: r.Type, ConfigPath: r.ConfigPath, BinaryName: r.BinaryName})
	}
	if wish.BaseRuntimeSpec != nil {
		for _, limit := range wish.BaseRuntimeSpec.Rlimits {
			spec.Rlimits = append(spec.Rlimits, ocispec.Rlimit{Type: limit.Type, Soft: uint64(limit.Soft), Hard: uint64(limit.Hard)})
		}
	}
	return spec
}

func (c *catalog) dockerSpec() docker.Spec {
	facts, wish := c.machine.Release, cmp.Or(c.spec.CRI.Docker, &v1alpha1.DockerSpec{})
	return docker.Spec{
		Unit: facts.Docker.Unit, ConfigFile: facts.Docker.ConfigFile, KubernetesMinor: minorOf(c.spec.KubernetesVersion),
		LogMaxSize: wish.LogMaxSize, LogMaxFile: int(wish.LogMaxFile), MaxConcurrentDownloads: int(wish.MaxConcurrentDownloads),
		LiveRestore: wish.LiveRestore == nil || *wish.LiveRestore, RegistryMirrors: wish.RegistryMirrors,
		SandboxImage: wish.SandboxImage, BinDir: facts.CNI.BinDir, ConfDir: facts.CNI.ConfDir,
	}
}

// criDockerd is the package's name in the releases of its authors; no distribution has another.
const criDockerd = "cri-dockerd"

// dockerPackages are those of Docker, from whoever the group names, and of cri-dockerd.
func (c *catalog) dockerPackages() (engine, bridge cri.Package) {
	facts, wish := c.machine.Release, cmp.Or(c.spec.CRI.Docker, &v1alpha1.DockerSpec{})
	// A restart of dockerd by its package's scripts is from one version to another, which live-restore does not promise to survive.
	units := []string{facts.Docker.Unit, "docker.socket"}
	wanted := []packages.Package{{Name: facts.Docker.Package, Version: wish.Version, Hold: wish.Version != "", ChangeCost: steps.Drain, NoStart: units}}
	if wish.Source == v1alpha1.DockerFromDocker {
		wanted[0].Name = facts.Docker.CE
		wanted = append(wanted, packages.Package{Name: facts.Docker.CECLI}, packages.Package{Name: facts.Docker.CEContainerd, ChangeCost: steps.Restart})
	}
	if wanted[0].Name == "" {
		c.unknown("spec.cri.docker.source", fmt.Sprintf("the packages of Docker from source %s", cmp.Or(wish.Source, v1alpha1.DockerFromDistribution)),
			"take the other source, or type NotManaged with a runtime that packages.install brings")
		return nil, nil
	}
	engine = cri.Managed{Step: c.packagesStep("cri/docker", wanted...), Manager: c.manager, PackageName: wanted[0].Name, Wish: wish.Version}
	if c.spec.KubernetesVersion != "" {
		bridge = cri.Managed{
			Step:    c.packageStep("cri/docker", criDockerd, wish.CRIDockerdVersion, steps.Restart, "cri-docker.service", "cri-docker.socket"),
			Manager: c.manager, PackageName: criDockerd, Wish: wish.CRIDockerdVersion,
		}
	}
	return engine, bridge
}

func (c *catalog) notManagedSpec() notmanaged.Spec {
	if wish := c.spec.CRI.NotManaged; wish != nil {
		return notmanaged.Spec{SocketPath: wish.CRISocketPath}
	}
	return notmanaged.Spec{}
}

// kubeletStep gives the kubelet what is known of the runtime only when the host is looked at: its socket and its cgroup
// driver. Docker is no good company for a change of the kubelet in all of its versions.
type kubeletStep struct {
	kubelet.Step
	runtime cri.Runtime
	// installed is the version of the runtime that is there; nil: it does not matter.
	installed func(ctx context.Context, v host.View) (string, error)
}

// Plan implements steps.Step.
func (s kubeletStep) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	runtime, err := s.runtime.Resolve(v)
	if err != nil {
		return nil, err
	}
	s.Spec.CRISocket, s.Spec.RuntimeUnit = runtime.Socket, runtime.Unit
	if s.Spec.CgroupDriver, err = runtime.Driver(ctx, v); err != nil {
		return nil, err
	}
	ops, err := s.Step.Plan(ctx, v)
	if len(ops) == 0 || s.installed == nil {
		return ops, err
	}
	version, failure := s.installed(ctx, v)
	if failure == nil {
		failure = docker.BadPair(version, s.Spec.Version)
	}
	if failure != nil {
		return nil, failure
	}
	return ops, err
}

// dockerVersion asks for the Docker that is there; nil: the group has another runtime.
func (c *catalog) dockerVersion() func(ctx context.Context, v host.View) (string, error) {
	if c.spec.CRI.Type != v1alpha1.CRIDocker {
		return nil
	}
	engine, _ := c.dockerPackages()
	return func(ctx context.Context, v host.View) (string, error) {
		if engine == nil {
			return "", nil
		}
		now, _, err := engine.Versions(ctx, v)
		return now, err
	}
}
