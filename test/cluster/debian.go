package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// debianPackages are what a bare node may want of its distribution; what they depend on comes along.
var debianPackages = []string{
	"conntrack", "containerd", "curl", "docker.io", "ebtables", "ethtool", "ipset", "iptables", "ipvsadm", "nftables", "runc", "socat",
}

// debianMirror returns the URL of the Debian archive that this machine's apt uses, so that the project names none.
func (a *Assets) debianMirror(ctx context.Context) (string, error) {
	if a.mirror != "" {
		return a.mirror, nil
	}
	out, err := output(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages")
	if err != nil {
		return "", fmt.Errorf("asking apt for its sources: %w", err)
	}
	for line := range strings.Lines(out) {
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian|Debian|"); ok {
			return url, nil
		}
	}
	return "", errors.New("apt on this machine has no index of a Debian archive: run apt-get update, or set Config.Mirror")
}

// downloadDebs puts packages of a suite, and what they depend on beyond the packages in dpkg's status file, into dir. It uses an
// apt of its own in a temporary folder, so the machine's sources, indexes and package states are neither used nor touched.
func (a *Assets) downloadDebs(ctx context.Context, suite, status, dir string, packages ...string) error {
	mirror, err := a.debianMirror(ctx)
	if err != nil {
		return err
	}
	apt, err := os.MkdirTemp("", "hostler-apt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(apt)
	config, err := isolatedApt(ctx, apt, status, dir)
	if err != nil {
		return err
	}
	source := fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", mirror, suite)
	if err := os.WriteFile(filepath.Join(apt, "etc/apt/sources.list"), []byte(source), 0o644); err != nil {
		return err
	}
	install := []string{"apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install"}
	for _, argv := range [][]string{{"apt-get", "-q", "update"}, append(install, packages...)} {
		cmd := newCommand(ctx, argv...)
		cmd.Env = append(os.Environ(), "APT_CONFIG="+config)
		if _, err := outputOf(ctx, cmd); err != nil {
			return fmt.Errorf("downloading packages of %s: %w", suite, err)
		}
	}
	return errors.Join(
		os.RemoveAll(filepath.Join(dir, "partial")), os.RemoveAll(filepath.Join(dir, "lock")))
}

// isolatedApt lays out an apt in root that reads dpkg's status from a file and downloads into archives. It returns the
// configuration file, which goes into APT_CONFIG since apt reads that before it looks for any other file.
func isolatedApt(ctx context.Context, root, status, archives string) (string, error) {
	for _, dir := range []string{
		"etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d",
		"var/lib/apt/lists/partial", "var/cache/apt",
	} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil {
		return "", err
	}
	// The way to the mirror, a proxy for example, is the machine's own.
	acquire, err := output(ctx, "apt-config", "dump", "Acquire")
	if err != nil {
		return "", fmt.Errorf("asking apt how it downloads: %w", err)
	}
	config := fmt.Sprintf("Dir %q;\nDir::State::status %q;\nDir::Cache::archives %q;\nAPT::Sandbox::User \"root\";\n%s",
		root, status, archives+"/", acquire)
	path := filepath.Join(root, "apt.conf")
	return path, os.WriteFile(path, []byte(config), 0o644)
}

// etcd returns the path of the etcd that the control plane uses: Debian's, unpacked and not installed, since the package
// would start a service on this machine.
func (a *Assets) etcd(ctx context.Context) (string, error) {
	return a.debianProgram(ctx, "etcd-server", "usr/bin/etcd")
}

// debianProgram returns the path of a program that is in a package of Debian.
func (a *Assets) debianProgram(ctx context.Context, pkg, program string) (string, error) {
	dir, err := a.cache.ensure(ctx, asset{
		name:    pkg + "-" + controlPlaneMachine,
		usually: 15 * time.Second,
		inputs:  []string{controlPlaneMachine},
		build: func(ctx context.Context, dir string) error {
			// What it depends on is on every Debian, and is fetched because the empty status says that nothing is.
			debs := filepath.Join(dir, "debs")
			status := filepath.Join(dir, "status")
			if err := os.WriteFile(status, nil, 0o644); err != nil {
				return err
			}
			if err := a.downloadDebs(ctx, controlPlaneMachine, status, debs, pkg); err != nil {
				return err
			}
			deb, err := filepath.Glob(filepath.Join(debs, pkg+"_*.deb"))
			if err != nil || len(deb) != 1 {
				return errors.Join(fmt.Errorf("looking for %s in %s: got %v", pkg, debs, deb), err)
			}
			if _, err := output(ctx, "dpkg-deb", "-x", deb[0], dir); err != nil {
				return err
			}
			return errors.Join(os.RemoveAll(debs), os.Remove(status))
		},
	})
	return filepath.Join(dir, program), err
}
