package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// dnf is the package manager of Fedora and Enterprise Linux: dnf 4, dnf 5 and, by
// the name of yum, the older one of Enterprise Linux 7. See dnfrun.go for what it
// changes. What is said of dnf 4 was seen with 4.14; dnf 5 and yum go by their
// manuals.
type dnf struct {
	program string
	// config is its main configuration.
	config string
	// lockConfig and lockList are the files of the plugin versionlock.
	lockConfig, lockList string
	// cache is where it downloads to.
	cache string
	// locks are files that its processes hold, beside rpm's.
	locks []string
}

var (
	dnfProper = dnf{
		program: "dnf", config: "/etc/dnf/dnf.conf", cache: "/var/cache/dnf",
		lockConfig: "/etc/dnf/plugins/versionlock.conf", lockList: "/etc/dnf/plugins/versionlock.list",
		locks: []string{"/var/cache/dnf/metadata_lock.pid", "/var/cache/dnf/download_lock.pid", "/var/lib/dnf/rpmdb_lock.pid"},
	}
	yumProper = dnf{
		program: "yum", config: "/etc/yum.conf", cache: "/var/cache/yum",
		lockConfig: "/etc/yum/pluginconf.d/versionlock.conf", lockList: "/etc/yum/pluginconf.d/versionlock.list",
		locks: []string{"/var/run/yum.pid"},
	}
)

// rpmLocks are the lock of rpm's database, where each kind of system has it.
var rpmLocks = []string{"/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"}

func (d dnf) isYum() bool { return d.program == "yum" }

// isFive tells whether dnf is dnf 5, which has its name as a link.
func (d dnf) isFive(v host.View) bool {
	target, err := v.Readlink("/usr/bin/dnf")
	return err == nil && strings.HasSuffix(target, "dnf5")
}

// Matches and Newer go by rpm's rules.
func (dnf) Matches(wish, version string) bool { return rpm.Matches(wish, version) }
func (dnf) Newer(a, b string) bool            { return rpm.Compare(a, b) > 0 }

// Installed asks rpm, and adds what dnf knows beside it.
func (d dnf) Installed(ctx context.Context, v host.View) (Inventory, error) {
	return host.Once(v, inventoryKey{}, func() (Inventory, error) {
		found, err := rpmInventory(ctx, v)
		if err != nil {
			return Inventory{}, err
		}
		inventory := found.withPackages()
		if err := d.markHolds(v, inventory); err != nil {
			return Inventory{}, err
		}
		if err := d.markAuto(ctx, v, inventory); err != nil {
			return Inventory{}, err
		}
		return inventory, d.findInterrupted(v, &inventory)
	})
}

// everything lets a command see what holds hide: those on the packages that it
// names are hostler's business, and those on others are minded after a simulation.
func (d dnf) everything(v host.View) []string {
	excludes := "--disableexcludes=all"
	if d.isFive(v) {
		excludes = "--setopt=disable_excludes=*"
	}
	return []string{"--disableplugin=versionlock", excludes}
}

// query asks dnf, which fails when somebody holds its lock instead of waiting for
// ever, and asks again while it is reasonable to wait for a plan.
func (d dnf) query(ctx context.Context, v host.View, argv []string) (host.Output, error) {
	var out host.Output
	var err error
	deadline := time.Now().Add(queryLockTimeout)
	for {
		out, err = v.Query(ctx, host.Command{Argv: argv, Timeout: refreshTimeout})
		if err == nil || declined(out) || !errors.Is(dnfError(err, out), ErrLocked) || time.Now().After(deadline) {
			return out, err
		}
		if err := pause(ctx); err != nil {
			return out, err
		}
	}
}

// queryLockTimeout bounds the wait of a plan for somebody else's dnf.
const queryLockTimeout = time.Minute

// lenient goes by the repositories whose lists were fetched and leaves the others
// out: without it one that was not fetched yet would hide all.
const lenient = "--setopt=*.skip_if_unavailable=1"

// dnfQuery is the form in which versions are asked for. dnf 5 ends no lines itself.
const dnfQuery = `%{name}\t%{epoch}:%{version}-%{release}\t%{arch}\n`

// Versions asks for all versions in the lists that were fetched.
func (d dnf) Versions(ctx context.Context, v host.View, names ...string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if d.isYum() {
		return d.yumVersions(ctx, v, names)
	}
	argv := slices.Concat([]string{"dnf", "-q", "-C", "repoquery", "--setopt=exit_on_lock=1", lenient}, d.everything(v), []string{"--showduplicates", "--queryformat", dnfQuery}, names)
	out, err := d.query(ctx, v, argv)
	if err != nil {
		return nil, fmt.Errorf("asking which versions the repositories have: %w", dnfError(err, out))
	}
	return parseRepoquery(string(out.Stdout)), nil
}

func parseRepoquery(text string) map[string][]string {
	versions := map[string][]string{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 || fields[2] == "src" {
			continue
		}
		addVersion(versions, fields[0], fields[1])
	}
	newestFirst(versions)
	return versions
}

// addVersion leaves out an epoch of 0, and what several repositories have.
func addVersion(versions map[string][]string, name, version string) {
	if version = rpm.ParseEVR(version).String(); !slices.Contains(versions[name], version) {
		versions[name] = append(versions[name], version)
	}
}

func newestFirst(versions map[string][]string) {
	for _, list := range versions {
		slices.SortStableFunc(list, func(a, b string) int { return rpm.Compare(b, a) })
	}
}

// Simulate lets dnf print what it would do, and answer no to itself.
func (d dnf) Simulate(ctx context.Context, v host.View, changes []Change) ([]Change, error) {
	inventory, err := d.Installed(ctx, v)
	if err != nil {
		return nil, err
	}
	var simulated []Change
	for _, t := range d.transactions(inventory, changes) {
		argv := slices.Concat([]string{d.program, "--assumeno", "-C", t.verb, "--setopt=exit_on_lock=1", lenient}, d.everything(v), t.options, t.targets)
		out, err := d.query(ctx, v, argv)
		if err != nil && !declined(out) {
			return nil, fmt.Errorf("simulating the installation: %w", dnfError(err, out))
		}
		for _, change := range parseTransaction(string(out.Stdout)) {
			if names(simulated, change.Name) {
				continue
			}
			if current := inventory.Get(change.Name); current.Installed && !(change.To != "" && rpm.MayBeSeveral(change.Name)) {
				change.From = current.Version
			}
			simulated = append(simulated, change)
		}
	}
	return simulated, mindHolds(inventory, changes, simulated)
}

// declined tells whether a command ended because it was told to answer no: dnf says
// so on standard error and with exit status 1, as for any failure.
func declined(out host.Output) bool {
	said := string(out.Stdout) + string(out.Stderr)
	return strings.Contains(said, "Operation aborted") || // dnf 4
		strings.Contains(said, "Operation aborted by the user") || // dnf 5
		strings.Contains(said, "Exiting on user command") // yum
}

// mindHolds refuses to touch what is held and was not named.
func mindHolds(inventory Inventory, named, simulated []Change) error {
	for _, change := range simulated {
		if current := inventory.Get(change.Name); current.Held && current.Installed && !names(named, change.Name) {
			return &Error{Kind: ErrBroken, Detail: fmt.Sprintf("%s would have to change (%s), and its version is locked: name it too, or take the lock off", change.Name, change)}
		}
	}
	return nil
}

// dnfTransaction is one call of dnf.
type dnfTransaction struct {
	verb    string
	options []string
	targets []string
}

// transactions are the calls that changes need: what goes is removed after the rest,
// since no verb of dnf does both. Were the second cut short, the first would be as
// harmless as in the middle of one transaction, for rpm takes nothing back either.
// yum needs a call of its own for older versions.
func (d dnf) transactions(inventory Inventory, changes []Change) []dnfTransaction {
	install := dnfTransaction{verb: "install", options: []string{"--setopt=install_weak_deps=0", "--allowerasing"}}
	if d.isYum() {
		install.options = nil
	}
	downgrade := dnfTransaction{verb: "downgrade"}
	remove := dnfTransaction{verb: "remove", options: []string{"--setopt=clean_requirements_on_remove=0"}}
	for _, c := range changes {
		current := inventory.Get(c.Name)
		switch {
		case c.To == "" && current.Installed:
			remove.targets = append(remove.targets, c.Name)
		case c.To == "":
		case d.isYum() && current.Installed && rpm.Compare(c.To, current.Version) < 0:
			downgrade.targets = append(downgrade.targets, d.target(c))
		default:
			install.targets = append(install.targets, d.target(c))
		}
	}
	return slices.DeleteFunc([]dnfTransaction{downgrade, install, remove}, func(t dnfTransaction) bool { return len(t.targets) == 0 })
}

// target names a package and its version. yum wants epochs elsewhere, and does
// without them.
func (d dnf) target(c Change) string {
	if c.Archive != "" {
		return c.Archive
	}
	evr := rpm.ParseEVR(c.To)
	if d.isYum() {
		evr.Epoch = ""
	}
	return c.Name + "-" + evr.String()
}
