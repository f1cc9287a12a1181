package engine

import (
	"context"
	"errors"
	"fmt"
)

// maxBoots is the reboot-loop guard: so many boots in which a run got no op
// done end it.
const maxBoots = 3

// recover deals with a run that was cut short. One that was going back goes
// back to its end. One of the same revision is returned, to be gone on with. One of
// another revision is ended where it stands: what it still owes (restarts)
// is carried into the next run by opening that run here.
func (e *Engine) recover(ctx context.Context, opts Options) (*run, error) {
	last, err := e.lastUnfinished()
	if err != nil || last == nil {
		return nil, err
	}
	if err := last.journal.append(record{Type: recordResume, BootID: e.bootID()}); err != nil {
		return nil, e.park(last, err)
	}
	if err := e.replay(last, record{Type: recordResume, BootID: e.bootID()}); err != nil {
		return nil, e.park(last, err)
	}
	e.Observe(Event{Kind: RunResumed, Run: last.number})
	if last.undoing {
		_, err := e.goBack(ctx, last, last.begin.Baseline.of(opts.Probes), errors.New(last.reason))
		if !errors.Is(err, ErrRolledBack) {
			return nil, err
		}
		return nil, nil
	}
	if len(last.boots) > maxBoots {
		err := fmt.Errorf("run %d got nothing done in %d boots: it is stopped so that the machine does not reboot for ever; see `hostler history`, then `hostler rollback` or apply again",
			last.number, maxBoots)
		return nil, errors.Join(err, e.finish(last, Failed, err))
	}
	if last.begin.Revision == opts.Revision {
		return last, nil
	}
	return e.carryOver(last, opts)
}

// lastUnfinished returns the newest run, open for going on, if it has no end.
func (e *Engine) lastUnfinished() (*run, error) {
	numbers, err := e.numbers()
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	number := numbers[len(numbers)-1]
	last, whole, err := e.load(number)
	if err != nil || last == nil || last.end != nil {
		return nil, err
	}
	if last.journal, err = openJournal(last.dir, whole); err != nil {
		return nil, err
	}
	return last, nil
}

// carryOver ends a run of another revision and opens a run that owes what the
// old one owed. Its ops stay: the new revision's plan starts from them.
func (e *Engine) carryOver(old *run, opts Options) (*run, error) {
	cause := fmt.Errorf("cut short, then revision %s came instead", opts.Revision)
	if len(old.owed.asked) == 0 {
		return nil, e.finish(old, Interrupted, cause)
	}
	next, err := e.beginRun(record{Revision: opts.Revision, Version: opts.Version, Baseline: old.begin.Baseline})
	if err != nil {
		return nil, e.park(old, err)
	}
	for _, owed := range old.owed.asked {
		data, err := e.Codec.Encode(owed.Op)
		if err != nil {
			return nil, e.park(next, err)
		}
		if err := next.journal.append(record{Type: recordAsk, Step: owed.Step, Key: owed.Op.Key(), Op: data}); err != nil {
			return nil, e.park(next, err)
		}
	}
	next.owed = old.owed
	return next, e.finish(old, Interrupted, cause)
}
