package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Repository is a signed repository that a run serves: of debs, or of rpms, which knows no suites. One of debs can be read in
// both layouts: with the suite and component below, and flat with the suite "/" and no component, as pkgs.k8s.io is laid out.
type Repository struct {
	Name       string
	URL        string
	Suite      string
	Components []string
	Key        string // ASCII-armoured public key; the same for all
}

// SourceLine returns the line of a sources.list, for a key file on the node.
func (r Repository) SourceLine(keyFile string) string {
	return fmt.Sprintf("deb [signed-by=%s] %s %s %s\n", keyFile, r.URL, r.Suite, strings.Join(r.Components, " "))
}

// Names of repositories. The debian ones have a suite of the distribution after the dash.
const (
	repositoryDebian       = "debian-"               // containerd, runc, iptables and what they need, as the suite has them
	RepositoryKubernetes   = "kubernetes-1.36"       // kubelet, kubectl, kubernetes-cni
	RepositoryOlder        = "kubernetes-1.35"       // the same, one minor back
	RepositoryContainerd2  = "containerd-2.1"        // containerd 2.1, which replaces Debian's
	RepositoryDemo         = "demo"                  // hostler-demo 1.0-1, 1.1-1 and 2.0-1, whose installation fails
	RepositoryDemoTampered = "demo-tampered"         // the same, changed after it was signed
	suiteOfOwnPackages     = "stable"                // of the repositories that are not Debian's
	signer                 = "hostler test packages" // name in the key
)

// RepositoryDebian returns the name of the repository that stands for a mirror of a Debian suite.
func RepositoryDebian(suite string) string { return repositoryDebian + suite }

// Repositories returns the names of all repositories.
func Repositories() []string {
	names := make([]string, 0, len(Suites)+5)
	for _, suite := range Suites {
		names = append(names, RepositoryDebian(suite))
	}
	names = append(names, RepositoryKubernetes, RepositoryContainerd2, RepositoryDemo, RepositoryDemoTampered, RepositoryOlder)
	return append(names, rpmRepositories...)
}

// suiteOf returns the suite of the named repository.
func suiteOf(name string) string {
	if suite, ok := strings.CutPrefix(name, repositoryDebian); ok {
		return suite
	}
	if isRPM(name) {
		return ""
	}
	return suiteOfOwnPackages
}

// repository returns the folder of the named repository.
func (a *Assets) repository(ctx context.Context, name string) (string, error) {
	if !slices.Contains(Repositories(), name) {
		return "", fmt.Errorf("no repository %q: use one of %s", name, strings.Join(Repositories(), ", "))
	}
	key, err := a.signingKey(ctx)
	if err != nil {
		return "", err
	}
	if suite, ok := strings.CutPrefix(name, repositoryDebian); ok {
		return a.debianRepository(ctx, suite, key)
	}
	if isRPM(name) {
		return a.rpmRepository(ctx, name, key)
	}
	packages, err := a.packagesOf(ctx, name)
	if err != nil {
		return "", err
	}
	inputs := []string{"layout 1", name, key}
	for _, p := range packages {
		inputs = append(inputs, fmt.Sprint(p))
	}
	recipeFiles, err := recipeInputs("packages")
	if err != nil {
		return "", err
	}
	inputs = append(inputs, recipeFiles...)
	return a.cache.ensure(ctx, asset{
		name:    "repository-" + name,
		usually: 10 * time.Second,
		inputs:  inputs,
		build: func(ctx context.Context, dir string) error {
			pool := filepath.Join(dir, "pool")
			if err := errors.Join(os.Mkdir(pool, 0o755), a.pack(ctx, debs, pool, packages)); err != nil {
				return err
			}
			if err := index(ctx, dir, suiteOfOwnPackages, key); err != nil {
				return err
			}
			if name == RepositoryDemoTampered {
				return tamper(dir)
			}
			return nil
		},
	})
}

// recipeInputs are the names and contents of the files in a folder of recipes.
func recipeInputs(folder string) ([]string, error) {
	files, err := recipes.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var inputs []string
	for _, file := range files {
		content, err := recipes.ReadFile(folder + "/" + file.Name())
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, file.Name(), string(content))
	}
	return inputs, nil
}

func (a *Assets) packagesOf(ctx context.Context, repository string) ([]builtPackage, error) {
	switch repository {
	case RepositoryKubernetes:
		return a.kubernetesPackages(ctx, Kubernetes)
	case RepositoryOlder:
		return a.kubernetesPackages(ctx, OlderKubernetes)
	case RepositoryContainerd2:
		return a.containerdPackages(ctx)
	default:
		return demoPackages(), nil
	}
}

// debianRepository returns the folder of a repository of those packages of a suite that a bare node lacks.
func (a *Assets) debianRepository(ctx context.Context, suite, key string) (string, error) {
	rootfs, err := a.Rootfs(ctx, suite)
	if err != nil {
		return "", err
	}
	return a.cache.ensure(ctx, asset{
		name:    "repository-" + RepositoryDebian(suite),
		usually: 20 * time.Second,
		inputs:  append([]string{"layout 1", rootfs, key}, debianPackages...),
		build: func(ctx context.Context, dir string) error {
			status := filepath.Join(rootfs, "var/lib/dpkg/status")
			if err := a.downloadDebs(ctx, suite, status, filepath.Join(dir, "pool"), debianPackages...); err != nil {
				return err
			}
			return index(ctx, dir, suite, key)
		},
	})
}

// index writes the indexes of the packages in dir's pool and signs them.
func index(ctx context.Context, dir, suite, key string) error {
	cmd := newCommand(ctx, "apt-ftparchive", "packages", "pool")
	cmd.Dir = dir
	packages, err := outputOf(ctx, cmd)
	if err != nil {
		return err
	}
	// The flat layout first: apt-ftparchive lists in a Release every index that it finds below the folder.
	if err := writeIndexes(dir, packages); err != nil {
		return err
	}
	if err := release(ctx, dir, suite, key); err != nil {
		return err
	}
	dist := filepath.Join(dir, "dists", suite)
	binary := filepath.Join(dist, "main", "binary-"+runtime.GOARCH)
	if err := os.MkdirAll(binary, 0o755); err != nil {
		return err
	}
	if err := writeIndexes(binary, packages); err != nil {
		return err
	}
	return release(ctx, dist, suite, key)
}

func writeIndexes(dir, packages string) error {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(packages)); err != nil {
		return err
	}
	return errors.Join(
		w.Close(),
		os.WriteFile(filepath.Join(dir, "Packages"), []byte(packages), 0o644),
		os.WriteFile(filepath.Join(dir, "Packages.gz"), zipped.Bytes(), 0o644))
}

// release writes and signs the Release of dir.
func release(ctx context.Context, dir, suite, key string) error {
	argv := []string{"apt-ftparchive"}
	for field, value := range map[string]string{
		"Origin": "hostler test bed", "Label": "hostler test bed", "Suite": suite, "Codename": suite,
		"Architectures": runtime.GOARCH, "Components": "main",
	} {
		argv = append(argv, "-o", "APT::FTPArchive::Release::"+field+"="+value)
	}
	text, err := output(ctx, append(argv, "release", dir)...)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "Release")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	return sign(ctx, key, path, filepath.Join(dir, "InRelease"))
}

// tamper changes the signed indexes of a repository as an attacker would who cannot sign: the text says something else, the
// signature is as it was.
func tamper(dir string) error {
	for _, path := range []string{"InRelease", filepath.Join("dists", suiteOfOwnPackages, "InRelease")} {
		path = filepath.Join(dir, path)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed := bytes.Replace(content, []byte("Origin: hostler"), []byte("Origin: Hostler"), 1)
		if bytes.Equal(changed, content) {
			return fmt.Errorf("tampering with %s: it has no origin", path)
		}
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			return err
		}
	}
	return nil
}
