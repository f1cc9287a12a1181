package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dpkg"
	"github.com/hostler-dev/hostler/steps/host"
)

// apt is Debian's package manager. See aptrun.go for what it changes.
type apt struct{}

// Matches and Newer go by dpkg's rules.
func (apt) Matches(wish, version string) bool { return dpkg.Matches(wish, version) }
func (apt) Newer(a, b string) bool            { return dpkg.Compare(a, b) > 0 }

// autoPath is where apt notes the packages that it installed for others.
const autoPath = "/var/lib/apt/extended_states"

// withoutCache keeps apt from writing its cache: a plan must not write.
var withoutCache = []string{"-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="}

// Installed reads dpkg's status, which is an error to be without. Several steps
// ask for it, and on a machine with many packages it is the longest file of all.
func (apt) Installed(_ context.Context, v host.View) (Inventory, error) {
	return host.Once(v, inventoryKey{}, func() (Inventory, error) { return readInventory(v) })
}

type inventoryKey struct{}

func readInventory(v host.View) (Inventory, error) {
	status, err := v.ReadFile(dpkg.StatusPath)
	if err != nil {
		return Inventory{}, fmt.Errorf("reading which packages are installed: %w", err)
	}
	inventory := Inventory{packages: make(map[string]Package, len(status)/800)} // an entry is about that long
	for entry := range dpkg.Entries(string(status)) {
		if entry.Unfinished() {
			inventory.Unfinished = append(inventory.Unfinished, entry.Name+" ("+entry.State+")")
		}
		inventory.add(entry)
	}
	if err := inventory.markAuto(v); err != nil {
		return Inventory{}, err
	}
	return inventory, inventory.findUpdates(v)
}

// add takes an entry in. Of a package that is there for two architectures the
// installed one counts, then the first.
func (i *Inventory) add(entry dpkg.Entry) {
	known, twice := i.packages[entry.Name]
	if twice && (known.Installed || !entry.Installed()) {
		return
	}
	i.packages[entry.Name] = Package{
		Name: entry.Name, Version: entry.Version, Arch: entry.Arch,
		Installed: entry.Installed(), ConfigFiles: entry.State == dpkg.StateConfigFiles, Unfinished: entry.Unfinished(),
		Held: entry.Held(),
	}
}

func (i *Inventory) markAuto(v host.View) error {
	states, err := v.ReadFile(autoPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading which packages were installed for others: %w", err)
	}
	var name string
	for line := range strings.Lines(string(states)) {
		line = strings.TrimSpace(line)
		if after, found := strings.CutPrefix(line, "Package: "); found {
			name = after
		}
		if known, found := i.packages[name]; found && line == "Auto-Installed: 1" {
			known.Auto = true
			i.packages[name] = known
		}
	}
	return nil
}

// findUpdates looks for the journal of an interrupted dpkg. Its entries have
// names of digits only.
func (i *Inventory) findUpdates(v host.View) error {
	names, err := v.ReadDir(dpkg.UpdatesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for interrupted work of dpkg: %w", err)
	}
	for _, name := range names {
		if strings.Trim(name, "0123456789") == "" {
			i.Unfinished = append(i.Unfinished, dpkg.UpdatesDir+"/"+name)
		}
	}
	return nil
}

// Versions asks apt-cache, which knows compressed lists, pins and architectures.
func (apt) Versions(ctx context.Context, v host.View, names ...string) (map[string][]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	argv := slices.Concat([]string{"apt-cache", "madison"}, withoutCache, names)
	out, err := v.Query(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, fmt.Errorf("asking which versions the repositories have: %w", aptError(err, out))
	}
	return parseMadison(string(out.Stdout)), nil
}

// parseMadison reads lines of "package | version | source". A version may be in
// several sources, and sources of code are no packages.
func parseMadison(text string) map[string][]string {
	versions := map[string][]string{}
	for line := range strings.Lines(text) {
		columns := strings.Split(line, "|")
		if len(columns) != 3 || strings.HasSuffix(strings.TrimSpace(columns[2]), " Sources") {
			continue
		}
		name, version := strings.TrimSpace(columns[0]), strings.TrimSpace(columns[1])
		if !slices.Contains(versions[name], version) {
			versions[name] = append(versions[name], version)
		}
	}
	for _, list := range versions {
		slices.SortFunc(list, func(a, b string) int { return dpkg.Compare(b, a) })
	}
	return versions
}

// Simulate runs apt-get -s, which needs no rights and takes no lock.
func (apt) Simulate(ctx context.Context, v host.View, changes []Change) ([]Change, error) {
	argv := slices.Concat([]string{"apt-get", "-s", "install", allowHeld, allowDowngrades}, withoutCache, aptTargets(changes))
	out, err := v.Query(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, fmt.Errorf("simulating the installation: %w", aptError(err, out))
	}
	return parseSimulation(string(out.Stdout)), nil
}

// simulated matches apt's lines, with the old version and the new one optional:
//
//	Inst kubelet [1.35.4-1.1] (1.36.3-1.1 pkgs.k8s.io [amd64])
//	Remv conntrack [1:1.4.7-1]
var simulated = regexp.MustCompile(`^(?:Inst|Remv|Purg) (\S+)(?: \[([^]]+)\])?(?: \((\S+))?`)

func parseSimulation(text string) []Change {
	var changes []Change
	for line := range strings.Lines(text) {
		if m := simulated.FindStringSubmatch(line); m != nil {
			name, _, _ := strings.Cut(m[1], ":") // apt writes name:arch for foreign packages
			changes = append(changes, Change{Name: name, From: m[2], To: m[3]})
		}
	}
	return changes
}
