package cluster

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// goProgram is a program, or a few that belong together, built from a module that exists for them.
type goProgram struct {
	name     string
	module   string   // folder in the checkout, whose go.mod and go.sum pin every source
	packages []string // import paths of main packages
	version  string   // what they say about themselves, without the v
	setters  string   // -X flags by which they learn it, with VERSION in its place
	tags     string
	usually  time.Duration
}

const (
	kubernetesSetters = "-X k8s.io/component-base/version.gitVersion=vVERSION -X k8s.io/client-go/pkg/version.gitVersion=vVERSION"
	containerdSetters = "-X github.com/containerd/containerd/v2/version.Version=VERSION"
	cniSetters        = "-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=vVERSION"
)

// Binary returns the path of a Kubernetes program of a version: of [Kubernetes] all that a cluster needs, of
// [OlderKubernetes] kubelet and kubectl, of [OldestKubernetes] the API server.
func (a *Assets) Binary(ctx context.Context, name, version string) (string, error) {
	usually, tags := time.Minute, ""
	if name == "kube-apiserver" || version == OlderKubernetes && name == "kubelet" {
		usually = 3 * time.Minute // the first of its version compiles what the others share
	}
	if version == OldestKubernetes {
		tags = "providerless" // without the clouds' code of that time, a module of which is no longer to be had
	}
	return a.goBinary(ctx, goProgram{
		name:     name,
		module:   "test/kubernetes/kubernetes-" + minorOf(version),
		packages: []string{"k8s.io/kubernetes/cmd/" + name},
		version:  version,
		setters:  kubernetesSetters,
		tags:     tags,
		usually:  usually,
	})
}

// containerdBinaries returns the paths of containerd, its shim and ctr, by name.
func (a *Assets) containerdBinaries(ctx context.Context) (map[string]string, error) {
	const commands = "github.com/containerd/containerd/v2/cmd/"
	return a.goBinaries(ctx, goProgram{
		name:     "containerd",
		module:   "test/kubernetes/containerd-" + minorOf(containerd2),
		packages: []string{commands + "containerd", commands + "containerd-shim-runc-v2", commands + "ctr"},
		version:  containerd2,
		setters:  containerdSetters,
		tags:     "no_btrfs", // its bindings need cgo
		usually:  time.Minute,
	})
}

// cniPackages are the plugins of the kubernetes-cni package, as import paths below the module's plugins folder.
var cniPackages = []string{
	"ipam/dhcp", "ipam/host-local", "ipam/static",
	"main/bridge", "main/dummy", "main/host-device", "main/ipvlan", "main/loopback", "main/macvlan", "main/ptp", "main/tap",
	"main/vlan",
	"meta/bandwidth", "meta/firewall", "meta/portmap", "meta/sbr", "meta/tuning", "meta/vrf",
}

// cniBinaries returns the plugins' paths by name.
func (a *Assets) cniBinaries(ctx context.Context) (map[string]string, error) {
	p := goProgram{
		name:    "cni",
		module:  "test/kubernetes/cni",
		version: cniPlugins,
		setters: cniSetters,
		usually: 20 * time.Second,
	}
	for _, pkg := range cniPackages {
		p.packages = append(p.packages, "github.com/containernetworking/plugins/plugins/"+pkg)
	}
	return a.goBinaries(ctx, p)
}

// nfpm returns the packager, of the version that the project's tools pin.
func (a *Assets) nfpm(ctx context.Context) (string, error) {
	return a.goBinary(ctx, goProgram{
		name:     "nfpm",
		module:   ".ci/tools",
		packages: []string{"github.com/goreleaser/nfpm/v2/cmd/nfpm"},
		version:  "tool",
		usually:  30 * time.Second,
	})
}

// goBinary builds the one program of p and returns its path.
func (a *Assets) goBinary(ctx context.Context, p goProgram) (string, error) {
	binaries, err := a.goBinaries(ctx, p)
	return binaries[path.Base(p.packages[0])], err
}

// goBinaries builds static programs and returns their paths by name.
func (a *Assets) goBinaries(ctx context.Context, p goProgram) (map[string]string, error) {
	module := filepath.Join(a.checkout, p.module)
	flags := []string{"-trimpath", "-buildvcs=false", "-tags=" + p.tags, "-ldflags=-s -w " + strings.ReplaceAll(p.setters, "VERSION", p.version)}
	args := append(flags, p.packages...)
	inputs := append([]string{runtime.Version(), runtime.GOARCH}, args...)
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			return nil, fmt.Errorf("reading how to build %s: %w", p.name, err)
		}
		inputs = append(inputs, string(content))
	}
	dir, err := a.cache.ensure(ctx, asset{
		name:    p.name + "-" + p.version,
		usually: p.usually,
		inputs:  inputs,
		build: func(ctx context.Context, dir string) error {
			return goBuild(ctx, module, dir+"/", args...) // the slash makes it a folder for go build
		},
	})
	if err != nil {
		return nil, err
	}
	binaries := make(map[string]string)
	for _, pkg := range p.packages {
		name := path.Base(pkg)
		binaries[name] = filepath.Join(dir, name)
	}
	return binaries, nil
}

// goBuild runs go build in a module. It is niced: these builds take minutes, and tests or an apply run beside them.
func goBuild(ctx context.Context, module, out string, args ...string) error {
	argv := append([]string{"nice", "-n", "10", "go", "build", "-o", out}, args...)
	cmd := newCommand(ctx, argv...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	_, err := outputOf(ctx, cmd)
	return err
}

// minorOf returns "1.36" for "1.36.3".
func minorOf(version string) string {
	return version[:strings.LastIndex(version, ".")]
}
