package v1alpha1

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// packagesOfKubernetes follow kubernetesVersion.
var packagesOfKubernetes = []string{"kubelet", "kubectl", "kubernetes-cni"}

func (c *checker) packages(p *field.Path, s *PackagesSpec, withKubelet bool) {
	names := c.unique()
	for i := range s.Repositories {
		at := p.Child("repositories").Index(i)
		names(at.Child("name"), s.Repositories[i].Name)
		c.repository(at, &s.Repositories[i])
	}

	installed := map[string]bool{}
	names = c.unique()
	for i, pkg := range s.Install {
		at := p.Child("install").Index(i)
		c.needsMatch(at.Child("name"), pkg.Name, packageName, "the name of a package, without its version")
		c.matches(at.Child("version"), pkg.Version, packageVersion, "one exact version as the package manager prints it, such as 1.36.3-1.1")
		names(at.Child("name"), pkg.Name)
		installed[pkg.Name] = true
		if withKubelet && slices.Contains(packagesOfKubernetes, pkg.Name) {
			c.forbid(at.Child("name"), pkg.Name+" follows spec.kubernetesVersion")
		}
	}

	names = c.unique()
	for i, name := range s.Remove {
		at := p.Child("remove").Index(i)
		c.needsMatch(at, name, packageName, "the name of a package, without its version")
		names(at, name)
		switch {
		case installed[name]:
			c.forbid(at, name+" is in packages.install too")
		case withKubelet && slices.Contains(packagesOfKubernetes, name):
			c.forbid(at, name+" follows spec.kubernetesVersion")
		}
	}
	c.positiveDuration(p.Child("lockTimeout"), s.LockTimeout)
}

func (c *checker) repository(p *field.Path, r *Repository) {
	c.needsMatch(p.Child("name"), r.Name, fileName, "lower-case letters, digits, dots and dashes, for it names a file")
	c.distros(p.Child("distros"), r.Distros)
	if r.Type == "" {
		c.require(p.Child("type"), "apt or rpm")
	}
	oneOf(c, p.Child("type"), r.Type, RepositoryApt, RepositoryRPM)
	c.url(p.Child("url"), r.URL, "https", "http", "file")
	switch r.Type {
	case RepositoryApt:
		c.aptRepository(p, r)
	case RepositoryRPM:
		if r.Suite != "" {
			c.forbid(p.Child("suite"), "is only for type apt")
		}
		if len(r.Components) > 0 {
			c.forbid(p.Child("components"), "are only for type apt")
		}
	}
	c.repositoryKey(p.Child("key"), r)
}

func (c *checker) distros(p *field.Path, distros []string) {
	names := c.unique()
	for i, distro := range distros {
		c.needsMatch(p.Index(i), distro, distroName, "an os-release ID such as debian, or ID/VERSION_ID such as debian/12")
		names(p.Index(i), distro)
	}
}

func (c *checker) aptRepository(p *field.Path, r *Repository) {
	flat := strings.HasSuffix(r.Suite, "/")
	c.needsMatch(p.Child("suite"), r.Suite, aptWord, "a suite such as bookworm, or a path with a slash at its end")
	switch {
	case flat && len(r.Components) > 0:
		c.forbid(p.Child("components"), "must be left out, because the suite ends in a slash")
	case !flat && r.Suite != "" && len(r.Components) == 0:
		c.require(p.Child("components"), "such as main, because the suite does not end in a slash")
	}
	components := c.unique()
	for i, component := range r.Components {
		at := p.Child("components").Index(i)
		c.needsMatch(at, component, aptWord, "one word such as main")
		components(at, component)
	}
}

// repositoryKey checks where the key is, not what it is: only the machine has the file.
func (c *checker) repositoryKey(p *field.Path, r *Repository) {
	switch {
	case r.Key == "":
		c.require(p, "the public key that signs the repository, in ASCII armour or as the path of a file")
	case privateKey.MatchString(r.Key):
		c.noPrivateKey(p, r.Key)
	case r.KeyIsPath():
		c.absolutePath(p, r.Key, "a key file")
	case !armouredKey.MatchString(r.Key):
		c.forbid(p, "must be a public key that starts with -----BEGIN PGP PUBLIC KEY BLOCK-----, or the absolute path of a key file")
	}
}
