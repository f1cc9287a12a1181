package steps

import (
	"context"

	"github.com/hostler-dev/hostler/steps/host"
)

// Op is one edit of a host, as data. Implementations are plain comparable
// structs that encode to JSON and back without loss, because the engine keeps
// them in its journal and must understand them after a crash.
type Op interface {
	// Key names the thing edited, "file:/etc/hosts": two ops with one key touch
	// the same thing.
	Key() string

	// Impact is what doing the op costs the workloads.
	Impact() Impact

	// Diff shows the edit to people. It reads no host: what it needs the step
	// put into the op when it planned it.
	Diff() Diff

	// Inverse returns the op that takes this one back, from the host as it is
	// now, so it is asked for just before Do. The inverse must be right also if
	// Do was cut short at any point, or never ran. nil means that the op cannot
	// be taken back; then Diff.Irreversible says why.
	Inverse(ctx context.Context, v host.View) (Op, error)

	// Do makes the edit. Done twice is done once: after a crash the engine may
	// repeat an op whose end it did not see.
	Do(ctx context.Context, h host.Host) error
}

// Deferred is an op that the engine runs at the end of the run and only once,
// however many steps ask for it: units are restarted after all files are in
// place, and each only once. Undo defers them in the same way.
type Deferred interface {
	Op

	// Stage orders the deferred ops of a run: lower first, and in the order in
	// which they were first asked for within a stage.
	Stage() Stage

	// Merge returns the one op that serves both askers. It is called with an op
	// of the same key only.
	Merge(other Op) (Op, error)
}

// Stage is when a deferred op runs.
type Stage int

// The stages of the end of a run.
const (
	// ReloadManager is for systemd's daemon-reload, which must see all files.
	ReloadManager Stage = iota
	// UnitJobs is for starting, stopping, restarting and reloading units.
	UnitJobs
	// RestartMachine is for the restart of the machine, which comes after all else. Nothing is left of it that could be
	// taken back, so it has no inverse, and a run goes back past it. A run that may not have it, because the reason came
	// up only within the run, leaves it to the next one.
	RestartMachine
)

// Prefetcher is an op that can fetch what it needs before the node is disrupted,
// so that the time without workloads is short and no download can fail in it.
type Prefetcher interface {
	Op

	// Prefetch downloads and verifies, into caches only: afterwards the host is as
	// it was, and Do finds everything at hand. plan holds all ops of the plan in
	// their order, for what this one needs of earlier ones that have not run yet,
	// such as a package repository. Done twice is done once.
	Prefetch(ctx context.Context, h host.Host, plan []Op) error
}
