package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// Why a package was installed dnf keeps in databases of its own, and yum in a file a
// package.

// reasonFiles change when dnf notes why a package was installed: those of dnf 4 and
// of dnf 5.
var reasonFiles = []string{
	"/var/lib/dnf/history.sqlite", "/var/lib/dnf/history.sqlite-wal",
	"/usr/lib/sysimage/libdnf5/packages.toml", "/usr/lib/sysimage/libdnf5/nevras.toml",
}

// lastReasons is kept like lastInventory.
var lastReasons memory[map[string]bool]

// markAuto adds which packages were installed for others. Of yum it is not known:
// what came for others stays as wanted then when undo brings it back.
func (d dnf) markAuto(ctx context.Context, v host.View, inventory Inventory) error {
	if d.isYum() {
		return nil
	}
	stamp, err := rpmStamp(v)
	if err != nil {
		return err
	}
	noted := false
	for _, name := range reasonFiles {
		info, err := v.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking at dnf's notes: %w", err)
		}
		noted = true
		stamp += fmt.Sprintf("%s %d %d\n", path.Base(name), info.Size, info.ModTime.UnixNano())
	}
	if !noted {
		return nil // dnf has installed nothing here
	}
	auto, err := lastReasons.get(rpmAnswer{view: host.Origin(v), stamp: stamp}, func() (map[string]bool, error) { return queryReasons(ctx, v) })
	if errors.Is(err, ErrLocked) {
		return nil // it can be told when the other dnf has finished, and before hostler's begins
	}
	if err != nil {
		return err
	}
	for name := range auto {
		if p, known := inventory.packages[name]; known {
			p.Auto = true
			inventory.packages[name] = p
		}
	}
	return nil
}

func queryReasons(ctx context.Context, v host.View) (map[string]bool, error) {
	argv := []string{"dnf", "-q", "-C", "repoquery", "--setopt=exit_on_lock=1", lenient, "--installed", "--queryformat", `%{name}\t%{reason}\n`}
	out, err := v.Query(ctx, host.Command{Argv: argv, Timeout: refreshTimeout})
	if err != nil {
		return nil, fmt.Errorf("asking which packages were installed for others: %w", dnfError(err, out))
	}
	return parseReasons(string(out.Stdout)), nil
}

// parseReasons reads lines of a name and a reason, which dnf 5 begins with a capital.
func parseReasons(text string) map[string]bool {
	auto := map[string]bool{}
	for line := range strings.Lines(text) {
		name, reason, _ := strings.Cut(strings.TrimSpace(line), "\t")
		switch strings.ToLower(reason) {
		case "dependency", "weak-dependency", "weak dependency":
			auto[name] = true
		}
	}
	return auto
}

func (d dnf) setAuto(ctx context.Context, h host.Host, name string) error {
	argv := []string{"dnf", "mark", "remove", name}
	switch {
	case d.isYum():
		argv = []string{"yumdb", "set", "reason", "dep", name} // of yum-utils
	case d.isFive(h):
		argv = []string{"dnf", "mark", "dependency", name}
	}
	return d.run(ctx, h, host.Command{Argv: argv, Timeout: markTimeout})
}
