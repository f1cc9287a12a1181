package node

import "sync"

// inbox keeps the newest news, and rings when it is other news.
type inbox struct {
	bell chan struct{}

	mu  sync.Mutex
	now heard
}

// heard is what a source has said.
type heard struct {
	// spoken says that it has said anything since the start.
	spoken bool
	// away says why it cannot be asked now.
	away error
	// assignment is what was wanted last.
	assignment *Assignment
}

// remember sets what was wanted when the agent last ran.
func (b *inbox) remember(a *Assignment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now.assignment = a
}

// put takes news.
func (b *inbox) put(n News) {
	b.mu.Lock()
	before := b.now
	b.now.spoken, b.now.away = true, n.Away
	if n.Away == nil {
		b.now.assignment = n.Assignment
	}
	other := !before.spoken || (before.away == nil) != (n.Away == nil) || !before.assignment.same(b.now.assignment)
	b.mu.Unlock()
	if !other {
		return
	}
	select {
	case b.bell <- struct{}{}:
	default: // it has rung already
	}
}

func (b *inbox) newest() heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}
