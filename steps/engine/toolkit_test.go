package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// rig is a host in memory with an engine's state folder. A new engine is made for
// each call, as a new process would.
type rig struct {
	fail    func(format string, args ...any)
	host    *hosttest.Fake
	state   string
	opts    engine.Options
	events  []engine.Event
	onEvent func(engine.Event)
	// adjust changes an engine's configuration, tune the engine itself.
	adjust func(*engine.Config)
	tune   func(*engine.Engine)
}

func newRig(t *testing.T, options ...hosttest.Option) *rig {
	t.Helper()
	return &rig{
		fail:  func(format string, args ...any) { t.Helper(); t.Fatalf(format, args...) },
		host:  hosttest.New(options...),
		state: t.TempDir(),
		tune:  hurry,
		opts:  engine.Options{Revision: "r1", Version: "v1", MaxImpact: steps.Reboot},
	}
}

// hurry makes journals that do not wait for the disk: the tests lose no power.
func hurry(e *engine.Engine) {
	e.WrapJournalFiles(func(f engine.JournalFile) engine.JournalFile { return hasty{f} })
}

type hasty struct{ engine.JournalFile }

func (hasty) Sync() error { return nil }

func (r *rig) engine() *engine.Engine {
	codec, err := op.NewCodec(op.Kinds(), map[string]steps.Op{"firm": firm{}, "slow": slow{}, "boot": boot{}})
	if err != nil {
		r.fail("codec: %v", err)
	}
	config := engine.Config{Host: r.host, Codec: codec, StateDir: r.state, Observe: func(event engine.Event) {
		r.events = append(r.events, event)
		if r.onEvent != nil {
			r.onEvent(event)
		}
	}}
	if r.adjust != nil {
		r.adjust(&config)
	}
	e, err := engine.New(config)
	if err != nil {
		r.fail("new engine: %v", err)
	}
	if r.tune != nil {
		r.tune(e)
	}
	return e
}

func (r *rig) apply(list ...steps.Step) (engine.Result, error) {
	return r.engine().Apply(context.Background(), list, r.opts)
}

// mustApply fails the test unless apply ends with the outcome and no error.
func (r *rig) mustApply(want engine.Outcome, list ...steps.Step) engine.Result {
	result, err := r.apply(list...)
	if err != nil || result.Outcome != want {
		r.fail("apply: got outcome %q, error %v; want outcome %q", result.Outcome, err, want)
	}
	return result
}

func (r *rig) rollback(to int) (engine.Result, error) {
	return r.engine().Rollback(context.Background(), to, r.opts)
}

// killed runs do and ends it at the first event that matches, as a SIGKILL there
// would: nothing after it happens.
func (r *rig) killed(when func(engine.Event) bool, do func()) {
	if !r.killedIfReached(when, do) {
		r.fail("the run ended before the event at which it was to be killed; it had %d events", len(r.events))
	}
}

func (r *rig) killedIfReached(when func(engine.Event) bool, do func()) (dead bool) {
	r.onEvent = func(event engine.Event) {
		if when(event) {
			dead = true
			runtime.Goexit()
		}
	}
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	<-done
	r.onEvent = nil
	return dead
}

func (r *rig) killedInApply(when func(engine.Event) bool, list ...steps.Step) {
	r.killed(when, func() { _, _ = r.apply(list...) })
}

// at matches the event of a kind for the op with a key.
func at(kind engine.EventKind, key string) func(engine.Event) bool {
	return func(event engine.Event) bool {
		return event.Kind == kind && (key == "" || event.Op != nil && event.Op.Key() == key)
	}
}

// snapshot is the host without hostler's own state.
func (r *rig) snapshot() string { return r.host.Snapshot(r.host.StateDir()) }

func (r *rig) wantSnapshot(want, when string) {
	if diff := cmp.Diff(want, r.snapshot()); diff != "" {
		r.fail("%s, the host differs (-want +got):\n%s", when, diff)
	}
}

// jobs lists the unit jobs and daemon-reloads that the host was asked for.
func (r *rig) jobs() []string {
	var jobs []string
	for _, call := range r.host.Calls() {
		switch call.Method {
		case "UnitJob":
			jobs = append(jobs, call.Subject)
		case "DaemonReload":
			jobs = append(jobs, "daemon-reload")
		}
	}
	return jobs
}

func (r *rig) history() []engine.Run {
	runs, err := r.engine().History(context.Background())
	if err != nil {
		r.fail("history: %v", err)
	}
	return runs
}

// outcomes is the history as text, oldest first: "1 done, 2 rolled back".
func (r *rig) outcomes() string {
	var parts []string
	for _, run := range r.history() {
		parts = append([]string{fmt.Sprintf("%d %s", run.Number, run.Outcome)}, parts...)
	}
	return strings.Join(parts, ", ")
}

func (r *rig) journalPath(run int) string {
	return filepath.Join(r.state, "runs", strconv.Itoa(run), "journal")
}

// line is a record of a journal as it is on disk.
type line struct {
	Type, Key, Outcome, Error, Revision string
	Seq                                 int
	Op, Undo                            json.RawMessage
}

func (r *rig) journal(run int) []line {
	data, err := os.ReadFile(r.journalPath(run))
	if err != nil {
		r.fail("journal: %v", err)
	}
	var lines []line
	for text := range strings.Lines(string(data)) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			r.fail("journal line %q: %v", text, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// step is a Step from a function.
type step struct {
	name string
	plan func(v host.View) ([]steps.Op, error)
}

func (s step) Name() string { return s.name }

func (s step) Plan(_ context.Context, v host.View) ([]steps.Op, error) { return s.plan(v) }

// wantFile wants a file's contents, and asks for ops when it has to write it.
func wantFile(name, path, content string, asks ...steps.Op) steps.Step {
	return step{name, func(v host.View) ([]steps.Op, error) {
		file, err := op.PlanFile(v, op.FileWish{Path: path, Content: []byte(content), Attr: host.Attr{Mode: 0o644}})
		if err != nil || file == nil {
			return nil, err
		}
		return append([]steps.Op{file}, asks...), nil
	}}
}

// wantActive wants a unit to run.
func wantActive(name, unit string) steps.Step {
	return step{name, func(v host.View) ([]steps.Op, error) {
		now, err := v.Unit(context.Background(), unit)
		if err != nil || now.Active() {
			return nil, err
		}
		return []steps.Op{op.Job{Unit: unit, Verb: host.JobStart}}, nil
	}}
}

// wantSysctl wants a value, or waits until the kernel has the key.
func wantSysctl(name, key, value string) steps.Step {
	return step{name, func(v host.View) ([]steps.Op, error) {
		now, err := v.Sysctl(key)
		switch {
		case errors.Is(err, host.ErrNoSysctl):
			return nil, steps.Later("%s comes with its module", key)
		case err != nil || now == value:
			return nil, err
		}
		return []steps.Op{op.Sysctl{Name: key, From: now, To: value}}, nil
	}}
}

// always plans the same ops, however the host is.
func always(name string, ops ...steps.Op) steps.Step {
	return step{name, func(host.View) ([]steps.Op, error) { return ops, nil }}
}

// optional makes a step optional.
type optional struct{ steps.Step }

func (optional) Optional() bool { return true }

// says has nothing to do and something to say.
func says(name string, err error) steps.Step {
	return step{name, func(host.View) ([]steps.Op, error) { return nil, err }}
}

func restart(unit string) op.Job {
	return op.Job{Unit: unit, Verb: host.JobRestart, Cost: steps.Restart, Why: "configuration changed"}
}

// service is a packaged unit.
func service(name string) hosttest.Option {
	return hosttest.UnitFile(name, "[Service]\nExecStart=/bin/true\n")
}

// firm makes an empty file that cannot be taken back.
type firm struct{ Path string }

func (o firm) Key() string          { return "firm:" + o.Path }
func (o firm) Impact() steps.Impact { return steps.None }
func (o firm) Diff() steps.Diff {
	return steps.Diff{Action: "create", Irreversible: "it is made to last"}
}
func (o firm) Inverse(context.Context, host.View) (steps.Op, error) { return nil, nil }
func (o firm) Do(_ context.Context, h host.Host) error {
	return h.WriteFile(o.Path, nil, host.Attr{Mode: 0o600})
}

func wantFirm(path string) steps.Step {
	return step{"firm", func(v host.View) ([]steps.Op, error) {
		if _, err := v.Lstat(path); err == nil {
			return nil, nil
		}
		return []steps.Op{firm{path}}, nil
	}}
}

// slow writes a file after a while, unless its context ends before.
type slow struct {
	Path string
	For  time.Duration
	// Waits says that it spends the while waiting for somebody else.
	Waits bool
}

func (o slow) Key() string          { return "slow:" + o.Path }
func (o slow) Impact() steps.Impact { return steps.None }
func (o slow) Diff() steps.Diff     { return steps.Diff{Action: "create"} }
func (o slow) Inverse(context.Context, host.View) (steps.Op, error) {
	return op.Remove{Path: o.Path}, nil
}
func (o slow) Do(ctx context.Context, h host.Host) error {
	host.Progress(ctx, "waiting for "+o.For.String())
	var stop <-chan struct{}
	if o.Waits {
		stop = host.Stopping(ctx)
	}
	select {
	case <-time.After(o.For):
		return h.WriteFile(o.Path, nil, host.Attr{Mode: 0o600})
	case <-stop:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

func wantSlow(path string, takes time.Duration) steps.Step {
	return step{"slow", func(v host.View) ([]steps.Op, error) {
		if _, err := v.Lstat(path); err == nil {
			return nil, nil
		}
		return []steps.Op{slow{Path: path, For: takes}}, nil
	}}
}

// wantError fails unless err is all the targets and says all the texts.
func wantError(t *testing.T, err error, targets []error, texts ...string) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("got error %v, want one that is %q", err, target)
		}
	}
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got error %v, want one with %q", err, text)
		}
	}
}
