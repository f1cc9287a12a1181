// Package machine is the opened host: it takes a revision, wherever that comes
// from, turns it into steps for this host, and hands them to the engine.
package machine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
)

// Join is how a new node gets into its cluster.
type Join = agent.Join

// Config is what is given beside the revision.
type Config struct {
	// Root is the folder of the host's file system, and Image says that it is not running.
	Root  string
	Image bool
	// NodeName is the Node's name; empty: the host's name.
	NodeName string
	Join     Join
	// AllowUnsupported treats an unknown distribution as its nearest relative.
	AllowUnsupported bool
	// HealthTimeout bounds the wait for health after a run; zero: the engine's.
	HealthTimeout time.Duration
	// Version is hostler's own, for the journal.
	Version string
	// Logger and Observe are the engine's; both may be nil.
	Logger  *zap.Logger
	Observe func(engine.Event)
}

// Machine is an opened host.
type Machine struct {
	config   Config
	host     *host.OS
	detected distros.Facts
	engine   *engine.Engine
}

// Open opens the host and finds out what it is. It changes nothing and needs no rights.
func Open(config Config) (*Machine, error) {
	h, err := host.Open(config.Root, host.Options{Image: config.Image})
	if err != nil {
		return nil, err
	}
	m := &Machine{config: config, host: h}
	if err := m.prepare(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return m, nil
}

func (m *Machine) prepare() error {
	codec, err := agent.Codec()
	if err != nil {
		return err
	}
	state, err := stateDir(m.host, m.config.Root)
	if err != nil {
		return err
	}
	m.engine, err = engine.New(engine.Config{
		Host: m.host, Codec: codec, StateDir: state,
		Logger: m.config.Logger, Observe: m.config.Observe, HealthTimeout: m.config.HealthTimeout,
	})
	if err != nil {
		return err
	}
	if m.detected, err = distros.Detect(m.host); err != nil {
		return err
	}
	if m.config.NodeName == "" {
		m.config.NodeName, err = hostName(m.host)
	}
	return err
}

// Close lets go of the host.
func (m *Machine) Close() error { return m.host.Close() }

// hostName is the kernel's, or of an image the one in /etc/hostname, in the lower case that
// Node names have. It may be empty for an image.
func hostName(v host.View) (string, error) {
	if v.Live() {
		name, err := v.Sysctl("kernel.hostname")
		if errors.Is(err, host.ErrNoSysctl) {
			return "", fmt.Errorf("%w: no system runs in this root; if it is an image, say --image", err)
		}
		return strings.ToLower(name), err
	}
	content, err := v.ReadFile("/etc/hostname")
	if err != nil {
		return "", nil //nolint:nilerr // an image need not have a name
	}
	return strings.ToLower(strings.TrimSpace(string(content))), nil
}

// NodeName is the name that the host has, or will have, in the cluster.
func (m *Machine) NodeName() string { return m.config.NodeName }

// View is the host, to look at.
func (m *Machine) View() host.View { return m.host }

// StateDir is hostler's folder on the host, as this process sees it.
func (m *Machine) StateDir() string { return m.engine.StateDir }

// History lists the runs on the host, newest first.
func (m *Machine) History(ctx context.Context) ([]engine.Run, error) { return m.engine.History(ctx) }

// Rollback takes back the newest run, or all down to one.
func (m *Machine) Rollback(ctx context.Context, to int) (engine.Result, error) {
	return m.engine.Rollback(ctx, to, engine.Options{Version: m.config.Version})
}

// Wish is a revision for this host.
type Wish struct {
	Revision render.Revision

	machine *Machine
	steps   []steps.Step
	probes  []steps.Probe
}

// Wish makes the steps of a revision. It refuses a distribution
// that hostler does not know.
func (m *Machine) Wish(revision render.Revision) (*Wish, error) {
	release, err := m.detected.Require(m.config.AllowUnsupported)
	if err != nil {
		return nil, err
	}
	w := &Wish{Revision: revision, machine: m}
	facts := agent.Machine{Release: release, Distro: m.detected.Distro, NodeName: m.config.NodeName, Join: m.config.Join}
	if m.host.Live() {
		facts.CPUs = runtime.NumCPU()
	}
	if w.steps, err = agent.Catalog(&revision.Spec, facts); err != nil {
		return nil, err
	}
	w.probes = agent.Probes(&revision.Spec.Host, facts)
	return w, nil
}

// Plan is what is missing on the host.
func (w *Wish) Plan(ctx context.Context) (*engine.Plan, error) {
	return w.machine.engine.Plan(ctx, w.steps)
}

// Stage fetches what Apply will need, so that nothing is downloaded while the node
// is disrupted; see engine.Prefetch.
func (w *Wish) Stage(ctx context.Context) (engine.Prefetched, error) {
	return w.machine.engine.Prefetch(ctx, w.steps)
}

// Apply makes the host so; see engine.Apply.
func (w *Wish) Apply(ctx context.Context, ceiling steps.Impact) (engine.Result, error) {
	opts := engine.Options{Revision: w.Revision.Name, Version: w.machine.config.Version, MaxImpact: ceiling}
	if w.machine.host.Live() {
		opts.Probes = w.probes
	}
	return w.machine.engine.Apply(ctx, w.steps, opts)
}

// NodeName is the name that the host has, or will have, in the cluster.
func (w *Wish) NodeName() string { return w.machine.config.NodeName }

// Distro is what the host was detected to be.
func (w *Wish) Distro() distros.Distro { return w.machine.detected.Distro }

// Warnings are about the host as a whole, such as a distribution that is not
// supported but allowed.
func (w *Wish) Warnings() []string {
	d := w.machine.detected.Distro
	if d.Supported {
		return nil
	}
	return []string{fmt.Sprintf("%s is not supported and is treated as %s: %s", d.Name, d.TreatedAs, d.Why)}
}
