package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// adaptations are the files that a node has only because it is a container on somebody's machine. Each says why it is there.
//
//go:embed all:rootfs
var adaptations embed.FS

// basePackages make a Debian that boots and can be administered, and no more.
var basePackages = []string{
	"ca-certificates", "dbus", "iproute2", "kmod", "netbase", "procps", "systemd", "systemd-sysv",
}

// enabledUnits are the units of adaptations, by the target that wants them.
var enabledUnits = map[string]string{
	"testbed-cgroups.service": "sysinit.target",
	"testbed-network.service": "multi-user.target",
}

// Rootfs returns the folder of a bare system of a suite. It is shared: mount it as the lower layer of an overlay.
func (a *Assets) Rootfs(ctx context.Context, suite string) (string, error) {
	if _, rpm := osReleases[suite]; rpm {
		return a.rpmRootfs(ctx)
	}
	if !slices.Contains(Suites, suite) {
		return "", fmt.Errorf("no root file system for Debian %q: use one of %s", suite, strings.Join(Suites, ", "))
	}
	inputs := append([]string{suite, "layout 1"}, basePackages...)
	err := eachAdaptation(func(path string, content []byte) error {
		inputs = append(inputs, path, string(content))
		return nil
	})
	if err != nil {
		return "", err
	}
	return a.cache.ensure(ctx, asset{
		name:    "rootfs-" + suite,
		usually: time.Minute,
		inputs:  inputs,
		build: func(ctx context.Context, dir string) error {
			mirror, err := a.debianMirror(ctx)
			if err != nil {
				return err
			}
			cmd := newCommand(ctx, "debootstrap", "--variant=minbase", "--include="+strings.Join(basePackages, ","), suite, dir, mirror)
			// It mounts /proc and /sys in dir. When it is killed they must go with it: removing dir must never walk into them.
			cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
			if _, err := outputOf(ctx, cmd); err != nil {
				return err
			}
			return adapt(dir)
		},
	})
}

// adapt turns what debootstrap made into a node without a past: no package source, no identity, and the adaptations.
func adapt(root string) error {
	err := eachAdaptation(func(path string, content []byte) error {
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("adapting the root file system: %w", err)
	}
	for unit, target := range enabledUnits {
		wants := filepath.Join(root, "etc/systemd/system", target+".wants")
		err := errors.Join(os.MkdirAll(wants, 0o755), os.Symlink("/etc/systemd/system/"+unit, filepath.Join(wants, unit)))
		if err != nil {
			return fmt.Errorf("enabling %s: %w", unit, err)
		}
	}
	return errors.Join(forget(root), maskSharedSysctls(root))
}

// forget removes what debootstrap copied from this machine or left of its own work.
func forget(root string) error {
	gone := []string{"etc/apt/sources.list", "etc/hostname", "etc/resolv.conf"}
	for _, pattern := range []string{"var/lib/apt/lists/*", "var/cache/apt/*.bin", "var/cache/apt/archives/*.deb"} {
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
	for _, path := range gone {
		if err := os.RemoveAll(filepath.Join(root, path)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/machine-id"), nil, 0o444); err != nil {
		return err
	}
	// The kubelet hands this file to pods and refuses to start without it. There is no resolver to name.
	return os.WriteFile(filepath.Join(root, "etc/resolv.conf"), []byte("# no resolver in the test cluster\n"), 0o644)
}

// maskSharedSysctls switches off the distribution's sysctl files that set keys of the kernel that all share, since every boot
// of a node would set them on the machine. Files that set net.* alone stay: each node has its own.
func maskSharedSysctls(root string) error {
	files, err := filepath.Glob(filepath.Join(root, "usr/lib/sysctl.d/*.conf"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !setsSharedSysctl(string(content)) {
			continue
		}
		if err := os.Symlink("/dev/null", filepath.Join(root, "etc/sysctl.d", filepath.Base(file))); err != nil {
			return err
		}
	}
	return nil
}

func setsSharedSysctl(content string) bool {
	for line := range strings.Lines(content) {
		line = strings.TrimLeft(strings.TrimSpace(line), "-")
		if line != "" && line[0] != '#' && line[0] != ';' && !strings.HasPrefix(line, "net.") {
			return true
		}
	}
	return false
}

// eachAdaptation calls use with each file of adaptations, in order, by its path in a node.
func eachAdaptation(use func(path string, content []byte) error) error {
	return fs.WalkDir(adaptations, "rootfs", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := adaptations.ReadFile(path)
		if err != nil {
			return err
		}
		return use(strings.TrimPrefix(path, "rootfs/"), content)
	})
}
