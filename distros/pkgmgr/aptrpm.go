package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// aptRPM is ALT's package manager: a descendant of apt 0.5 over rpm, without dpkg and
// its options. There is no ALT to try it on: it goes by apt-rpm's manual and source,
// by Salt's module aptrpm and by eepm, and its tests by what those say it prints.
type aptRPM struct{}

// Matches and Newer go by rpm's rules.
func (aptRPM) Matches(wish, version string) bool { return rpm.Matches(wish, version) }
func (aptRPM) Newer(a, b string) bool            { return rpm.Compare(a, b) > 0 }

// Installed asks rpm, and reads which packages apt holds. Which were installed for
// others is not known: apt-rpm's note of that is not documented.
func (aptRPM) Installed(ctx context.Context, v host.View) (Inventory, error) {
	inventory, err := rpmInventory(ctx, v)
	if err != nil {
		return Inventory{}, err
	}
	holds, err := readAptHolds(v)
	if err != nil {
		return Inventory{}, err
	}
	marked := inventory.withPackages()
	for name, p := range marked.packages {
		p.Held = holds.hold(name)
		marked.packages[name] = p
	}
	return marked, nil
}

// Versions asks for the table of each package.
func (aptRPM) Versions(ctx context.Context, v host.View, names ...string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := v.Query(ctx, host.Command{Argv: slices.Concat([]string{"apt-cache", "policy"}, names)})
	if err != nil {
		return nil, fmt.Errorf("asking which versions the repositories have: %w", aptError(err, out))
	}
	return parsePolicy(string(out.Stdout)), nil
}

// policyVersion matches a line of a version table, where the installed version is
// marked; the lines of its sources are further in.
var policyVersion = regexp.MustCompile(`^ (?:\*\*\*|   ) (\S+)`)

// parsePolicy reads the tables. The version of the database of installed packages
// alone is not on offer.
func parsePolicy(text string) map[string][]string {
	versions := map[string][]string{}
	var name, version string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch match := policyVersion.FindStringSubmatch(line); {
		case line != "" && line[0] != ' ':
			name, version = strings.TrimSuffix(line, ":"), ""
		case strings.HasPrefix(line, "        "):
			source := strings.Fields(line)
			offered := len(source) > 1 && strings.Contains(source[1], ":/")
			if offered && name != "" && version != "" && !slices.Contains(versions[name], version) {
				versions[name] = append(versions[name], version)
			}
		case match != nil:
			version = plainVersion(match[1])
		}
	}
	for _, list := range versions {
		slices.SortFunc(list, func(a, b string) int { return rpm.Compare(b, a) })
	}
	return versions
}

// plainVersion takes away what ALT adds to a version since its branch p9: the task and
// the time of the build, as in 4:8.2.5019-alt1:p10+300891.100.2.1@1654002425.
func plainVersion(version string) string {
	dash := strings.LastIndex(version, "-alt")
	if dash < 0 {
		dash = strings.Index(version, "-")
	}
	if dash < 0 {
		return version
	}
	if end := strings.IndexAny(version[dash:], ":@"); end >= 0 {
		return version[:dash+end]
	}
	return version
}

// Simulate runs apt-get -s, which needs no rights.
func (aptRPM) Simulate(ctx context.Context, v host.View, changes []Change) ([]Change, error) {
	argv := slices.Concat([]string{"apt-get", "-s", "install"}, aptTargets(changes))
	out, err := v.Query(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, fmt.Errorf("simulating the installation: %w", aptError(err, out))
	}
	simulated := parseSimulation(string(out.Stdout))
	for i, change := range simulated {
		simulated[i].From, simulated[i].To = plainVersion(change.From), plainVersion(change.To)
	}
	return simulated, nil
}

// aptRPMGet is the command that all changes share; apt-rpm asks nothing but this.
func aptRPMGet(args ...string) host.Command {
	return host.Command{Argv: append([]string{"apt-get", "-q", "-y"}, args...), Timeout: transactionTimeout}
}

// forceYes is what apt 0.5 wants before it changes what is held or goes back to an
// older version without asking; it is given for nothing else, because it allows much.
const forceYes = "--force-yes"

func (m aptRPM) apply(ctx context.Context, h host.Host, changes []Change) error {
	inventory, err := m.Installed(ctx, h)
	if err != nil {
		return err
	}
	args := []string{"install"}
	if slices.ContainsFunc(changes, func(c Change) bool {
		current := inventory.Get(c.Name)
		return current.Installed && (current.Held || c.To != "" && m.Newer(current.Version, c.To))
	}) {
		args = append(args, forceYes, "--ignore-hold")
	}
	return run(ctx, h, aptRPMGet(append(args, aptTargets(changes)...)...))
}

// setAuto does as eepm does.
func (aptRPM) setAuto(ctx context.Context, h host.Host, name string) error {
	return run(ctx, h, host.Command{Argv: []string{"apt-mark", "auto", name}, Timeout: markTimeout})
}

// refresh leaves the lists of other sources alone, as with apt.
func (aptRPM) refresh(ctx context.Context, h host.Host, source string) error {
	args := []string{"update"}
	if source != "" {
		args = append(args, "-o", "Dir::Etc::sourcelist="+source, "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "APT::Get::List-Cleanup=0")
	}
	out, err := h.Run(ctx, aptRPMGet(args...))
	if err != nil {
		return aptError(err, out)
	}
	if problem := classify(string(out.Stderr), ""); problem != nil && source != "" {
		return problem
	}
	return nil
}

// repair lets apt find what packages miss after a transaction that was cut short.
func (aptRPM) repair(ctx context.Context, h host.Host) error {
	return run(ctx, h, aptRPMGet("--fix-broken", "install"))
}

func (aptRPM) fetch(ctx context.Context, h host.Host, name, version string) error {
	if err := run(ctx, h, aptRPMGet("--download-only", "--reinstall", "install", name+"="+version)); err != nil {
		return err
	}
	return keepAptRPMDownloads(ctx, h)
}

func (aptRPM) download(ctx context.Context, h host.Host, changes []Change) error {
	if err := run(ctx, h, aptRPMGet(append([]string{"--download-only", "install"}, aptTargets(changes)...)...)); err != nil {
		return err
	}
	return keepAptRPMDownloads(ctx, h)
}

// keepAptRPMDownloads copies what apt has in its cache, which it calls NAME_VERSION_ARCH.rpm.
func keepAptRPMDownloads(ctx context.Context, h host.Host) error {
	names, err := h.ReadDir(archivesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what apt downloaded: %w", err)
	}
	if err := tidy(ctx, h, nil, "install", "-d", "-m", "0755", cacheDir, rpmArchives); err != nil {
		return err
	}
	for _, name := range names {
		kept, ok := keptName(name)
		if !ok {
			continue
		}
		if _, err := h.Stat(kept); err == nil {
			continue
		}
		if err := tidy(ctx, h, nil, "cp", "-p", "--reflink=auto", "--", path.Join(archivesDir, name), kept); err != nil {
			return err
		}
	}
	return nil
}

// keptName is where the copy of a file of apt's cache goes.
func keptName(file string) (string, bool) {
	words := strings.Split(strings.TrimSuffix(file, ".rpm"), "_")
	if len(words) < 3 || !strings.HasSuffix(file, ".rpm") {
		return "", false
	}
	// An architecture may have an underscore: x86_64.
	name, version, arch := words[0], words[1], strings.Join(words[2:], "_")
	return rpmArchive(name, plainVersion(strings.ReplaceAll(version, "%3a", ":")), arch), true
}

func (aptRPM) archive(name, version, arch string) string { return rpmArchive(name, version, arch) }

// databaseLocks are rpm's and that of apt's cache.
func (aptRPM) databaseLocks() []string {
	return []string{"/var/lib/rpm/.rpm.lock", archivesDir + "/lock"}
}

func (aptRPM) listLocks() []string { return []string{"/var/lib/apt/lists/lock"} }
