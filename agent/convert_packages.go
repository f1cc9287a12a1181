package agent

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet"
	"github.com/hostler-dev/hostler/steps/packages"
)

// repositoryTypes are what a package manager can take packages from. apt of ALT reads a format of its own, which the API
// has no name for.
var repositoryTypes = map[distros.PackageManager]v1alpha1.RepositoryType{
	distros.Apt: v1alpha1.RepositoryApt,
	distros.Dnf: v1alpha1.RepositoryRPM, distros.Yum: v1alpha1.RepositoryRPM, distros.Zypper: v1alpha1.RepositoryRPM,
}

// serves tells whether a repository is for this machine.
func (c *catalog) serves(r *v1alpha1.Repository) bool {
	return r.Type == repositoryTypes[c.machine.Release.PackageManager] && r.ServesDistro(c.machine.Distro.ID, c.machine.Distro.Version)
}

var formats = map[v1alpha1.RepositoryType]repository.Format{v1alpha1.RepositoryApt: repository.Deb, v1alpha1.RepositoryRPM: repository.RPM}

func (c *catalog) repositorySpecs() []repository.Spec {
	var specs []repository.Spec
	through := c.proxySpec()
	for i := range c.spec.Packages.Repositories {
		r := &c.spec.Packages.Repositories[i]
		if !c.serves(r) {
			continue
		}
		spec := repository.Spec{Format: formats[r.Type], Name: r.Name, URL: r.URL, Suite: r.Suite, Components: r.Components}
		spec.Direct = spec.Format == repository.RPM && through.Direct(r.URL)
		if r.KeyIsPath() {
			spec.KeyFile = r.Key
		} else {
			spec.Key = []byte(r.Key)
		}
		specs = append(specs, spec)
	}
	return specs
}

func (c *catalog) repositoryDirs() repository.Dirs {
	dirs := c.machine.Release.Repositories
	return repository.Dirs{Sources: dirs.SourcesDir, Keys: dirs.KeysDir, BinaryKeys: dirs.BinaryKeys}
}

func (c *catalog) lockTimeout() time.Duration {
	if c.spec.Packages.LockTimeout == nil {
		return 0
	}
	return c.spec.Packages.LockTimeout.Duration
}

// packagesBase is a wish for no packages yet.
func (c *catalog) packagesBase() packages.Spec {
	return packages.Spec{Manager: c.machine.Release.PackageManager, Repositories: c.repositorySpecs(), LockTimeout: c.lockTimeout()}
}

func (c *catalog) packagesSpec() packages.Spec {
	spec := c.packagesBase()
	spec.Remove = c.spec.Packages.Remove
	for _, p := range c.spec.Packages.Install {
		spec.Install = append(spec.Install, packages.Package{Name: p.Name, Version: p.Version, Hold: p.Version != ""})
	}
	return spec
}

// packageStep plans one package for a step that brings its own. cost is that of
// replacing an installed version. noStart are its units that the step starts itself.
func (c *catalog) packageStep(step, name, version string, cost steps.Impact, noStart ...string) steps.Step {
	return c.packagesStep(step, packages.Package{Name: name, Version: version, Hold: version != "", ChangeCost: cost, NoStart: noStart})
}

// packagesStep is packageStep for several.
func (c *catalog) packagesStep(step string, wanted ...packages.Package) steps.Step {
	spec := c.packagesBase()
	spec.Install = wanted
	planned, err := packages.New(step, spec)
	c.problem(step, err)
	return planned
}

// kubernetesPackages plans the packages of the kubelet's step.
type kubernetesPackages struct {
	base    packages.Spec
	manager pkgmgr.Manager
	unit    string // the kubelet's
}

// Plan installs the version and holds it.
func (p kubernetesPackages) Plan(ctx context.Context, v host.View, wish kubelet.PackageWish) ([]steps.Op, error) {
	spec := p.base
	spec.Install = []packages.Package{{Name: wish.Name, Version: wish.Version, Hold: true, ChangeCost: wish.ChangeCost, NoStart: []string{p.unit}}}
	step, err := packages.New("kubelet", spec)
	if err != nil {
		return nil, err
	}
	ops, err := step.Plan(ctx, v)
	for i, planned := range ops {
		if install, ok := planned.(pkgmgr.Install); ok {
			install.Notes = append(install.Notes[:len(install.Notes):len(install.Notes)], wish.Why...)
			ops[i] = install
		}
	}
	return ops, err
}

// Installed is the installed version, or empty.
func (p kubernetesPackages) Installed(ctx context.Context, v host.View, name string) (string, error) {
	inventory, err := p.manager.Installed(ctx, v)
	if errors.Is(err, fs.ErrNotExist) && !v.Live() {
		return "", nil // an image before its packages
	}
	if err != nil {
		return "", err
	}
	if found := inventory.Get(name); found.Installed {
		return found.Version, nil
	}
	return "", nil
}
