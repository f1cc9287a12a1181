package pkgmgr

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// command is what all changes share. hostler waits for locks itself, so dnf does
// not, and what is downloaded stays, for a second try and for the way back.
func (d dnf) command(timeout time.Duration, args ...string) host.Command {
	argv := []string{d.program, "-y", "--setopt=keepcache=1", "--setopt=exit_on_lock=1"}
	return host.Command{Argv: append(argv, args...), Timeout: timeout}
}

func (d dnf) run(ctx context.Context, h host.Host, cmd host.Command) error {
	out, err := h.Run(ctx, cmd)
	if err != nil {
		return dnfError(err, out)
	}
	return nil
}

// download takes as long as a transaction: lines are slow, and archives large. It
// checks signatures too.
func (d dnf) download(ctx context.Context, h host.Host, changes []Change) error {
	inventory, err := d.Installed(ctx, h)
	if err != nil {
		return err
	}
	for _, t := range d.transactions(inventory, changes) {
		if t.verb == "remove" {
			continue // needs nothing
		}
		args := slices.Concat(d.everything(h), t.options, []string{"--downloadonly", t.verb}, t.targets)
		if err := d.run(ctx, h, d.command(transactionTimeout, args...)); err != nil {
			return err
		}
	}
	d.keepDownloads(ctx, h)
	return nil
}

// fetch brings the archive of an installed version.
func (d dnf) fetch(ctx context.Context, h host.Host, name, version string) error {
	args := slices.Concat(d.everything(h), []string{"--downloadonly", "reinstall", d.target(Change{Name: name, To: version})})
	if err := d.run(ctx, h, d.command(refreshTimeout, args...)); err != nil {
		return err
	}
	d.keepDownloads(ctx, h)
	return nil
}

// keepDownloads gives what is in the cache a second name in a folder that undo knows.
// Without it undo needs the repository, which is not worth failing for.
func (d dnf) keepDownloads(ctx context.Context, h host.Host) {
	err := tidy(ctx, h, nil, "install", "-d", "-m", "0755", cacheDir, rpmArchives)
	if err == nil {
		err = tidy(ctx, h, nil, "find", d.cache, "-name", "*.rpm", "-exec", "cp", "-pl", "--update", "-t", rpmArchives, "--", "{}", "+")
	}
	if err != nil {
		host.Progress(ctx, fmt.Sprintf("going on without copies of packages for undo: %v", err))
	}
}

func (dnf) archive(name, version, arch string) string { return rpmArchive(name, version, arch) }

// refresh of one source file fetches the lists of the repositories in it, and any
// failure of one is an error. When all are refreshed, one that is down must not stop
// the work; what is missing then shows when it is wanted.
func (d dnf) refresh(ctx context.Context, h host.Host, source string) error {
	args := []string{lenient, "makecache"}
	if source != "" {
		content, err := h.ReadFile(source)
		if err != nil {
			return fmt.Errorf("reading which repositories are described: %w", err)
		}
		args = []string{"--disablerepo=*"}
		for _, id := range repositoryIDs(content) {
			args = append(args, "--enablerepo="+id, "--setopt="+id+".skip_if_unavailable=0")
		}
		args = append(args, "makecache")
	}
	if !d.isYum() {
		args = append(args, "--refresh")
	}
	return d.run(ctx, h, d.command(refreshTimeout, args...))
}

// repositoryIDs are the sections of a .repo file.
func repositoryIDs(content []byte) []string {
	var ids []string
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			ids = append(ids, strings.Trim(line, "[]"))
		}
	}
	return ids
}

// repair removes what an interrupted upgrade left twice. yum notes what it was about
// to do; what of that is not wanted any more is forgotten by its own tool, of the
// package yum-utils.
func (d dnf) repair(ctx context.Context, h host.Host) error {
	if !d.isYum() {
		return d.run(ctx, h, d.command(transactionTimeout, "remove", "--duplicates"))
	}
	for _, argv := range [][]string{{"yum-complete-transaction", "-y", "--cleanup-only"}, {"package-cleanup", "-y", "--cleandupes"}} {
		if err := d.run(ctx, h, host.Command{Argv: argv, Timeout: transactionTimeout}); err != nil {
			return err
		}
	}
	return nil
}

// yumTransactions are where yum notes what it does while it does it.
const yumTransactions = "/var/lib/yum"

// findInterrupted looks for the notes of an interrupted yum; dnf makes none.
func (d dnf) findInterrupted(v host.View, inventory *Inventory) error {
	if !d.isYum() {
		return nil
	}
	names, err := listsIn(v, yumTransactions, func(name string) bool { return strings.HasPrefix(name, "transaction-all") })
	for _, name := range names {
		inventory.Unfinished = append(inventory.Unfinished, path.Join(yumTransactions, name))
	}
	return err
}

// yumVersions asks yum itself, since repoquery is in a package that may be missing.
func (d dnf) yumVersions(ctx context.Context, v host.View, names []string) (map[string][]string, error) {
	argv := slices.Concat([]string{"yum", "-q", "-C", "list", "--setopt=exit_on_lock=1", lenient}, d.everything(v), []string{"--showduplicates", "all"}, names)
	out, err := d.query(ctx, v, argv)
	if err := dnfError(err, out); err != nil && !errors.Is(err, ErrNoPackage) {
		return nil, fmt.Errorf("asking which versions the repositories have: %w", err)
	}
	return parseYumList(string(out.Stdout)), nil
}

// parseYumList reads sections of "name.arch version repository". Where a column is
// too long the rest is in the next line. What is installed may be in no repository.
//
//	Available Packages
//	kubelet.x86_64                   1.36.3-150500.1.1                    kubernetes
func parseYumList(text string) map[string][]string {
	versions := map[string][]string{}
	available := false
	var row []string
	for line := range strings.Lines(text) {
		if strings.HasSuffix(strings.TrimSpace(line), "Packages") && line[0] != ' ' {
			available, row = strings.HasPrefix(line, "Available"), nil
			continue
		}
		row = append(row, strings.Fields(line)...)
		if len(row) < 3 {
			continue
		}
		if dot := strings.LastIndexByte(row[0], '.'); available && dot > 0 && row[0][dot+1:] != "src" {
			addVersion(versions, row[0][:dot], rpm.ParseEVR(row[1]).String())
		}
		row = nil
	}
	newestFirst(versions)
	return versions
}

func (d dnf) databaseLocks() []string { return slices.Concat(d.locks, rpmLocks) }

func (d dnf) listLocks() []string { return d.locks[:1] }
