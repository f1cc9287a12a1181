package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

const (
	// jobTimeout bounds a job whose context has no deadline. systemd gives most
	// services 90 s to start and as long to stop (DefaultTimeoutStartSec).
	jobTimeout = 5 * time.Minute
	// jobPoll is how often a wait looks whether the connection still stands; the
	// end of a job itself comes as a signal.
	jobPoll = time.Second
	// jobLogLines is how many of the unit's last lines a failed job quotes.
	jobLogLines = 10
)

// refusals are the errors by which systemd refuses a job, as results of a job
// that never was.
var refusals = map[string]string{
	"org.freedesktop.systemd1.NoSuchUnit":           "not-found",
	"org.freedesktop.systemd1.UnitMasked":           "masked",
	"org.freedesktop.systemd1.LoadFailed":           "not-loaded",
	"org.freedesktop.systemd1.BadUnitSetting":       "bad-setting",
	"org.freedesktop.systemd1.JobTypeNotApplicable": "not-applicable",
}

// UnitJob implements UnitWriter. Stopping what is not there is done.
func (h *OS) UnitJob(ctx context.Context, name string, verb JobVerb) error {
	act := fmt.Sprintf("%s of %s", verb, name)
	if err := h.live(act); err != nil {
		return err
	}
	m, err := h.systemd()
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	id, result, err := m.startJob(ctx, name, verb)
	if err != nil {
		return h.refused(ctx, name, verb, err)
	}
	outcome, err := m.await(ctx, result)
	switch {
	case err != nil && ctx.Err() != nil:
		return h.abandon(m, id, name, verb, ctx.Err())
	case err != nil:
		return fmt.Errorf("%s: %w", act, err)
	case outcome != "done":
		return h.jobError(name, verb, outcome)
	}
	return nil
}

// startJob queues a job. Its result comes through the channel, which has room
// for it: the connection must not block when nobody listens any more.
func (m *manager) startJob(ctx context.Context, name string, verb JobVerb) (int, <-chan string, error) {
	start, ok := map[JobVerb]func(context.Context, string, string, chan<- string) (int, error){
		JobStart:   m.StartUnitContext,
		JobStop:    m.StopUnitContext,
		JobRestart: m.RestartUnitContext,
		JobReload:  m.ReloadUnitContext,
	}[verb]
	if !ok {
		return 0, nil, fmt.Errorf("job %q: want start, stop, restart or reload: %w", verb, fs.ErrInvalid)
	}
	if verb == JobStart || verb == JobRestart {
		// Who starts a unit means it: earlier starts within a minute, or failures, must not forbid it (start-limit-hit).
		// A unit that is not loaded has nothing to forget, and says so as an error.
		_ = m.ResetFailedUnitContext(ctx, name)
	}
	result := make(chan string, 1)
	id, err := start(ctx, name, "replace", result)
	return id, result, err
}

// errBroken: the signal that ends a job will not come.
var errBroken = errors.New("the connection to systemd broke; the job goes on without us, so run again")

// await waits for the result of a job.
func (m *manager) await(ctx context.Context, result <-chan string) (string, error) {
	poll := time.NewTicker(jobPoll)
	defer poll.Stop()
	for {
		select {
		case outcome := <-result:
			return outcome, nil
		case <-ctx.Done():
			return "", ctx.Err()
		case <-poll.C:
			if !m.Connected() {
				return "", errBroken
			}
		}
	}
}

// refused turns systemd's no into a JobError where it has one.
func (h *OS) refused(ctx context.Context, name string, verb JobVerb, err error) error {
	result, known := refusals[busErrorName(err)]
	switch {
	case verb == JobStop && result == "not-found":
		return nil
	case known:
		return h.jobError(name, verb, result)
	}
	return fmt.Errorf("%s of %s: %w", verb, name, busError(ctx, err))
}

// abandon cancels a job that took too long or that nobody waits for any more.
func (h *OS) abandon(m *manager, id int, name string, verb JobVerb, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), busTimeout)
	defer cancel()
	if id > 0 { // 0: its number is not known
		m.call(ctx, "CancelJob", uint32(id)) // one that ended meanwhile is as good
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, h.jobError(name, verb, "timeout"))
	}
	return fmt.Errorf("%s of %s: %w", verb, name, cause)
}

// jobError quotes the unit's log. It is read although the job's own context may
// have ended; a log that cannot be read is no second error.
func (h *OS) jobError(name string, verb JobVerb, result string) error {
	log, _ := h.UnitLog(context.Background(), name, jobLogLines)
	return &JobError{Unit: name, Verb: verb, Result: result, Log: log}
}
