package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LockHolder implements Files. Processes are those that this process sees: it
// must share the host's PID namespace to name them.
func (h *OS) LockHolder(p string) (Process, bool, error) {
	const act = "looking at the locks of"
	fd, err := h.openPath(act, p, unix.O_PATH)
	if errors.Is(err, fs.ErrNotExist) {
		return Process{}, false, nil
	}
	if err != nil {
		return Process{}, false, err
	}
	defer func() { _ = unix.Close(fd) }()
	if pid, ok := h.posixHolder(p); ok {
		return processOf(pid), true, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Process{}, false, explain(act, p, err)
	}
	table, err := os.ReadFile("/proc/locks")
	if err != nil {
		return Process{}, false, fmt.Errorf("%s %q: %w", act, p, err)
	}
	if pid, ok := findHolder(parseLocks(table), &st, hasLockOn); ok {
		return processOf(pid), true, nil
	}
	return Process{}, false, nil
}

// posixHolder asks the kernel who would stand in the way of a fcntl lock, which
// is right on every file system. It needs the right to read the file.
//
// The descriptor is opened and closed although that drops all fcntl locks that
// this process itself holds on the file: hostler takes none of that kind.
func (h *OS) posixHolder(p string) (int, bool) {
	file, err := h.openRegular("opening", p, 0)
	if err != nil {
		return 0, false
	}
	defer func() { _ = file.Close() }()
	query := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &query); err != nil || query.Type == unix.F_UNLCK {
		return 0, false
	}
	// -1 stands for a lock of an open file description; /proc/locks knows no more.
	return int(query.Pid), query.Pid >= 0
}

// heldLock is a line of /proc/locks.
type heldLock struct {
	pid          int
	major, minor uint32
	inode        uint64
}

// parseLocks reads /proc/locks (proc_locks(5)). Lines with "->" wait and do not hold.
func parseLocks(table []byte) []heldLock {
	var locks []heldLock
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) < 6 || fields[1] == "->" {
			continue
		}
		place := strings.Split(fields[5], ":")
		if len(place) != 3 {
			continue
		}
		pid, err1 := strconv.Atoi(fields[4])
		major, err2 := strconv.ParseUint(place[0], 16, 32)
		minor, err3 := strconv.ParseUint(place[1], 16, 32)
		inode, err4 := strconv.ParseUint(place[2], 10, 64)
		if errors.Join(err1, err2, err3, err4) == nil {
			locks = append(locks, heldLock{pid, uint32(major), uint32(minor), inode})
		}
	}
	return locks
}

// findHolder picks the lock on a file. On overlayfs and btrfs the table has
// other numbers than stat(2); then the descriptors of the holders tell.
func findHolder(locks []heldLock, st *unix.Stat_t, hasLock func(pid int, st *unix.Stat_t) bool) (int, bool) {
	for _, lock := range locks {
		if lock.inode == st.Ino && lock.major == unix.Major(st.Dev) && lock.minor == unix.Minor(st.Dev) {
			return lock.pid, true
		}
	}
	var asked []int
	for _, lock := range locks {
		if lock.pid <= 0 || slices.Contains(asked, lock.pid) {
			continue
		}
		asked = append(asked, lock.pid)
		if hasLock(lock.pid, st) {
			return lock.pid, true
		}
	}
	return 0, false
}

// hasLockOn tells whether a process has the file open through a descriptor that
// holds a lock.
func hasLockOn(pid int, st *unix.Stat_t) bool {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	descriptors, err := os.ReadDir(folder)
	if err != nil {
		return false // it ended, or we lack the right to look
	}
	for _, descriptor := range descriptors {
		var open unix.Stat_t
		if unix.Stat(filepath.Join(folder, descriptor.Name()), &open) != nil || open.Dev != st.Dev || open.Ino != st.Ino {
			continue
		}
		info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, descriptor.Name()))
		if err == nil && bytes.Contains(info, []byte("\nlock:")) {
			return true
		}
	}
	return false
}

// processOf describes a process. One in another PID namespace has number 0.
func processOf(pid int) Process {
	process := Process{PID: pid, Command: "a process of another PID namespace"}
	if pid <= 0 {
		return process
	}
	process.Command = commandOf(pid)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		process.Started = startOf(stat)
	}
	return process
}

// commandOf is the process's command line, or its name where it hides that.
func commandOf(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	text := strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
	if err == nil && text != "" {
		return text
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "a process that has ended"
	}
	return "[" + strings.TrimSpace(string(name)) + "]"
}

// userHZ is the unit of times in /proc/PID/stat: 100 a second on every
// architecture that hostler runs on (proc_pid_stat(5)).
const userHZ = 100

// startOf reads when a process began from its /proc/PID/stat; zero when it cannot.
func startOf(stat []byte) time.Time {
	fields := statFields(stat)
	const startTime = 19 // field 22, counted from field 3
	if len(fields) <= startTime {
		return time.Time{}
	}
	ticks, err := strconv.ParseInt(fields[startTime], 10, 64)
	var uptime unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &uptime) != nil {
		return time.Time{}
	}
	age := time.Duration(uptime.Nano()) - time.Duration(ticks)*time.Second/userHZ
	return time.Now().Add(-age)
}

// statFields are the fields of /proc/PID/stat from the third on. The second is
// the name in brackets, which may hold blanks and brackets.
func statFields(stat []byte) []string {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return nil
	}
	return strings.Fields(string(stat[end+1:]))
}
