// Command stopwatch measures commands inside the machine. It reads an Order as
// JSON and prints the samples of each command as JSON.
//
// The commands take turns (A B C, A B C, …), so that whatever else goes on
// meets all of them alike. The first round only warms the caches.
//
// It imports little and stays small: the kernel starts a child's peak memory
// at its parent's, so nothing smaller than this program can be told from it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Order is what is to be measured.
type Order struct {
	Rounds   int
	Commands [][]string
}

// Sample is one run of a command with all of its descendants that it waited for.
type Sample struct {
	Wall time.Duration
	CPU  time.Duration
	// PeakRSS is that of its largest process, in bytes.
	PeakRSS int64
	// Read is what it read with read(2) and the like, in bytes. Files that are
	// mapped, as libraries are, do not count.
	Read int64
	// Tasks is the number of processes and threads that it began, itself included.
	Tasks int
}

func main() {
	var order Order
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		fail(err)
	}
	samples := make([][]Sample, len(order.Commands))
	for round := range order.Rounds + 1 {
		for i, argv := range order.Commands {
			sample, err := measure(argv)
			if err != nil {
				fail(fmt.Errorf("%s: %w", strings.Join(argv, " "), err))
			}
			if round > 0 {
				samples[i] = append(samples[i], sample)
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(samples); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "stopwatch:", err)
	os.Exit(1)
}

// measure runs a command, which must succeed.
func measure(argv []string) (Sample, error) {
	before, err := lastTask()
	if err != nil {
		return Sample{}, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Sample{}, err
	}
	// Ended, but not yet buried: its counters can still be read.
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		return Sample{}, err
	}
	sample := Sample{Wall: time.Since(start)}
	if sample.Read, err = bytesRead(cmd.Process.Pid); err != nil {
		return Sample{}, err
	}
	after, err := lastTask()
	if err != nil {
		return Sample{}, err
	}
	if err := cmd.Wait(); err != nil {
		return Sample{}, err
	}
	sample.Tasks = after - before
	sample.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		sample.PeakRSS = usage.Maxrss << 10
	}
	return sample, nil
}

// bytesRead is rchar of /proc/PID/io, to which the kernel adds that of children
// that were waited for.
func bytesRead(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "rchar: "); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, fmt.Errorf("/proc/%d/io has no rchar", pid)
}

// lastTask is the last process or thread number that was given in this
// machine. The numbers rise by one, and each machine has its own.
func lastTask() (int, error) {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(content))
	return strconv.Atoi(fields[len(fields)-1])
}
