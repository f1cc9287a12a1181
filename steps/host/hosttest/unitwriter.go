package hosttest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/unitfiles"
)

// jobLogLines is how many of a unit's lines a JobError carries.
const jobLogLines = 10

// SetUnitFileState implements host.UnitWriter.
func (f *Fake) SetUnitFileState(_ context.Context, name, state string) error {
	return f.change("SetUnitFileState", name, func() error {
		return unitfiles.SetState(bareTree{f}, name, state)
	})
}

// DaemonReload implements host.UnitWriter.
func (f *Fake) DaemonReload(context.Context) error {
	return f.change("DaemonReload", "", func() error {
		if err := f.live("daemon-reload"); err != nil {
			return err
		}
		f.loadUnits()
		return nil
	})
}

// UnitJob implements host.UnitWriter.
func (f *Fake) UnitJob(_ context.Context, name string, verb host.JobVerb) error {
	return f.call("UnitJob", string(verb)+" "+name, func() error {
		hook, proceed, err := f.admitJob(name, verb)
		if err != nil || !proceed {
			return err
		}
		if hook != nil {
			if err := hook(f, verb); err != nil {
				return f.failJob(name, verb, err)
			}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.finishJob(name, verb)
		return nil
	})
}

// admitJob is what systemd checks before it queues a job. proceed is false for
// a job that has nothing to do.
func (f *Fake) admitJob(name string, verb host.JobVerb) (hook JobHook, proceed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live(fmt.Sprintf("%s of %s", verb, name)); err != nil {
		return nil, false, err
	}
	unit, err := f.unit(name)
	if err != nil {
		return nil, false, err
	}
	refused := func(result string) (JobHook, bool, error) {
		return nil, false, &host.JobError{Unit: name, Verb: verb, Result: result, Log: f.lastLines(name, jobLogLines)}
	}
	switch {
	case verb == host.JobStop:
		return f.hooks[name], unit.ActiveState != "inactive", nil
	case unit.LoadState == "not-found" && !unit.Active():
		return refused("not-found")
	case unit.LoadState == "masked":
		return refused("masked")
	case verb == host.JobReload && !unit.Active():
		return refused("invalid")
	}
	return f.hooks[name], verb != host.JobStart || !unit.Active(), nil
}

func (f *Fake) failJob(name string, verb host.JobVerb, cause error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var job *host.JobError
	if errors.As(cause, &job) {
		f.fail(name, job.Log)
		return cause
	}
	lines := strings.Split(cause.Error(), "\n")
	if verb == host.JobReload { // a failed reload leaves the service running
		f.logs[name] = append(f.logs[name], lines...)
	} else {
		f.fail(name, lines)
	}
	return &host.JobError{Unit: name, Verb: verb, Result: "failed", Log: f.lastLines(name, jobLogLines)}
}

func (f *Fake) finishJob(name string, verb host.JobVerb) {
	switch verb {
	case host.JobStart, host.JobRestart:
		f.started(name)
	case host.JobStop:
		f.stopped(name)
	}
}

// started makes a unit active. A unit that systemd did not know is loaded.
func (f *Fake) started(name string) {
	state := f.units[name]
	if !state.loaded {
		if now, err := f.load(name); err == nil && !now.missing {
			state = now
		}
	}
	state.active, state.sub, state.result = "active", "running", "success"
	state.activeSince = f.tick()
	state.pid = 1000 + int(state.activeSince.Unix()%30000)
	f.units[name] = state
}

func (f *Fake) stopped(name string) {
	state := f.units[name]
	state.active, state.sub, state.result, state.pid = "", "", "", 0
	state.activeSince = time.Time{}
	f.units[name] = state
}

func (f *Fake) fail(name string, log []string) {
	f.stopped(name)
	state := f.units[name]
	state.active, state.sub, state.result = "failed", "failed", "exit-code"
	f.units[name] = state
	f.logs[name] = append(f.logs[name], log...)
}

// bareTree is the fake's file system for package unitfiles. The caller holds
// mu; what it changes is part of one call and meets no fault of its own.
type bareTree struct{ f *Fake }

var _ unitfiles.Tree = bareTree{}

func (t bareTree) ReadFile(p string) ([]byte, error)  { return t.f.readFile(p) }
func (t bareTree) Readlink(p string) (string, error)  { return t.f.readlink(p) }
func (t bareTree) ReadDir(p string) ([]string, error) { return t.f.readDir(p) }
func (t bareTree) Symlink(p, target string) error     { return t.f.symlink(p, target) }
func (t bareTree) Remove(p string) error              { return t.f.remove(p) }
func (t bareTree) Mkdir(p string) error               { return t.f.mkdir(p, host.Attr{Mode: 0o755}) }
func (t bareTree) Lstat(p string) (fs.FileMode, error) {
	n, err := t.f.read("looking at", p, false)
	if err != nil {
		return 0, err
	}
	return n.mode, nil
}
