package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The versions of which the assets are made.
const (
	Kubernetes          = "1.36.3" // control plane, and the newer kubelet
	OlderKubernetes     = "1.35.4" // kubelet and kubectl only
	OldestKubernetes    = "1.29.6" // API server only: the oldest that takes hostler's objects
	containerd2         = "2.1.9"
	cniPlugins          = "1.7.1"
	packageRevision     = "-1.1" // of pkgs.k8s.io
	controlPlaneMachine = "bookworm"
)

// Suites are the Debian releases that nodes can run.
var Suites = []string{"bullseye", "bookworm", "trixie"}

// Config says where assets come from and where they are kept. The zero value serves.
type Config struct {
	Cache    string    // folder of finished assets; default ${XDG_CACHE_HOME:-$HOME/.cache}/hostler
	Checkout string    // root of hostler's source; default: found upwards from the working folder
	Mirror   string    // URL of a Debian archive; default: the one that this machine's apt uses
	Progress io.Writer // gets a line for whatever takes time; default: nobody is told
}

// Assets are the parts of clusters that take long to make. Each method returns at once what the cache has and builds what it
// lacks; methods may be called side by side, also by several processes.
type Assets struct {
	cache    *cache
	progress *progress
	checkout string
	mirror   string
}

// Open returns the assets that cfg names. It builds nothing.
func Open(cfg Config) (*Assets, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("the test cluster boots machines and makes bridges: run it as root")
	}
	if cfg.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("finding the cache: %w", err)
		}
		cfg.Cache = filepath.Join(dir, "hostler")
	}
	if cfg.Checkout == "" {
		dir, err := findCheckout()
		if err != nil {
			return nil, err
		}
		cfg.Checkout = dir
	}
	p := newProgress(cfg.Progress)
	return &Assets{
		cache:    &cache{dir: cfg.Cache, progress: p},
		progress: p,
		checkout: cfg.Checkout,
		mirror:   cfg.Mirror,
	}, nil
}

// Prepare installs what this machine lacks and builds all assets, first those that a booting node needs.
func Prepare(ctx context.Context, cfg Config) (*Assets, error) {
	a, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	if err := InstallHostPackages(ctx, cfg.Progress); err != nil {
		return nil, err
	}
	for _, suite := range append(slices.Clone(Suites), RockyOnDebian) {
		if _, err := a.Rootfs(ctx, suite); err != nil {
			return nil, err
		}
	}
	if err := a.PrepareControlPlane(ctx); err != nil {
		return nil, err
	}
	if _, err := a.Binary(ctx, "kube-apiserver", OldestKubernetes); err != nil {
		return nil, err
	}
	for _, name := range Repositories() {
		if _, err := a.repository(ctx, name); err != nil {
			return nil, err
		}
	}
	_, err = a.Images(ctx)
	return a, err
}

// PrepareControlPlane builds what [Run.ControlPlane] needs, so that a caller can do it while something else goes on.
func (a *Assets) PrepareControlPlane(ctx context.Context) error {
	if _, err := a.etcd(ctx); err != nil {
		return err
	}
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"} {
		if _, err := a.Binary(ctx, name, Kubernetes); err != nil {
			return err
		}
	}
	return nil
}

// findCheckout returns the folder of hostler's go.mod, at or above the working folder.
func findCheckout() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the source of hostler: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module github.com/hostler-dev/hostler\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no checkout of hostler at or above %s: run it inside one", start)
		}
	}
}
