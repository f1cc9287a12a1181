package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// runGroup starts a process with a group of its own and waits for its end. When
// the deadline passes or ctx ends, the whole group is ended, with a grace to do
// so itself; then the error wraps ErrTimeout or ctx's error.
func runGroup(ctx context.Context, cmd *exec.Cmd, timeout, grace time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	leader := watch(cmd.Process.Pid)
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	var cause error
	select {
	case <-leader:
	case <-deadline.C:
		cause = fmt.Errorf("%w: it ran for %v", ErrTimeout, timeout)
	case <-ctx.Done():
		cause = ctx.Err()
		if errors.Is(cause, context.DeadlineExceeded) {
			cause = fmt.Errorf("%w: %w", ErrTimeout, cause)
		}
	}
	if cause == nil {
		return ignoreDelay(cmd.Wait())
	}
	if err := endGroup(cmd.Process.Pid, grace); err != nil {
		return errors.Join(cause, err)
	}
	_ = cmd.Wait() // its exit status was our doing
	return cause
}

// ignoreDelay takes away the complaint that output was still open when the
// program had ended well; what was left running is the program's business.
func ignoreDelay(err error) error {
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// watch closes the channel when a child has ended. It leaves the child for
// Wait: until then its number, which is also its group's, stays taken.
func watch(pid int) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
			if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return ended
}

const (
	// groupPoll is how often the ending of a group is looked at; there is no
	// event for it.
	groupPoll = 20 * time.Millisecond
	// killPatience is how long a killed process may take to go; one that hangs in
	// the kernel, in a dead NFS mount say, does not go at all.
	killPatience = 5 * time.Second
)

// endGroup asks a process group to end and kills it when it does not within the grace.
func endGroup(group int, grace time.Duration) error {
	_ = unix.Kill(-group, unix.SIGTERM)
	if waitGroup(group, grace) {
		return nil
	}
	_ = unix.Kill(-group, unix.SIGKILL)
	if waitGroup(group, killPatience) {
		return nil
	}
	return fmt.Errorf("processes %v do not die; they hang in the kernel (see their /proc/PID/stack)", members(group))
}

// waitGroup waits until a group has no running members; false when it still has
// after the limit.
func waitGroup(group int, limit time.Duration) bool {
	end := time.After(limit)
	poll := time.NewTicker(groupPoll)
	defer poll.Stop()
	for len(members(group)) > 0 {
		select {
		case <-end:
			return false
		case <-poll.C:
		}
	}
	return true
}

// members lists the processes of a group that have not ended. A zombie has.
func members(group int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var pids []int
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		fields := statFields(stat)
		if err != nil || len(fields) < 3 {
			continue // ended meanwhile
		}
		state, processGroup := fields[0], fields[2]
		if processGroup != strconv.Itoa(group) || state == "Z" || state == "X" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
