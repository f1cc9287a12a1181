package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// zypper is SUSE's package manager. See zypprun.go for what it changes. What is said
// of its behaviour was seen with zypper 1.14 and libzypp 17.
type zypper struct{}

// Matches and Newer go by rpm's rules.
func (zypper) Matches(wish, version string) bool { return rpm.Matches(wish, version) }
func (zypper) Newer(a, b string) bool            { return rpm.Compare(a, b) > 0 }

// zyppReader begins the commands of a plan, zyppWriter those that change something.
// Neither looks whether lists are fresh: hostler says when they are fetched.
var (
	zyppReader = []string{"zypper", "--xmlout", "--non-interactive", "--no-refresh"}
	zyppWriter = append(slices.Clone(zyppReader), "--pkg-cache-dir", zyppCache)
)

// oldPackage allows an explicit version to be older than the installed one.
const oldPackage = "--oldpackage"

// zyppEnv lets zypper itself wait a few seconds for somebody who was quicker: hostler
// waited for the lock already.
var zyppEnv = []string{"ZYPP_LOCK_TIMEOUT=5"}

// Installed asks rpm, and adds what zypper notes beside it.
func (zypper) Installed(ctx context.Context, v host.View) (Inventory, error) {
	inventory, err := rpmInventory(ctx, v)
	if err != nil {
		return Inventory{}, err
	}
	locks, err := readZyppLocks(v)
	if err != nil {
		return Inventory{}, err
	}
	auto, err := readZyppAuto(v)
	if err != nil {
		return Inventory{}, err
	}
	marked := inventory.withPackages()
	for name, p := range marked.packages {
		p.Held, p.Auto = locks.hold(name), auto.has(name)
		marked.packages[name] = p
	}
	for _, name := range locks.names() { // a lock on what is not installed keeps it away
		if _, known := marked.packages[name]; !known {
			marked.packages[name] = Package{Name: name, Held: true}
		}
	}
	return marked, nil
}

// Versions asks for all versions of exactly these packages.
func (zypper) Versions(ctx context.Context, v host.View, names ...string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	argv := slices.Concat(zyppReader, []string{"search", "-s", "--match-exact", "--type=package"}, names)
	out, err := v.Query(ctx, host.Command{Argv: argv, Env: zyppEnv})
	if exitCode(err) == zyppNotFound {
		return nil, nil
	}
	if err := zypperError(err, out); err != nil {
		return nil, fmt.Errorf("asking which versions the repositories have: %w", err)
	}
	return parseZyppSearch(out.Stdout)
}

// Simulate is a dry run. It sees no locks, because a wish for a package counts more
// than a hold on it; a hold on any other package is minded here.
func (z zypper) Simulate(ctx context.Context, v host.View, changes []Change) ([]Change, error) {
	changes, err := z.withDependents(ctx, v, changes)
	if err != nil {
		return nil, err
	}
	cmd, err := zyppTransaction(v, zyppReader, "--dry-run", changes)
	if err != nil {
		return nil, err
	}
	simulated, err := z.dryRun(ctx, v, cmd)
	if err != nil {
		return nil, err
	}
	return simulated, z.mindHolds(ctx, v, changes, simulated)
}

func (zypper) dryRun(ctx context.Context, v host.View, cmd host.Command) ([]Change, error) {
	out, err := v.Query(ctx, cmd)
	if err := zypperError(err, out); err != nil {
		return nil, fmt.Errorf("simulating the installation: %w", err)
	}
	return parseZyppSummary(out.Stdout)
}

// withDependents names what cannot be without the packages that go. zypper takes it
// along when it only removes; in one transaction with installations it refuses.
func (z zypper) withDependents(ctx context.Context, v host.View, changes []Change) ([]Change, error) {
	gone := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.To != "" })
	if len(gone) == 0 || len(gone) == len(changes) {
		return changes, nil
	}
	cmd, err := zyppTransaction(v, zyppReader, "--dry-run", gone)
	if err != nil {
		return nil, err
	}
	removed, err := z.dryRun(ctx, v, cmd)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(changes)
	for _, change := range removed {
		if !names(all, change.Name) {
			change.KeepConfig = gone[0].KeepConfig
			all = append(all, change)
		}
	}
	return all, nil
}

// mindHolds refuses to touch what is held and was not named.
func (z zypper) mindHolds(ctx context.Context, v host.View, named, simulated []Change) error {
	inventory, err := z.Installed(ctx, v)
	if err != nil {
		return err
	}
	for _, change := range simulated {
		if current := inventory.Get(change.Name); current.Held && current.Installed && !names(named, change.Name) {
			return &Error{Kind: ErrBroken, Detail: fmt.Sprintf("%s would have to change (%s), and is locked: name it too, or take the lock off (zypper removelock %s)",
				change.Name, change, change.Name)}
		}
	}
	return nil
}

func names(changes []Change, name string) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Name == name })
}

// The places where libzypp looks for its configuration.
var zyppConfigs = []string{"/etc/zypp/zypp.conf", "/usr/etc/zypp/zypp.conf"}

// zyppSettings are laid over the host's for one command: holds are minded by hostler,
// which lifts those on packages that it was told to change and leaves the file with
// them alone; and a version that was asked for may come from another vendor.
const zyppSettings = "\n[main]\nlocksfile.path = /dev/null\nsolver.allowVendorChange = true\n"

// zyppTransaction is the command that makes the changes.
func zyppTransaction(v host.View, start []string, option string, changes []Change) (host.Command, error) {
	config, err := readFirst(v, zyppConfigs)
	if err != nil {
		return host.Command{}, err
	}
	removal := !slices.ContainsFunc(changes, func(c Change) bool { return c.To != "" })
	argv := slices.Clone(start)
	if removal {
		argv = append(argv, "remove")
	} else {
		argv = append(argv, "install", oldPackage)
	}
	if option != "" {
		argv = append(argv, option)
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Archive != "" && c.To != "" }) {
		// Archives were checked when they came, and lie where only root writes.
		argv = append(argv, "--allow-unsigned-rpm")
	}
	return host.Command{
		Argv:  append(argv, zyppTargets(changes, removal)...),
		Env:   append(slices.Clone(zyppEnv), "ZYPP_CONF=/dev/stdin"),
		Stdin: append(config, zyppSettings...), Timeout: zyppTimeout(option),
	}, nil
}

func zyppTimeout(option string) time.Duration {
	if option == "--dry-run" {
		return refreshTimeout
	}
	return transactionTimeout
}

// zyppTargets writes changes as arguments. An exclamation mark removes.
func zyppTargets(changes []Change, removal bool) []string {
	targets := make([]string, len(changes))
	for i, c := range changes {
		switch {
		case removal:
			targets[i] = c.Name
		case c.To == "":
			targets[i] = "!" + c.Name
		case c.Archive != "":
			targets[i] = c.Archive
		default:
			targets[i] = c.Name + "=" + c.To
		}
	}
	return targets
}

// readFirst reads the first of the files that there is; none is empty.
func readFirst(v host.View, paths []string) ([]byte, error) {
	for _, name := range paths {
		content, err := v.ReadFile(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return slices.Clip(content), err
		}
	}
	return nil, nil
}
