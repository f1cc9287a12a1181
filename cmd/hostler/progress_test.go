package main

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/op"
)

var errJob = errors.New("unit b.service failed:\nbind: address in use")

// screen is a terminal of some width: what a person sees now.
type screen struct {
	columns int

	mu      sync.Mutex
	lines   []string // finished
	current []rune
	wrapped bool // a line in place was longer than the screen
}

// Write knows what progress needs of a terminal: newline, return, and erasing to the end of the line.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.ReplaceAll(string(p), "\r\x1b[K", "\r")
	for _, r := range text {
		switch r {
		case '\n':
			s.lines = append(s.lines, string(s.current))
			s.current = nil
		case '\r':
			s.current = nil
		default:
			s.current = append(s.current, r)
			s.wrapped = s.wrapped || len(s.current) >= s.columns
		}
	}
	return len(p), nil
}

// at is an op event of op 3 of 17.
func at(kind engine.EventKind, step string, o steps.Op) engine.Event {
	return engine.Event{Kind: kind, Run: 1, Step: step, Op: o, Index: 3, Total: 17}
}

var daemonReload steps.Op = op.DaemonReload{}

func onTerminal(t *testing.T, columns int, test func(t *testing.T, s *screen, p *progress)) {
	t.Helper()
	// The bubble ends only when the clock's goroutine has: a leak is a failure.
	synctest.Test(t, func(t *testing.T) {
		s := &screen{columns: columns}
		p := startProgress(s, func() int { return columns })
		test(t, s, p)
		p.end()
		if len(s.current) > 0 {
			t.Errorf("got %q left on the screen, want nothing", string(s.current))
		}
		p.end() // a second call does no harm
	})
}

// now is the line in place.
func (s *screen) now(t *testing.T) string {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.current)
}

// stayed are the lines above it.
func (s *screen) stayed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

func wantLine(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got the line %q, want %q", got, want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()

	t.Run("shows the op in hand with its time, and what it waits for", func(t *testing.T) {
		t.Parallel()
		onTerminal(t, 80, func(t *testing.T, s *screen, p *progress) {
			p.event(at(engine.OpBegun, "units", daemonReload))
			wantLine(t, s.now(t), "… [ 3/17] units: daemon-reload systemd:daemon-reload  0s")
			pass(2500 * time.Millisecond)
			wantLine(t, s.now(t), "… [ 3/17] units: daemon-reload systemd:daemon-reload  2s")
			waits := at(engine.OpProgress, "units", daemonReload)
			waits.Message = "waits for dpkg (process 42)"
			p.event(waits)
			wantLine(t, s.now(t), "… [ 3/17] units: daemon-…systemd:daemon-reload  2s  waits for dpkg (process 42)")
			pass(time.Minute)
			wantLine(t, s.now(t), "… [ 3/17] units: daemon…ystemd:daemon-reload  1m2s  waits for dpkg (process 42)")
			done := at(engine.OpEnded, "units", daemonReload)
			done.Took = 62*time.Second + 1600*time.Microsecond
			p.event(done)
			wantLine(t, s.now(t), "")
			if diff := cmp.Diff([]string{"✓ [ 3/17] units: daemon-reload systemd:daemon-reload (1m2.002s)"}, s.stayed()); diff != "" {
				t.Errorf("lines differ (-want +got):\n%s", diff)
			}
		})
	})

	t.Run("shows what is not well, and how long that is waited for", func(t *testing.T) {
		t.Parallel()
		onTerminal(t, 80, func(t *testing.T, s *screen, p *progress) {
			p.event(engine.Event{Kind: engine.Verifying})
			wantLine(t, s.now(t), "… checking that nothing is missing  0s")
			pass(3 * time.Second)
			p.event(engine.Event{Kind: engine.AwaitingHealth, Message: "kubelet /healthz: connection refused"})
			pass(3 * time.Second)
			p.event(engine.Event{Kind: engine.AwaitingHealth, Message: "node a Ready: the node is not Ready"})
			wantLine(t, s.now(t), "… health  3s  node a Ready: the node is not Ready")
			p.event(engine.Event{Kind: engine.RunEnded})
			wantLine(t, s.now(t), "")
		})
	})

	t.Run("keeps lines that stay above the line in place", func(t *testing.T) {
		t.Parallel()
		onTerminal(t, 80, func(t *testing.T, s *screen, p *progress) {
			p.event(engine.Event{Kind: engine.RunBegun, Run: 7})
			p.event(at(engine.OpBegun, "units", daemonReload))
			if _, err := p.Write([]byte("2026 warn odd\n")); err != nil {
				t.Error(err)
			}
			wantLine(t, s.now(t), "… [ 3/17] units: daemon-reload systemd:daemon-reload  0s")
			p.event(engine.Event{Kind: engine.UndoBegun, Err: errJob})
			back := at(engine.OpEnded, "units", daemonReload)
			back.Message, back.Err = "undo", errJob
			p.event(back)
			want := []string{
				"run 7 begins", "2026 warn odd",
				"✗ unit b.service failed:", "bind: address in use", "taking everything back, newest first",
				"✗ [ 3/17] units: undo: daemon-reload systemd:daemon-reload",
			}
			if diff := cmp.Diff(want, s.stayed()); diff != "" {
				t.Errorf("lines differ (-want +got):\n%s", diff)
			}
		})
	})

	t.Run("never wraps, however narrow the terminal and long the names", func(t *testing.T) {
		t.Parallel()
		for _, columns := range []int{1, 10, 20, 40, 80, 200} {
			onTerminal(t, columns, func(t *testing.T, s *screen, p *progress) {
				for _, message := range []string{"", "waits", strings.Repeat("ждёт dpkg\n", 20)} {
					e := at(engine.OpProgress, "kubelet", op.Directory{Path: "/etc/systemd/system/kubelet.service.d/" + strings.Repeat("ж", 60)})
					e.Message = message
					p.event(e)
					pass(2 * time.Second)
				}
				now := s.now(t)
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.wrapped && columns >= 20 {
					t.Errorf("a line is longer than %d columns: %q", columns, now)
				}
			})
		}
	})
}

func TestFit(t *testing.T) {
	t.Parallel()
	long := held{label: "[ 3/17] kubelet: create file:/etc/systemd/system/kubelet.service.d/20-hostler.conf", message: strings.Repeat("m", 90)}
	synctest.Test(t, func(t *testing.T) {
		long.since = time.Now()
		pass(90 * time.Second)
		got := long.fit(79)
		wantLine(t, got, "… [ 3/17] kubelet: …/20-hostler.conf  1m30s  "+strings.Repeat("m", 33)+"…")
		if n := utf8.RuneCountInString(got); n > 79 {
			t.Errorf("got %d columns, want at most 79", n)
		}
	})
}

func TestProgressAsLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := newProgress(&b)
	defer p.end()
	waits := at(engine.OpProgress, "units", daemonReload)
	waits.Message = "waits for dpkg"
	done := at(engine.OpEnded, "units", daemonReload)
	done.Took = time.Second
	ill := engine.Event{Kind: engine.AwaitingHealth, Message: "kubelet /healthz: refused"}
	for _, e := range []engine.Event{
		{Kind: engine.RunResumed, Run: 2}, at(engine.OpBegun, "units", daemonReload), waits, waits, at(engine.OpMade, "units", daemonReload), done,
		{Kind: engine.Verifying}, ill, ill, {Kind: engine.AwaitingHealth, Message: "all well"}, ill, {Kind: engine.RunEnded},
	} {
		p.event(e)
	}
	want := `run 2 was cut short and goes on
[ 3/17] units: daemon-reload systemd:daemon-reload: waits for dpkg
✓ [ 3/17] units: daemon-reload systemd:daemon-reload (1s)
health: kubelet /healthz: refused
health: all well
health: kubelet /healthz: refused
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
}

// pass lets time pass on the test's own clock (testing/synctest): nobody waits.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // see above
