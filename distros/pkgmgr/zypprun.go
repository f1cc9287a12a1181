package pkgmgr

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// zyppCache is where zypper downloads to on hostler's behalf: its own cache forgets
// a package as soon as it is installed, unless the repository says keeppackages=1.
const zyppCache = cacheDir + "/zypp"

// apply makes the changes, and leaves no configuration of what goes for good.
func (z zypper) apply(ctx context.Context, h host.Host, changes []Change) error {
	return purging(ctx, h, changes, func() error { return z.perform(ctx, h, changes) })
}

// perform downloads first, so that there is a copy of each package for the way back.
func (z zypper) perform(ctx context.Context, h host.Host, changes []Change) error {
	if _, err := z.Simulate(ctx, h, changes); err != nil {
		return err // also where a hold is in the way, which the transaction does not see
	}
	changes, err := z.withDependents(ctx, h, changes)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return c.To != "" && c.Archive == "" }) {
		if err := z.download(ctx, h, changes); err != nil {
			return err
		}
	}
	cmd, err := zyppTransaction(h, zyppWriter, "", changes)
	if err != nil {
		return err
	}
	return runZypper(ctx, h, cmd)
}

func runZypper(ctx context.Context, h host.Host, cmd host.Command) error {
	out, err := h.Run(ctx, cmd)
	return zypperError(err, out)
}

// download puts the packages into zypper's cache, for the installation, and copies of
// them beside those of the other managers of rpm, for the way back.
func (z zypper) download(ctx context.Context, h host.Host, changes []Change) error {
	changes, err := z.withDependents(ctx, h, changes)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(changes, func(c Change) bool { return c.To != "" }) {
		return nil // a removal needs nothing
	}
	cmd, err := zyppTransaction(h, zyppWriter, "--download-only", changes)
	if err != nil {
		return err
	}
	if err := runZypper(ctx, h, cmd); err != nil {
		return err
	}
	return keepZyppDownloads(ctx, h)
}

func (zypper) fetch(ctx context.Context, h host.Host, name, version string) error {
	argv := append(slices.Clone(zyppWriter), "download", name+"="+version)
	if err := runZypper(ctx, h, host.Command{Argv: argv, Env: zyppEnv, Timeout: refreshTimeout}); err != nil {
		return err
	}
	return keepZyppDownloads(ctx, h)
}

// keepZyppDownloads goes through folders that are named as the repositories wish.
func keepZyppDownloads(ctx context.Context, h host.Host) error {
	if err := tidy(ctx, h, nil, "install", "-d", "-m", "0755", cacheDir, zyppCache, rpmArchives); err != nil {
		return err
	}
	return tidy(ctx, h, nil, "find", zyppCache, "-name", "*.rpm", "-exec", "cp", "-pu", "--reflink=auto", "-t", rpmArchives, "--", "{}", "+")
}

func (zypper) archive(name, version, arch string) string { return rpmArchive(name, version, arch) }

// refresh of one repository is an error where it fails; zypper refuses one whose key rpm
// does not have (see ImportKey). When all are refreshed, one that is down must not stop
// the work; what is missing then shows when it is wanted.
func (zypper) refresh(ctx context.Context, h host.Host, source string) error {
	argv := []string{"zypper", "--xmlout", "--non-interactive", "refresh"}
	if source != "" {
		// The repository in NAME.repo has the alias NAME; see package repository.
		argv = append(argv, strings.TrimSuffix(path.Base(source), ".repo"))
	}
	err := runZypper(ctx, h, host.Command{Argv: argv, Env: zyppEnv, Timeout: refreshTimeout})
	if source == "" && errors.Is(err, ErrUnreachable) {
		return nil
	}
	return err
}

// repair installs what installed packages miss after a transaction was cut short.
func (zypper) repair(ctx context.Context, h host.Host) error {
	argv := append(slices.Clone(zyppWriter), "verify")
	return runZypper(ctx, h, host.Command{Argv: argv, Env: zyppEnv, Timeout: transactionTimeout})
}

// databaseLocks are libzypp's, which is a file with a process id, and rpm's.
func (zypper) databaseLocks() []string {
	return []string{"/run/zypp.pid", "/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"}
}

func (zypper) listLocks() []string { return []string{"/run/zypp.pid"} }
