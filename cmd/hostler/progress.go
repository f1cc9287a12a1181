package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/hostler-dev/hostler/steps/engine"
)

// progress shows a run while it goes on: on a terminal the op in hand is
// redrawn in place with its time, elsewhere each event is a line.
type progress struct {
	w        io.Writer
	terminal bool

	mu      sync.Mutex
	current string // the line drawn in place; empty: none
	begun   time.Time
	stop    chan struct{}
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	if file, ok := w.(*os.File); ok {
		p.terminal = term.IsTerminal(int(file.Fd()))
	}
	if p.terminal {
		go p.tick()
	}
	return p
}

// tick redraws the op in hand, so that a person sees that time passes.
func (p *progress) tick() {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// end takes the line in place away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.current = ""
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
}

// event is the engine's observer.
func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case engine.RunBegun:
		p.line("run %d begins", e.Run)
	case engine.RunResumed:
		p.line("run %d was cut short and goes on", e.Run)
	case engine.OpBegun:
		p.hold(label(e))
	case engine.OpProgress:
		p.hold(label(e) + ": " + e.Message)
		if !p.terminal {
			p.line("%s: %s", label(e), e.Message)
		}
	case engine.OpEnded:
		p.release()
		p.line("%s %s (%s)", mark(e.Err), label(e), e.Took.Round(time.Millisecond))
	case engine.Verifying:
		p.hold("verifying")
	case engine.AwaitingHealth:
		if p.current != e.Message && !p.terminal {
			p.line("health: %s", e.Message)
		}
		p.hold(e.Message)
	case engine.UndoBegun:
		p.release()
		p.line("✗ %v", e.Err)
		p.line("taking everything back, newest first")
	case engine.RunEnded:
		p.release()
	case engine.OpMade:
	}
}

func mark(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}

// label is "[3/17] sysctl: set sysctl:vm.max_map_count".
func label(e engine.Event) string {
	act := e.Op.Diff().Action
	if e.Message == "undo" {
		act = "undo: " + act
	}
	return fmt.Sprintf("[%*d/%d] %s: %s %s", len(fmt.Sprint(e.Total)), e.Index, e.Total, e.Step, act, e.Op.Key())
}

// hold makes the text the line in place.
func (p *progress) hold(text string) {
	if text != p.current && !strings.HasPrefix(text, p.current+": ") {
		p.begun = time.Now()
	}
	p.current = text
	p.draw()
}

func (p *progress) release() {
	p.clear()
	p.current = ""
}

// line prints a line that stays.
func (p *progress) line(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
	p.draw()
}

func (p *progress) draw() {
	if !p.terminal || p.current == "" {
		return
	}
	width := 80
	if file, ok := p.w.(*os.File); ok {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	text := fmt.Sprintf("… %s  %s", p.current, time.Since(p.begun).Truncate(time.Second))
	if runes := []rune(text); len(runes) >= width {
		text = string(runes[:width-1])
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
}

func (p *progress) clear() {
	if p.terminal && p.current != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
