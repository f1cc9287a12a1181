package agent

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/packages"
)

// serves tells whether a repository is for this machine.
func (c *catalog) serves(r *v1alpha1.Repository) bool {
	return r.Type == v1alpha1.RepositoryApt && r.ServesDistro(c.machine.Distro.ID, c.machine.Distro.Version)
}

func (c *catalog) repositorySpecs() []repository.Spec {
	var specs []repository.Spec
	for i := range c.spec.Packages.Repositories {
		r := &c.spec.Packages.Repositories[i]
		if !c.serves(r) {
			continue
		}
		spec := repository.Spec{Name: r.Name, URL: r.URL, Suite: r.Suite, Components: r.Components}
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
	return repository.Dirs{Sources: dirs.SourcesDir, Keys: dirs.KeysDir}
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

// planner installs the packages of steps that bring their own, by the rules of
// the step "packages".
type planner struct{ base packages.Spec }

func (c *catalog) planner() planner { return planner{c.packagesBase()} }

// Plan installs the package; one of a given version is held.
func (p planner) Plan(ctx context.Context, v host.View, name, version string) ([]steps.Op, error) {
	spec := p.base
	spec.Install = []packages.Package{{Name: name, Version: version, Hold: version != "", ChangeCost: steps.Restart}}
	step, err := packages.New("packages", spec)
	if err != nil {
		return nil, err
	}
	return step.Plan(ctx, v)
}

// Installed is the installed version, or empty.
func (p planner) Installed(_ context.Context, v host.View, name string) (string, error) {
	manager, err := pkgmgr.For(p.base.Manager)
	if err != nil {
		return "", err
	}
	inventory, err := manager.Installed(v)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // a folder without a package database has no packages
	}
	if err != nil {
		return "", err
	}
	if found := inventory.Get(name); found.Installed {
		return found.Version, nil
	}
	return "", nil
}

// Version is the installed version and the newest that the fetched lists offer.
func (p planner) Version(ctx context.Context, v host.View, name string) (installed, candidate string, err error) {
	installed, err = p.Installed(ctx, v, name)
	if err != nil || installed != "" || !v.Live() {
		return installed, "", err
	}
	manager, err := pkgmgr.For(p.base.Manager)
	if err != nil {
		return "", "", err
	}
	versions, err := manager.Versions(ctx, v, name)
	if err != nil || len(versions[name]) == 0 {
		return "", "", err
	}
	return "", versions[name][0], nil
}
