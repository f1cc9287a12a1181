package hosttest

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// Fake is a host in memory. Its methods may be used from several goroutines.
// To replace one method, embed *Fake and override it.
type Fake struct {
	// mu is not held while command handlers and unit hooks run, so that they can
	// change the fake.
	mu sync.Mutex

	image    bool
	bootID   string
	unsynced bool
	now      time.Time
	root     *node
	sysctls  map[string]sysctl // by path below /proc/sys
	modules  map[string]module // by the kernel's spelling
	swaps    []string
	units    map[string]unitState
	hooks    map[string]JobHook
	logs     map[string][]string
	locks    map[string]host.Process
	links    []host.Interface
	routes   []host.Route
	handlers map[string]Handler
	answers  map[string]Answer      // by the check's content
	effects  map[string]func(*Fake) // by the attribute that was written
	mounts   map[string]host.Filesystem

	// held: reboots are accepted and do not happen.
	held bool

	faults []*Fault
	calls  []Call
}

var _ host.Host = (*Fake)(nil)

// Handler is a program of the fake. It changes the fake through its options and
// methods, as the program would change the host. An error is returned as it is:
// use Exit for an exit code.
type Handler func(f *Fake, cmd host.Command) (host.Output, error)

// JobHook runs when a job of a unit runs, before its state changes. An error
// fails the job: a *host.JobError as it is, others as result "failed" with the
// error's text as the unit's log.
type JobHook func(f *Fake, verb host.JobVerb) error

// Option is a piece of a host. See New and Change.
type Option func(f *Fake)

// New makes a live host with the few folders that every Linux has and nothing
// else. Everything belongs to root.
func New(options ...Option) *Fake {
	f := &Fake{
		bootID:   "5ec8d79a-8d4f-4b5c-9a57-c8a1d1f4f9a1",
		now:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		root:     newDir(0o755),
		sysctls:  map[string]sysctl{},
		modules:  map[string]module{},
		units:    map[string]unitState{},
		hooks:    map[string]JobHook{},
		logs:     map[string][]string{},
		locks:    map[string]host.Process{},
		handlers: map[string]Handler{},
		answers:  map[string]Answer{},
		effects:  map[string]func(*Fake){},
		mounts:   map[string]host.Filesystem{"/": {Type: "ext4", Bytes: 100 << 30, FreeBytes: 60 << 30, Inodes: 6 << 20, FreeInodes: 5 << 20}},
	}
	for _, folder := range []string{"/dev", "/etc/systemd/system", "/run", "/usr/lib/systemd/system", "/var/lib"} {
		f.Change(Dir(folder, 0o755))
	}
	f.Change(Dir("/tmp", 0o777|modeSticky), device("/dev/null"))
	f.Change(options...)
	f.loadUnits()
	return f
}

// Change applies options to a host that exists: what somebody other than
// hostler does to it. No fault meets it and no call is recorded.
func (f *Fake) Change(options ...Option) {
	for _, option := range options {
		option(f)
	}
}

// Clone returns an independent copy with the same world and the same faults,
// and without recorded calls.
func (f *Fake) Clone() *Fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &Fake{
		image:    f.image,
		bootID:   f.bootID,
		unsynced: f.unsynced,
		now:      f.now,
		root:     f.root.clone(),
		sysctls:  maps.Clone(f.sysctls),
		modules:  maps.Clone(f.modules),
		swaps:    slices.Clone(f.swaps),
		units:    maps.Clone(f.units),
		hooks:    maps.Clone(f.hooks),
		logs:     map[string][]string{},
		locks:    maps.Clone(f.locks),
		links:    slices.Clone(f.links),
		routes:   slices.Clone(f.routes),
		handlers: maps.Clone(f.handlers),
		answers:  maps.Clone(f.answers),
		effects:  maps.Clone(f.effects),
		mounts:   maps.Clone(f.mounts),
		held:     f.held,
	}
	for unit, lines := range f.logs {
		c.logs[unit] = slices.Clone(lines)
	}
	for _, fault := range f.faults {
		copied := *fault
		c.faults = append(c.faults, &copied)
	}
	return c
}

// StateDir is the host's state folder.
func (f *Fake) StateDir() string { return host.DefaultStateDir }

// tick moves the host's clock, which stands still otherwise. The caller holds mu.
func (f *Fake) tick() time.Time {
	f.now = f.now.Add(time.Second)
	return f.now
}

// Interfaces implements host.Links.
func (f *Fake) Interfaces(context.Context) ([]host.Interface, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.links), f.live("listing network interfaces")
}

// DefaultRoutes implements host.Links.
func (f *Fake) DefaultRoutes(context.Context) ([]host.Route, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live("listing default routes"); err != nil {
		return nil, err
	}
	routes := slices.Clone(f.routes)
	slices.SortStableFunc(routes, func(a, b host.Route) int { return a.Metric - b.Metric })
	return routes, nil
}

// Interface adds a network interface that is up. Addresses are prefixes, such
// as "10.0.0.7/24"; one that does not parse is left out.
func Interface(name string, addresses ...string) Option {
	return func(f *Fake) {
		link := host.Interface{Name: name, Up: true}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address); err == nil {
				link.Addresses = append(link.Addresses, prefix)
			}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.links = append(f.links, link)
	}
}

// DefaultRoute adds a default route.
func DefaultRoute(route host.Route) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.routes = append(f.routes, route)
	}
}

// Image makes the host an image folder: nothing runs in it.
func Image() Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.image = true
	}
}

// BootID sets the boot id, as a reboot does.
func BootID(id string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.bootID = id
	}
}
