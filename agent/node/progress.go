package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hostler-dev/hostler/steps/engine"
)

// stuckAfter is how long a turn may give no sign of life before the watchdog is left unfed. The engine gives one at the start
// and the end of each op, and no op has more than 20 minutes.
const stuckAfter = 30 * time.Minute

// Progress tells the service manager what the agent is at, and knows when it last did something.
type Progress struct {
	notify func(state string)
	sign   atomic.Int64 // of life: the time, in nanoseconds since 1970
}

// NewProgress makes a Progress. notify sends a state as sd_notify(3) has it; nil: nobody is told.
func NewProgress(notify func(state string)) *Progress {
	if notify == nil {
		notify = func(string) {}
	}
	p := &Progress{notify: notify}
	p.live()
	return p
}

// Event is the engine's observer.
func (p *Progress) Event(e engine.Event) {
	p.live()
	switch e.Kind {
	case engine.OpBegun:
		p.status("run %d: %s %s", e.Run, e.Op.Diff().Action, e.Op.Key())
	case engine.OpProgress:
		p.status("run %d: %s: %s", e.Run, e.Op.Key(), e.Message)
	case engine.AwaitingHealth:
		p.status("run %d: waiting for health: %s", e.Run, e.Message)
	case engine.UndoBegun:
		p.status("run %d goes back: %v", e.Run, e.Err)
	case engine.RunBegun, engine.RunResumed, engine.OpMade, engine.OpEnded, engine.Verifying, engine.RunEnded, engine.StepGaveUp:
	}
}

func (p *Progress) live() { p.sign.Store(time.Now().UnixNano()) }

// stuck tells whether there was no sign of life for too long.
func (p *Progress) stuck() bool { return time.Since(time.Unix(0, p.sign.Load())) > stuckAfter }

func (p *Progress) status(format string, args ...any) {
	p.notify("STATUS=" + oneLine(fmt.Sprintf(format, args...), maxStatusText))
}

// maxStatusText bounds the text for systemctl status, in bytes.
const maxStatusText = 300
