package host_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestLockHolder(t *testing.T) {
	t.Parallel()
	wantLockHolders(t, machine(t), t.TempDir())
}

// wantLockHolders lets another process lock files below the folder, in both
// ways, and wants its name.
func wantLockHolders(t *testing.T, h *host.OS, folder string) {
	t.Helper()
	for _, kind := range []string{"flock", "fcntl"} {
		file := filepath.Join(folder, kind)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, held, err := h.LockHolder(file); held || err != nil {
			t.Errorf("%s: before anybody locks: got %v, %v, want nobody", kind, held, err)
		}
		began := time.Now()
		pid, release := lockElsewhere(t, kind, file)
		holder, held, err := h.LockHolder(file)
		if err != nil || !held || holder.PID != pid || !strings.Contains(holder.Command, file) {
			t.Errorf("%s: got %+v, %v, %v, want process %d with its command line", kind, holder, held, err, pid)
		}
		if age := holder.Started.Sub(began); age < -2*time.Second || age > 2*time.Second {
			t.Errorf("%s: got a start at %v, want about %v", kind, holder.Started, began)
		}
		release()
		if _, held, err := h.LockHolder(file); held || err != nil {
			t.Errorf("%s: after it ended: got %v, %v, want nobody", kind, held, err)
		}
	}
}

// lockElsewhere runs this test binary as the other process.
func lockElsewhere(t *testing.T, kind, file string) (pid int, release func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestHoldLock$", "--", kind, file)
	cmd.Env = append(os.Environ(), "HOSTLER_HOLD_LOCK=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("the other process says %q, %v, want \"locked\"", line, err)
	}
	return cmd.Process.Pid, func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}

// TestHoldLock is the other process: it holds a lock until its input ends. Run
// by itself it does nothing.
func TestHoldLock(t *testing.T) {
	if os.Getenv("HOSTLER_HOLD_LOCK") == "" {
		return
	}
	kind, name := os.Args[len(os.Args)-2], os.Args[len(os.Args)-1]
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if kind == "flock" {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
	} else {
		err = unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("locked\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
}
