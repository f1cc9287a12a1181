// Package engine plans and applies: it asks the steps what is missing, does the
// ops in order, and leaves the host either as wished or as it was.
//
// The journal makes that hold at any instant. Before an op starts, the op and
// its inverse are on disk; after it, its result. Whoever finds an unfinished
// run after a kill, a power loss or a reboot knows from the journal what may
// have happened, and goes on or goes back. Nothing here knows Kubernetes, a
// distribution, or what an op does.
//
// A step that is optional fails alone: what it did in the run is taken back, and
// the run goes on without it, to its end.
//
//	plan ─▶ begin ─▶ step: plan again ─▶ ask, do, done … ─▶ deferred ops ─▶ verify ─▶ health ─▶ done
//	                        │ failure of any of these
//	                        └─▶ undo, newest first ─▶ rolled back
package engine

import (
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Codec writes ops for the journal and reads them back.
type Codec interface {
	Encode(steps.Op) (json.RawMessage, error)
	Decode(json.RawMessage) (steps.Op, error)
}

// Config is what an Engine needs. Host, Codec and StateDir are required.
type Config struct {
	Host  host.Host
	Codec Codec
	// StateDir is where runs and the lock are, as this process sees it:
	// /var/lib/hostler below the host's root.
	StateDir string
	// Logger gets the start and the end of each op; nil logs nothing.
	Logger *zap.Logger
	// Observe is told what happens while it happens; nil: nobody watches. It is
	// called from the goroutine that runs the ops and must not block.
	Observe func(Event)
	// OpTimeout bounds each op as a whole; commands in it have their own, shorter
	// deadlines. Zero means 20 minutes: the longest op, a package install, may
	// wait 10 minutes for a lock first.
	OpTimeout time.Duration
	// StopGrace is how long the op in hand may go on after the context has
	// ended. Zero means 30 s.
	StopGrace time.Duration
	// HealthTimeout bounds the wait for all probes to be well after a run. Zero
	// means 5 minutes.
	HealthTimeout time.Duration
	// Settle is how long a probe must stay well to count. Zero means 5 s.
	Settle time.Duration
}

// Engine plans, applies and rolls back on one host.
type Engine struct {
	Config
	openFile func(name string, flag int) (journalFile, error)
}

// New checks the configuration and fills in defaults.
func New(config Config) (*Engine, error) {
	switch {
	case config.Host == nil:
		return nil, errors.New("engine needs a host")
	case config.Codec == nil:
		return nil, errors.New("engine needs a codec")
	case config.StateDir == "":
		return nil, errors.New("engine needs a state directory")
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	if config.Observe == nil {
		config.Observe = func(Event) {}
	}
	defaultTo(&config.OpTimeout, 20*time.Minute)
	defaultTo(&config.StopGrace, 30*time.Second)
	defaultTo(&config.HealthTimeout, 5*time.Minute)
	defaultTo(&config.Settle, 5*time.Second)
	return &Engine{Config: config, openFile: openDiskFile}, nil
}

func defaultTo(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}
