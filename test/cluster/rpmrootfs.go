package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Suites of rpm nodes. Both are Debian 12 with the real rpm, dnf and zypper in the place of apt and dpkg, and say in os-release
// that they are another distribution: that and the file layout that the tests need are all that is Rocky's and Leap's of them.
const (
	RockyOnDebian = "rocky-9"
	LeapOnDebian  = "leap-15.5"
)

// osReleases are what the rpm nodes say they are.
var osReleases = map[string]string{
	RockyOnDebian: `NAME="Rocky Linux"
VERSION="9.5 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.5"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.5 (Blue Onyx)"
`,
	LeapOnDebian: `NAME="openSUSE Leap"
VERSION="15.5"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="15.5"
PRETTY_NAME="openSUSE Leap 15.5"
`,
}

// rpmTools turn a Debian into an rpm node. They are fetched in two goes: Debian does not let dnf's plugins and zypper be
// installed together, for the sake of one manual page that both have.
var rpmTools = [][]string{{"dnf", "dnf-plugins-core", "rpm", "gnupg"}, {"zypper"}}

// rpmNodePrograms are what a Kubernetes node needs of its distribution. On an rpm node they are in the root file system, and
// stubs stand for them in the package database.
var rpmNodePrograms = []string{"conntrack", "curl", "ebtables", "ethtool", "ipset", "iptables", "ipvsadm", "nftables", "socat"}

// rpmNodeFiles are what Enterprise Linux ships otherwise than Debian.
var rpmNodeFiles = map[string]string{
	// As on Rocky Linux 9.
	"etc/dnf/dnf.conf":   "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\nskip_if_unavailable=False\n",
	"etc/redhat-release": "Rocky Linux release 9.5 (Blue Onyx)\n",
	"etc/rpm/macros":     "%_dbpath /var/lib/rpm\n", // Debian has a database of the user's own
}

// rpmNodeFolders are there on Enterprise Linux and SUSE.
var rpmNodeFolders = []string{"etc/sysconfig", "etc/yum.repos.d", "etc/pki/rpm-gpg", "etc/zypp/repos.d", "etc/rpm"}

// foreignFiles are what is left of Debian's package managers: an rpm node has none of it, so that whoever looks for it by mistake
// does not find it.
var foreignFiles = []string{
	"etc/apt", "etc/dpkg", "usr/bin/apt*", "usr/bin/dpkg*", "usr/lib/apt", "var/cache/apt", "var/lib/apt", "var/lib/dpkg", "var/debs",
	"usr/lib/systemd/system/apt-*", "usr/lib/systemd/system/dpkg-*", "lib/systemd/system/apt-*", "lib/systemd/system/dpkg-*",
	"etc/systemd/system/timers.target.wants/apt-*", "etc/systemd/system/timers.target.wants/dpkg-*",
	"etc/yum.repos.d/*", "etc/zypp/repos.d/*",
	// A plugin that Enterprise Linux does not have by default: it makes a repository of whatever was installed.
	"etc/dnf/plugins/local.conf", "usr/lib/python3/dist-packages/dnf-plugins/local.py",
}

// rpmRootfs returns the folder of the root file system of rpm nodes.
func (a *Assets) rpmRootfs(ctx context.Context) (string, error) {
	base, err := a.Rootfs(ctx, controlPlaneMachine)
	if err != nil {
		return "", err
	}
	inputs := []string{"layout 1", base, fmt.Sprint(rpmTools, rpmNodePrograms, rpmNodeFiles, rpmNodeFolders, foreignFiles, stubs)}
	recipe, err := recipes.ReadFile("rpmpackages/stub.yaml")
	if err != nil {
		return "", err
	}
	return a.cache.ensure(ctx, asset{
		name:    "rootfs-rpm",
		usually: time.Minute,
		inputs:  append(inputs, string(recipe)),
		build:   func(ctx context.Context, dir string) error { return a.buildRPMRootfs(ctx, base, dir) },
	})
}

func (a *Assets) buildRPMRootfs(ctx context.Context, base, dir string) error {
	if _, err := output(ctx, "cp", "-a", base+"/.", dir); err != nil {
		return err
	}
	status := filepath.Join(base, "var/lib/dpkg/status")
	for _, tools := range append(rpmTools, rpmNodePrograms) {
		if err := a.downloadDebs(ctx, controlPlaneMachine, status, filepath.Join(dir, "var/debs"), tools...); err != nil {
			return err
		}
	}
	// dpkg does not sort what it is given by what must be set up first, as apt does. Each pass gets one step further.
	const install = "dpkg --force-breaks --force-overwrite -i /var/debs/*.deb"
	if err := inChroot(ctx, dir, install+" || "+install+" || "+install); err != nil {
		return err
	}
	if err := errors.Join(removeAll(dir, foreignFiles), forget(dir), writeRPMNodeFiles(dir)); err != nil {
		return err
	}
	return a.registerStubs(ctx, dir)
}

// inChroot runs a script in a root file system that is being built.
func inChroot(ctx context.Context, root, script string) error {
	cmd := newCommand(ctx, "chroot", root, "/bin/sh", "-e", "-c", script)
	cmd.Env = append([]string{"DEBIAN_FRONTEND=noninteractive"}, environment...)
	_, err := outputOf(ctx, cmd)
	return err
}

// removeAll removes what matches patterns below a folder.
func removeAll(root string, patterns []string) error {
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeRPMNodeFiles(root string) error {
	for _, folder := range rpmNodeFolders {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	for path, content := range rpmNodeFiles {
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// registerStubs makes the package database, with the stubs in it.
func (a *Assets) registerStubs(ctx context.Context, root string) error {
	folder := filepath.Join(root, "var/stubs")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if err := a.pack(ctx, packaging{format: "rpm", recipes: "rpmpackages"}, folder, stubPackages()); err != nil {
		return err
	}
	// rpm on Debian says that it is not Debian's package manager, and wants to be told that this is known.
	if err := inChroot(ctx, root, "rpm --initdb; rpm --install --nosignature --force-debian /var/stubs/*.rpm"); err != nil {
		return err
	}
	return os.RemoveAll(folder)
}
