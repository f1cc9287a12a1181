package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Names of the repositories of rpms.
const (
	RepositoryRPMKubernetes   = "rpm-kubernetes-1.36" // kubelet, kubectl, kubernetes-cni
	RepositoryRPMOlder        = "rpm-kubernetes-1.35" // the same, one minor back
	RepositoryRPMContainerd   = "rpm-containerd"      // containerd.io with its runc, as Docker ships it
	RepositoryRPMDemo         = "rpm-demo"            // hostler-demo 1.0-1, 1.1-1 and 2.0-1, whose installation fails, and hostler-demo-common
	RepositoryRPMDemoUnsigned = "rpm-demo-unsigned"   // the same, without signatures
)

var rpmRepositories = []string{
	RepositoryRPMKubernetes, RepositoryRPMOlder, RepositoryRPMContainerd, RepositoryRPMDemo, RepositoryRPMDemoUnsigned,
}

func isRPM(repository string) bool { return slices.Contains(rpmRepositories, repository) }

// rpmRelease is the release of Kubernetes packages at pkgs.k8s.io: the tag comes from the build service.
const rpmRelease = "150500.1.1"

// RepoFile returns the file that describes a repository of rpms to dnf and zypper, for a key file on the node.
func (r Repository) RepoFile(keyFile string) string {
	return fmt.Sprintf("[%s]\nname=%s\nbaseurl=%s\nenabled=1\ngpgcheck=1\ngpgkey=file://%s\n", r.Name, r.Name, r.URL, keyFile)
}

// stub is a package without content that stands in the package database for what is in the root file system.
type stub struct {
	name     string
	provides string
}

// stubs are packages of Enterprise Linux 9 by which a node knows what it is and has, with their versions.
var stubs = map[stub]string{
	{"rocky-release", "system-release(releasever) = 9"}: "9.5-1.2.el9",
	{"bash", ""}:                          "5.1.8-9.el9",
	{"conntrack-tools", ""}:               "1.4.7-4.el9_5",
	{"container-selinux", ""}:             "2.232.1-1.el9",
	{"curl", ""}:                          "7.76.1-31.el9",
	{"ethtool", ""}:                       "6.2-1.el9",
	{"ipset", ""}:                         "7.11-8.el9",
	{"iproute", ""}:                       "6.2.0-6.el9_4",
	{"iptables-nft", "iptables = 1.8.10"}: "1.8.10-4.el9_4",
	{"ipvsadm", ""}:                       "1.31-6.el9",
	{"kmod", ""}:                          "28-10.el9",
	{"nftables", ""}:                      "1.0.9-3.el9",
	{"procps-ng", ""}:                     "3.3.17-14.el9",
	{"socat", ""}:                         "1.7.4.1-6.el9_5.1",
	{"systemd", ""}:                       "252-46.el9_5.2",
	{"util-linux", ""}:                    "2.37.4-20.el9",
}

func stubPackages() []builtPackage {
	var packages []builtPackage
	for s, evr := range stubs {
		version, release, _ := strings.Cut(evr, "-")
		packages = append(packages, builtPackage{recipe: "stub.yaml", version: version, release: release, stub: s})
	}
	return packages
}

// rpmRepository returns the folder of a repository of rpms.
func (a *Assets) rpmRepository(ctx context.Context, name, key string) (string, error) {
	packages, err := a.rpmsOf(ctx, name)
	if err != nil {
		return "", err
	}
	recipeFiles, err := recipeInputs("rpmpackages")
	if err != nil {
		return "", err
	}
	inputs := append([]string{"layout 1", name, key, fmt.Sprint(packages)}, recipeFiles...)
	return a.cache.ensure(ctx, asset{
		name:    "repository-" + name,
		usually: 10 * time.Second,
		inputs:  inputs,
		build: func(ctx context.Context, dir string) error {
			as := packaging{format: "rpm", recipes: "rpmpackages", key: key}
			if name == RepositoryRPMDemoUnsigned {
				as.key = ""
			}
			if err := a.pack(ctx, as, dir, packages); err != nil {
				return err
			}
			if _, err := output(ctx, "createrepo_c", "--quiet", dir); err != nil {
				return err
			}
			return signRepodata(ctx, key, filepath.Join(dir, "repodata/repomd.xml"))
		},
	})
}

func (a *Assets) rpmsOf(ctx context.Context, repository string) ([]builtPackage, error) {
	switch repository {
	case RepositoryRPMKubernetes:
		return a.kubernetesRPMs(ctx, Kubernetes)
	case RepositoryRPMOlder:
		return a.kubernetesRPMs(ctx, OlderKubernetes)
	case RepositoryRPMContainerd:
		return a.containerdRPMs(ctx)
	default:
		common := builtPackage{recipe: "hostler-demo-common.yaml", version: "1.0", release: "1"}
		return append(demoPackages(), common), nil
	}
}

// kubernetesRPMs are the debs of the same Kubernetes, packed as pkgs.k8s.io packs rpms.
func (a *Assets) kubernetesRPMs(ctx context.Context, version string) ([]builtPackage, error) {
	packages, err := a.kubernetesPackages(ctx, version)
	for i := range packages {
		packages[i].release = rpmRelease
	}
	return packages, err
}

// containerdRPMs are containerd.io, into which Debian's runc goes.
func (a *Assets) containerdRPMs(ctx context.Context) ([]builtPackage, error) {
	binaries, err := a.containerdBinaries(ctx)
	if err != nil {
		return nil, err
	}
	if binaries["runc"], err = a.debianProgram(ctx, "runc", "usr/sbin/runc"); err != nil {
		return nil, err
	}
	return []builtPackage{{recipe: "containerd.io.yaml", version: containerd2, release: "3.1.el9", binaries: binaries}}, nil
}

// signRepodata signs the index of a repository, and puts the key beside it, as pkgs.k8s.io does.
func signRepodata(ctx context.Context, key, index string) error {
	public, err := os.ReadFile(filepath.Join(key, publicKey))
	if err != nil {
		return err
	}
	err = withGPG(ctx, func(gpg func(args ...string) error) error {
		return errors.Join(
			gpg("--import", filepath.Join(key, secretKey)),
			gpg("--armor", "--output", index+".asc", "--detach-sign", index))
	})
	return errors.Join(err, os.WriteFile(index+".key", public, 0o644))
}
