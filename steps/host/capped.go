package host

import (
	"fmt"
	"sync"
)

// capped keeps the beginning and the end of what is written to it, each up to
// half of its size. Errors are at either end; what floods is between.
type capped struct {
	mu      sync.Mutex
	half    int
	head    []byte
	tail    []byte // a ring once it is full
	next    int    // where the ring goes on
	dropped int
}

func newCapped(size int) *capped { return &capped{half: size / 2} }

// Write never fails: a program must not die because it talks much.
func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := len(p)
	n := min(len(p), c.half-len(c.head))
	c.head, p = append(c.head, p[:n]...), p[n:]
	if skip := len(p) - c.half; skip > 0 {
		c.dropped, p = c.dropped+skip, p[skip:]
	}
	n = min(len(p), c.half-len(c.tail))
	c.tail, p = append(c.tail, p[:n]...), p[n:]
	for len(p) > 0 {
		n := copy(c.tail[c.next:], p)
		c.next, p, c.dropped = (c.next+n)%c.half, p[n:], c.dropped+n
	}
	return written, nil
}

// bytes returns what was kept, with a note where something is missing. It may
// be called while a writer that nobody waits for still writes.
func (c *capped) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := append([]byte(nil), c.head...)
	if c.dropped > 0 {
		out = fmt.Appendf(out, "\n[%d bytes left out]\n", c.dropped)
	}
	out = append(out, c.tail[c.next:]...)
	return append(out, c.tail[:c.next]...)
}
