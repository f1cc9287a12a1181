package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/hostler-dev/hostler/steps/engine"
)

// redrawInterval is how often the clock of the line in place moves.
const redrawInterval = 200 * time.Millisecond

// progress shows a run while it goes on: on a terminal the op in hand is
// redrawn in place with its time and what it waits for, elsewhere each event is
// a line. The log of the run goes through it, so that the two do not mix.
type progress struct {
	w io.Writer
	// width is how many columns the terminal has now; nil: w is no terminal.
	width func() int

	mu     sync.Mutex
	held   held
	stop   chan struct{}
	ticker sync.WaitGroup
}

// held is the line in place.
type held struct {
	label, message string
	since          time.Time
}

func newProgress(w io.Writer) *progress {
	file, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return startProgress(w, nil)
	}
	return startProgress(w, func() int {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
		return 80
	})
}

func startProgress(w io.Writer, width func() int) *progress {
	p := &progress{w: w, width: width, stop: make(chan struct{})}
	if width != nil {
		p.ticker.Go(p.tick)
	}
	return p
}

// tick redraws the line in place, so that a person sees that time passes.
func (p *progress) tick() {
	ticker := time.NewTicker(redrawInterval)
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

// end takes the line in place away and stops the clock. A second call does nothing.
func (p *progress) end() {
	p.mu.Lock()
	p.release()
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.mu.Unlock()
	p.ticker.Wait()
}

// stopping says that a signal was heard.
func (p *progress) stopping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line("asked to stop: the op in hand comes to its end first; asked once more, hostler ends at once")
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
		p.hold(label(e), "")
	case engine.OpProgress:
		p.hold(label(e), e.Message)
	case engine.OpEnded:
		p.release()
		p.line("%s", ended(e))
	case engine.Verifying:
		p.hold("checking that nothing is missing", "")
	case engine.AwaitingHealth:
		p.hold("health", e.Message)
	case engine.UndoBegun:
		p.release()
		p.line("✗ %v", e.Err)
		p.line("taking everything back, newest first")
	case engine.StepGaveUp:
		p.release()
		p.line("✗ optional step %s: %v", e.Step, e.Err)
		p.line("taking back what it did, and going on without it")
	case engine.RunEnded:
		p.release()
	case engine.OpMade:
	}
}

// Write prints lines of the log above the line in place.
func (p *progress) Write(log []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.w.Write(log)
	p.draw()
	return n, err
}

// label is "[ 3/17] sysctl: set sysctl:vm.max_map_count".
func label(e engine.Event) string {
	act := e.Op.Diff().Action
	switch e.Message {
	case "undo":
		act = "undo: " + act
	case "prefetch":
		act = "download for: " + act
	}
	return fmt.Sprintf("[%*d/%d] %s: %s %s", len(fmt.Sprint(e.Total)), e.Index, e.Total, e.Step, act, e.Op.Key())
}

// ended is the line that stays of an op. Why it failed is told when the run goes back.
func ended(e engine.Event) string {
	mark := "✓"
	if e.Err != nil {
		mark = "✗"
	}
	line := mark + " " + label(e)
	if e.Took > 0 {
		line += fmt.Sprintf(" (%s)", e.Took.Round(time.Millisecond))
	}
	return line
}

// hold makes label and message the line in place. Its clock counts from when the
// label was new. Where there is no place, a message that is new is a line.
func (p *progress) hold(label, message string) {
	before := p.held
	if label != before.label {
		p.held = held{label: label, since: time.Now()}
	}
	p.held.message = message
	if p.width == nil {
		if message != "" && p.held != before {
			p.line("%s: %s", label, message)
		}
		return
	}
	p.draw()
}

func (p *progress) release() {
	p.clear()
	p.held = held{}
}

// line prints a line that stays.
func (p *progress) line(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
	p.draw()
}

func (p *progress) draw() {
	if p.width != nil && p.held.label != "" {
		fmt.Fprintf(p.w, "\r\x1b[K%s", p.held.fit(p.width()-1)) // a full line would wrap
	}
}

func (p *progress) clear() {
	if p.width != nil && p.held.label != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// fit writes label, clock and message into a number of columns. The clock is
// always whole, and a long label leaves the message half of the rest.
func (h held) fit(columns int) string {
	label, message := []rune(oneLine(h.label)), []rune(oneLine(h.message))
	clock := fmt.Sprintf("  %s", time.Since(h.since).Truncate(time.Second))
	if len(message) > 0 {
		clock += "  "
	}
	room := max(columns-len("… ")+2-len(clock), 2) // the ellipsis is three bytes and one column
	message = cutEnd(message, max(room-len(label), room/2))
	label = cutMiddle(label, room-len(message))
	return "… " + string(label) + clock + string(message)
}

// oneLine takes out what would break a line drawn in place.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

func cutEnd(text []rune, columns int) []rune {
	if len(text) <= columns {
		return text
	}
	return append(text[:columns-1:columns-1], '…')
}

// cutMiddle keeps the end, which tells one path from the next.
func cutMiddle(text []rune, columns int) []rune {
	if len(text) <= columns {
		return text
	}
	front := columns / 2
	short := append(text[:front:front], '…')
	return append(short, text[len(text)-(columns-front-1):]...)
}
