package hosttest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/unitfiles"
)

// unitState is what the fake's systemd holds of a unit in memory.
type unitState struct {
	active      string // empty: inactive
	sub         string
	result      string
	pid         int
	activeSince time.Time
	restarts    int
	// loaded is set for units that systemd read at boot, at a daemon-reload or for
	// a job; sources is the digest of their files then and masked what they said.
	loaded  bool
	sources [sha256.Size]byte
	missing bool // loaded when there was no unit file
	masked  bool
}

// UnitFile puts a packaged unit file into /usr/lib/systemd/system.
func UnitFile(name, content string) Option {
	return File(path.Join("/usr/lib/systemd/system", name), content)
}

// Running makes a unit active, as it is some time after boot.
func Running(name string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.started(name)
	}
}

// Enabled makes the links of the unit's [Install] section.
func Enabled(name string) Option { return unitFileState(name, unitfiles.Enabled) }

// Masked links the unit to /dev/null in /etc/systemd/system.
func Masked(name string) Option { return unitFileState(name, unitfiles.Masked) }

func unitFileState(name, state string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		// A unit file without [Install] cannot be enabled; the test that wants it
		// sees the state that remains.
		_ = unitfiles.SetState(bareTree{f}, name, state)
	}
}

// Failed makes a unit fail by itself, as a service does whose process dies. The
// lines go to its log.
func Failed(name string, log ...string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.fail(name, log)
	}
}

// Inactive stops a unit behind hostler's back.
func Inactive(name string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.stopped(name)
	}
}

// Reloaded is a daemon-reload by somebody else, such as a package's scripts.
func Reloaded() Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.loadUnits()
	}
}

// OnJob installs a hook for a unit's jobs; nil takes it away.
func OnJob(name string, hook JobHook) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.hooks[name] = hook
	}
}

// JobFails is a JobHook that fails starts, restarts and reloads; the lines go
// to the unit's log.
func JobFails(log ...string) JobHook {
	return func(_ *Fake, verb host.JobVerb) error {
		if verb == host.JobStop {
			return nil
		}
		return errors.New(strings.Join(log, "\n"))
	}
}

// Log adds lines to a unit's journal.
func Log(name string, lines ...string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.logs[name] = append(f.logs[name], lines...)
	}
}

// Unit implements host.Units.
func (f *Fake) Unit(_ context.Context, name string) (host.Unit, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unit(name)
}

func (f *Fake) unit(name string) (host.Unit, error) {
	fileState, err := unitfiles.State(bareTree{f}, name)
	if err != nil {
		return host.Unit{}, err
	}
	if f.image {
		return host.Unit{Name: name, UnitFileState: fileState}, nil
	}
	now, err := f.load(name)
	if err != nil {
		return host.Unit{}, err
	}
	state, known := f.units[name]
	seen := state
	if !known || !state.loaded { // systemd loads it for who asks
		seen.sources, seen.missing, seen.masked = now.sources, now.missing, now.masked
	}
	unit := host.Unit{
		Name: name, LoadState: "loaded", ActiveState: "inactive", SubState: "dead",
		UnitFileState: fileState, Result: "success", MainPID: state.pid,
		ActiveSince: state.activeSince, Restarts: state.restarts,
		NeedDaemonReload: seen.sources != now.sources,
	}
	switch {
	case seen.masked:
		unit.LoadState = "masked"
	case seen.missing:
		unit.LoadState = "not-found"
	}
	if state.active != "" {
		unit.ActiveState, unit.SubState = state.active, state.sub
	}
	if state.result != "" {
		unit.Result = state.result
	}
	return unit, nil
}

// load reads a unit's files as a daemon-reload does.
func (f *Fake) load(name string) (unitState, error) {
	sources, err := unitfiles.Sources(bareTree{f}, name)
	if err != nil {
		return unitState{}, err
	}
	sum := sha256.New()
	for _, source := range sources {
		fmt.Fprintf(sum, "%s %v %d\n%s\n", source.Path, source.Masked, len(source.Content), source.Content)
	}
	file, err := unitfiles.Find(bareTree{f}, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unitState{}, err
	}
	return unitState{loaded: true, sources: [sha256.Size]byte(sum.Sum(nil)), missing: err != nil, masked: file.Masked}, nil
}

// loadUnits is a daemon-reload: systemd now knows what is on disk. A unit whose
// files cannot be read stays as it was known.
func (f *Fake) loadUnits() {
	names := unitfiles.Names(bareTree{f})
	names = append(names, slices.Collect(maps.Keys(f.units))...)
	for _, name := range names {
		now, err := f.load(name)
		if err != nil {
			continue
		}
		state := f.units[name]
		if now.missing && state.active == "" {
			delete(f.units, name)
			continue
		}
		state.loaded, state.sources, state.missing, state.masked = true, now.sources, now.missing, now.masked
		f.units[name] = state
	}
}

// UnitsLike implements host.Units.
func (f *Fake) UnitsLike(_ context.Context, pattern string) ([]host.Unit, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live("listing units"); err != nil {
		return nil, err
	}
	var units []host.Unit
	for _, name := range slices.Sorted(maps.Keys(f.units)) {
		matches, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("listing units like %q: %w", pattern, err)
		}
		if !matches {
			continue
		}
		unit, err := f.unit(name)
		if err != nil {
			return nil, err
		}
		units = append(units, unit)
	}
	return units, nil
}

// UnitLog implements host.Units.
func (f *Fake) UnitLog(_ context.Context, name string, lines int) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live("reading the log of " + name); err != nil {
		return nil, err
	}
	return f.lastLines(name, lines), nil
}

func (f *Fake) lastLines(name string, lines int) []string {
	log := f.logs[name]
	return slices.Clone(log[max(0, len(log)-lines):])
}
