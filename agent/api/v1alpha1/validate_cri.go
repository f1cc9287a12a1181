package v1alpha1

import (
	"errors"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/cri/containerd"
)

func (c *checker) cri(p *field.Path, s *CRISpec) {
	oneOf(c, p.Child("type"), s.Type, CRIContainerd, CRIDocker, CRINotManaged)
	if s.Containerd != nil {
		c.memberOf(p.Child("containerd"), s.Type, CRIContainerd)
		c.containerd(p.Child("containerd"), s.Containerd)
	}
	if s.Docker != nil {
		c.memberOf(p.Child("docker"), s.Type, CRIDocker)
		c.docker(p.Child("docker"), s.Docker)
	}
	if s.NotManaged != nil {
		c.memberOf(p.Child("notManaged"), s.Type, CRINotManaged)
		c.absolutePath(p.Child("notManaged", "criSocketPath"), s.NotManaged.CRISocketPath, "the runtime's socket")
	}
}

func (c *checker) memberOf(p *field.Path, got, want CRIType) {
	if got != want {
		c.forbid(p, "is only for cri.type "+string(want)+", and the type is "+string(got))
	}
}

func (c *checker) containerd(p *field.Path, s *ContainerdSpec) {
	c.matches(p.Child("package"), s.Package, packageName, "the name of a package, such as containerd.io")
	c.matches(p.Child("version"), s.Version, packageVersion, "one exact version as the package manager prints it, such as 1.7.24-1")
	c.atLeast(p.Child("maxConcurrentDownloads"), s.MaxConcurrentDownloads, 1)
	c.matches(p.Child("sandboxImage"), s.SandboxImage, imageReference, "the name of an image, such as registry.k8s.io/pause:3.10")
	oneOf(c, p.Child("cgroupDriver"), s.CgroupDriver, CgroupDriverAuto, CgroupDriverSystemd, CgroupDriverCgroupfs)
	c.registries(p.Child("registries"), s.Registries)

	names := c.unique()
	for i, runtime := range s.Runtimes {
		at := p.Child("runtimes").Index(i)
		c.needsMatch(at.Child("name"), runtime.Name, runtimeName, "lower-case letters, digits and dashes")
		c.needsMatch(at.Child("type"), runtime.Type, imageReference, "the name of a shim, such as io.containerd.runsc.v1")
		names(at.Child("name"), runtime.Name)
		if runtime.Name == "runc" {
			c.invalid(at.Child("name"), runtime.Name, "is always there: leave it away")
		}
		if runtime.ConfigPath != "" {
			c.absolutePath(at.Child("configPath"), runtime.ConfigPath, "the runtime's configuration file")
		}
		if runtime.BinaryName != "" {
			c.absolutePath(at.Child("binaryName"), runtime.BinaryName, "the runtime's program")
		}
	}
	if s.BaseRuntimeSpec != nil {
		c.rlimits(p.Child("baseRuntimeSpec", "rlimits"), s.BaseRuntimeSpec.Rlimits)
	}
	c.containerdConfig(p.Child("config"), s.Config)
}

// containerdConfig asks the package that writes the file: which keys are its own depends on the layouts of all versions.
func (c *checker) containerdConfig(p *field.Path, config Overlay) {
	err := containerd.CheckOverlay(config)
	if err == nil {
		return
	}
	problems := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = joined.Unwrap()
	}
	for _, problem := range problems {
		var owned *containerd.OwnedKeyError
		if errors.As(problem, &owned) {
			c.forbid(p.Child(owned.Path[0], owned.Path[1:]...), "belongs to hostler; instead use "+owned.Instead)
			continue
		}
		c.forbid(p, problem.Error())
	}
}

func (c *checker) registries(p *field.Path, registries []Registry) {
	hosts := c.unique()
	for i, registry := range registries {
		at := p.Index(i)
		c.needsMatch(at.Child("host"), registry.Host, registryHost, "a host as images name it, such as docker.io or registry.local:5000")
		hosts(at.Child("host"), registry.Host)
		urls := c.unique()
		for j, mirror := range registry.Mirrors {
			at := at.Child("mirrors").Index(j)
			c.url(at.Child("url"), mirror.URL, "https", "http")
			urls(at.Child("url"), mirror.URL)
			if mirror.CA != "" {
				c.absolutePath(at.Child("ca"), mirror.CA, "a PEM file")
			}
		}
	}
}

func (c *checker) rlimits(p *field.Path, rlimits []Rlimit) {
	types := c.unique()
	for i, limit := range rlimits {
		at := p.Index(i)
		c.needsMatch(at.Child("type"), limit.Type, rlimitType, "a name of getrlimit(2), such as RLIMIT_NOFILE")
		types(at.Child("type"), limit.Type)
		if limit.Soft < 0 || limit.Soft > limit.Hard {
			c.invalid(at.Child("soft"), limit.Soft, "must be from 0 to the hard limit, %d", limit.Hard)
		}
	}
}

func (c *checker) docker(p *field.Path, s *DockerSpec) {
	oneOf(c, p.Child("source"), s.Source, DockerFromDistribution, DockerFromDocker)
	c.matches(p.Child("criDockerdVersion"), s.CRIDockerdVersion, packageVersion, "one exact version as the package manager prints it")
	c.matches(p.Child("sandboxImage"), s.SandboxImage, imageReference, "the name of an image, such as registry.k8s.io/pause:3.10")
	c.matches(p.Child("version"), s.Version, packageVersion, "one exact version as the package manager prints it")
	c.atLeast(p.Child("maxConcurrentDownloads"), s.MaxConcurrentDownloads, 1)
	c.matches(p.Child("logMaxSize"), s.LogMaxSize, dockerSize, "a number with one of b, k, m, g, such as 10m")
	c.atLeast(p.Child("logMaxFile"), s.LogMaxFile, 1)
	for i, mirror := range s.RegistryMirrors {
		c.url(p.Child("registryMirrors").Index(i), mirror, "https", "http")
	}
}
