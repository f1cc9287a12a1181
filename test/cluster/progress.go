package cluster

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress writes lines that tell a waiting person what happens. Builds run side by side, so lines are written whole.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

func newProgress(w io.Writer) *progress {
	if w == nil {
		w = io.Discard
	}
	return &progress{w: w, start: time.Now()}
}

// printf writes one line, with the time since the start. A reader that went away is no reason to stop.
func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	elapsed := time.Since(p.start).Round(time.Second)
	fmt.Fprintf(p.w, "[%4s] %s\n", elapsed, fmt.Sprintf(format, args...))
}
