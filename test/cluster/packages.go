package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// recipes are nfpm's configurations and the files that they take in.
//
//go:embed packages rpmpackages
var recipes embed.FS

// builtPackage is a package to build.
type builtPackage struct {
	recipe   string            // file in the folder of recipes
	version  string            // upstream part
	release  string            // packager's part
	binaries map[string]string // name in the folder that the recipe calls ${BINARIES} → path of the file
	stub     stub              // what the recipe of stubs asks for
}

// packaging is a format of packages, and where the recipes for it are.
type packaging struct {
	format  string // as nfpm calls it
	recipes string // folder
	key     string // folder of the key that signs each package, where the format has such signatures
}

var debs = packaging{format: "deb", recipes: "packages"}

// kubernetesPackages are the packages of the repository of one Kubernetes minor, as pkgs.k8s.io has them.
func (a *Assets) kubernetesPackages(ctx context.Context, version string) ([]builtPackage, error) {
	packages := make([]builtPackage, 0, 3)
	for _, name := range []string{"kubelet", "kubectl"} {
		binary, err := a.Binary(ctx, name, version)
		if err != nil {
			return nil, err
		}
		packages = append(packages, builtPackage{
			recipe: name + ".yaml", version: version, release: "1.1", binaries: map[string]string{name: binary},
		})
	}
	plugins, err := a.cniBinaries(ctx)
	if err != nil {
		return nil, err
	}
	cni := builtPackage{recipe: "kubernetes-cni.yaml", version: cniPlugins, release: "1.1", binaries: plugins}
	return append(packages, cni), nil
}

func (a *Assets) containerdPackages(ctx context.Context) ([]builtPackage, error) {
	binaries, err := a.containerdBinaries(ctx)
	if err != nil {
		return nil, err
	}
	return []builtPackage{{recipe: "containerd.yaml", version: containerd2, release: "1", binaries: binaries}}, nil
}

// demoPackages are three versions of hostler-demo, the last of which fails to install.
func demoPackages() []builtPackage {
	return []builtPackage{
		{recipe: "hostler-demo.yaml", version: "1.0", release: "1"},
		{recipe: "hostler-demo.yaml", version: "1.1", release: "1"},
		{recipe: "hostler-demo-fails.yaml", version: "2.0", release: "1"},
	}
}

// pack builds packages into dir.
func (a *Assets) pack(ctx context.Context, as packaging, dir string, packages []builtPackage) error {
	nfpm, err := a.nfpm(ctx)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "work-") // beside dir, so that binaries can be linked into it
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, recipes); err != nil {
		return fmt.Errorf("laying out the package recipes: %w", err)
	}
	for i, p := range packages {
		if err := as.packOne(ctx, nfpm, work, fmt.Sprint(i), dir, p); err != nil {
			return fmt.Errorf("packing %s %s: %w", p.recipe, p.version, err)
		}
	}
	return nil
}

// packOne runs nfpm in work, where the recipes are, with the binaries of p in a folder of the given name.
func (as packaging) packOne(ctx context.Context, nfpm, work, name, target string, p builtPackage) error {
	binaries := filepath.Join(work, name)
	err := errors.Join(
		os.Mkdir(binaries, 0o755),
		os.WriteFile(filepath.Join(binaries, "version"), []byte(p.version+"-"+p.release+"\n"), 0o644))
	if len(p.binaries) > 0 {
		err = errors.Join(err, os.Remove(filepath.Join(binaries, "version")))
	}
	for name, binary := range p.binaries {
		err = errors.Join(err, os.Link(binary, filepath.Join(binaries, name)))
	}
	if err != nil {
		return err
	}
	cmd := newCommand(ctx, nfpm, "package", "-f", p.recipe, "-p", as.format, "-t", target)
	cmd.Dir = filepath.Join(work, as.recipes)
	cmd.Env = append(os.Environ(),
		"VERSION="+p.version, "RELEASE="+p.release, "ARCH="+runtime.GOARCH, "BINARIES="+binaries,
		"NAME="+p.stub.name, "PROVIDES="+p.stub.provides)
	if as.key != "" {
		cmd.Env = append(cmd.Env, "SIGNING_KEY="+filepath.Join(as.key, secretKey))
	}
	_, err = outputOf(ctx, cmd)
	return err
}
