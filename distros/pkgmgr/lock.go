package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
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
		holder, held, err := lockHolder(v, lock)
		if err != nil {
			return "", false, fmt.Errorf("looking who holds %s: %w", lock, err)
		}
		if held {
			return describeHolder(lock, holder), true, nil
		}
	}
	return "", false, nil
}

// lockHolder finds who holds a lock of the kernel, or who noted its process id in the
// file, which is how libzypp, dnf 4 and yum lock: NAME.pid counts while that lives. It
// counts whatever the process is, since they themselves look no closer: dnf 4.14 and
// libzypp were seen to give way to a sleep. To go ahead would only be to be refused.
func lockHolder(v host.View, lock string) (host.Process, bool, error) {
	if path.Ext(lock) != ".pid" {
		return v.LockHolder(lock)
	}
	content, err := v.ReadFile(lock)
	if errors.Is(err, fs.ErrNotExist) {
		return host.Process{}, false, nil
	}
	if err != nil {
		return host.Process{}, false, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid <= 0 {
		return host.Process{}, false, nil //nolint:nilerr // an empty file is left of a process that ended
	}
	command, err := v.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return host.Process{}, false, nil
	}
	if err != nil {
		return host.Process{}, false, err
	}
	words := strings.Split(strings.TrimRight(string(command), "\x00"), "\x00")
	return host.Process{PID: pid, Command: strings.Join(words, " ")}, true, nil
}

func describeHolder(lock string, holder host.Process) string {
	since := ""
	if !holder.Started.IsZero() {
		since = ", running since " + holder.Started.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	text := fmt.Sprintf("%s is held by process %d (%s%s)", lock, holder.PID, holder.Command, since)
	if path.Ext(lock) == ".pid" && !managesPackages(holder.Command) {
		text += fmt.Sprintf(", which is no package manager: remove %s if one that was killed left it", lock)
	}
	return text
}

// managesPackages tells whether a process that a file names can be the one that wrote
// it: after a power cut its number is soon another's.
func managesPackages(command string) bool {
	for _, word := range []string{"dnf", "yum", "zypp", "python", "packagekit", "rpm", "hostler"} {
		if strings.Contains(strings.ToLower(command), word) {
			return true
		}
	}
	return false
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
