package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

// machine is this machine with its state in a folder of the test.
func machine(t *testing.T) *host.OS {
	t.Helper()
	return open(t, "/", host.Options{Image: true, StateDir: filepath.Join(t.TempDir(), "state")})
}

func shell(script string, timeout time.Duration) host.Command {
	return host.Command{Argv: []string{"sh", "-c", script}, Timeout: timeout}
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("gives a clean environment, / and nothing on standard input", func(t *testing.T) {
		t.Parallel()
		cmd := shell("env | sort; pwd; cat; echo end", time.Minute)
		cmd.Env = []string{"DEBIAN_FRONTEND=noninteractive"}
		out, err := machine(t).Run(t.Context(), cmd)
		if err != nil {
			t.Fatal(err)
		}
		want := "DEBIAN_FRONTEND=noninteractive\nHOME=/root\nLC_ALL=C.UTF-8\n" +
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n/\nend\n"
		if diff := cmp.Diff(want, string(out.Stdout)); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})

	t.Run("quotes the last lines of standard error", func(t *testing.T) {
		t.Parallel()
		_, err := machine(t).Run(t.Context(), shell("for i in $(seq 100); do echo line $i >&2; done; exit 7", time.Minute))
		var failed *host.CommandError
		if !errors.As(err, &failed) || failed.ExitCode != 7 || failed.Err != nil {
			t.Fatalf("got %v, want exit code 7", err)
		}
		if lines := strings.Split(failed.Stderr, "\n"); len(lines) != 20 || lines[19] != "line 100" {
			t.Errorf("got stderr %q, want its last 20 lines", failed.Stderr)
		}
	})

	t.Run("keeps head and tail of endless output", func(t *testing.T) {
		t.Parallel()
		out, err := machine(t).Run(t.Context(), shell("echo first; seq 1000000; echo last", time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		text := string(out.Stdout)
		if len(text) > 1<<20+100 || len(text) < 1<<20 {
			t.Errorf("got %d bytes, want about 1 MiB", len(text))
		}
		if !strings.HasPrefix(text, "first\n1\n2\n") || !strings.HasSuffix(text, "999999\n1000000\nlast\n") || !strings.Contains(text, "bytes left out]") {
			t.Errorf("got output that begins %q and ends %q", text[:20], text[len(text)-20:])
		}
	})

	t.Run("does not wait for a daemon that keeps the output open", func(t *testing.T) {
		t.Parallel()
		pids := filepath.Join(t.TempDir(), "pid")
		began := time.Now()
		out, err := machine(t).Run(t.Context(), shell("setsid sleep 60 & echo $! > "+pids+"; echo done", time.Minute))
		if err != nil || string(out.Stdout) != "done\n" {
			t.Errorf("got %q, %v, want the output so far", out.Stdout, err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v, want it not to wait for the daemon", took)
		}
		for _, pid := range readPids(t, pids) {
			_ = unix.Kill(pid, unix.SIGKILL) // its own session, started by us
		}
	})

	t.Run("names a program's signal", func(t *testing.T) {
		t.Parallel()
		_, err := machine(t).Run(t.Context(), shell("kill -9 $$", time.Minute))
		var failed *host.CommandError
		if !errors.As(err, &failed) || failed.ExitCode != -1 || !strings.Contains(err.Error(), "killed") {
			t.Errorf("got %v, want a CommandError about the signal", err)
		}
	})
}

// stubborn writes the numbers of itself and its grandchild to a file once both
// are there; both stay until they are killed.
const stubborn = `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $$ $! > %s.new; mv %s.new %s; while :; do sleep 1; done`

// polite ends on SIGTERM and leaves a file that says so.
const polite = `trap 'echo bye > %s.bye; exit 0' TERM; echo $$ > %s.new; mv %s.new %s; while :; do sleep 0.1; done`

func TestRunEndsTheGroup(t *testing.T) {
	t.Parallel()

	t.Run("kills a child and a grandchild that ignore SIGTERM when the deadline passes", func(t *testing.T) {
		t.Parallel()
		pids := filepath.Join(t.TempDir(), "pids")
		h := machine(t)
		h.SetGrace(200 * time.Millisecond)
		_, err := h.Run(t.Context(), shell(fmt.Sprintf(stubborn, pids, pids, pids), 2*time.Second))
		var failed *host.CommandError
		if !errors.As(err, &failed) || !errors.Is(err, host.ErrTimeout) || failed.ExitCode != -1 {
			t.Errorf("got %v, want a CommandError with ErrTimeout", err)
		}
		wantDead(t, readPids(t, pids), 2)
	})

	t.Run("kills them when the context is cancelled", func(t *testing.T) {
		t.Parallel()
		pids := filepath.Join(t.TempDir(), "pids")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			waitForFile(t, pids)
			cancel()
		}()
		h := machine(t)
		h.SetGrace(200 * time.Millisecond)
		_, err := h.Run(ctx, shell(fmt.Sprintf(stubborn, pids, pids, pids), time.Minute))
		if !errors.Is(err, context.Canceled) || errors.Is(err, host.ErrTimeout) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		wantDead(t, readPids(t, pids), 2)
	})

	t.Run("lets a command clean up and does not wait out the grace", func(t *testing.T) {
		t.Parallel()
		pids := filepath.Join(t.TempDir(), "pids")
		ctx, cancel := context.WithCancel(t.Context())
		var cancelled time.Time
		go func() {
			waitForFile(t, pids)
			cancelled = time.Now()
			cancel()
		}()
		_, err := machine(t).Run(ctx, shell(fmt.Sprintf(polite, pids, pids, pids, pids), time.Minute))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if took := time.Since(cancelled); took > 8*time.Second {
			t.Errorf("it took %v to end, want well below the grace of 10 s", took)
		}
		if _, err := os.Stat(pids + ".bye"); err != nil {
			t.Errorf("the command was not asked to end: %v", err)
		}
		wantDead(t, readPids(t, pids), 1)
	})

	t.Run("calls a context's deadline a timeout", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := machine(t).Run(ctx, shell("sleep 60", time.Minute))
		if !errors.Is(err, host.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want ErrTimeout and the context's error", err)
		}
	})
}

// waitForFile waits for a state, not a time; the test's own deadline ends it.
func waitForFile(t *testing.T, name string) {
	for t.Context().Err() == nil {
		if _, err := os.Stat(name); err == nil {
			return
		}
		<-time.After(10 * time.Millisecond) // then look again
	}
}

func readPids(t *testing.T, name string) []int {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// wantDead checks that the processes are gone. Where nobody adopts orphans they
// stay as zombies, which are dead too.
func wantDead(t *testing.T, pids []int, n int) {
	t.Helper()
	if len(pids) != n {
		t.Errorf("got pids %v, want %d", pids, n)
	}
	alive := slices.DeleteFunc(pids, func(pid int) bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return true
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		return fields[0] == "Z" || fields[0] == "X"
	})
	if len(alive) > 0 {
		t.Errorf("processes %v live on", alive)
	}
}
