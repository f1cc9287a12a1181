package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// lockPoll is how often a held lock is looked at again.
const lockPoll = time.Second

// withLocks runs an edit when nobody holds the locks, and again when somebody
// was quicker, until the timeout. The zero timeout is DefaultLockTimeout.
//
// The locks are only looked at: the package manager takes them itself.
func withLocks(ctx context.Context, h host.Host, locks []string, timeout time.Duration, edit func() error) error {
	if timeout == 0 {
		timeout = DefaultLockTimeout
	}
	deadline := time.Now().Add(timeout)
	for {
		if err := waitForLocks(ctx, h, locks, timeout, deadline); err != nil {
			return err
		}
		err := edit()
		if !errors.Is(err, ErrLocked) || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func waitForLocks(ctx context.Context, v host.View, locks []string, timeout time.Duration, deadline time.Time) error {
	for {
		holding, held, err := firstHolder(v, locks)
		if err != nil || !held {
			return err
		}
		if !time.Now().Before(deadline) {
			return &Error{Kind: ErrLocked, Detail: fmt.Sprintf(
				"%s, after waiting %v; let it finish, or end it, and try again", holding, timeout)}
		}
		host.Progress(ctx, "waiting: "+holding)
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting: %s: %w", holding, err)
		}
	}
}

// firstHolder describes who holds one of the locks.
func firstHolder(v host.View, locks []string) (holding string, held bool, err error) {
	for _, lock := range locks {
		holder, held, err := v.LockHolder(lock)
		if err != nil {
			return "", false, fmt.Errorf("looking who holds %s: %w", lock, err)
		}
		if held {
			return describeHolder(lock, holder), true, nil
		}
	}
	return "", false, nil
}

func describeHolder(lock string, holder host.Process) string {
	since := ""
	if !holder.Started.IsZero() {
		since = ", running since " + holder.Started.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return fmt.Sprintf("%s is held by process %d (%s%s)", lock, holder.PID, holder.Command, since)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-host.Stopping(ctx):
		return fmt.Errorf("asked to stop: %w", context.Canceled)
	case <-time.After(lockPoll):
		return nil
	}
}
