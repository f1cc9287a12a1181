package host

import (
	"errors"
	"io"
	"time"
)

// SetGrace sets what a command that is to end gets before it is killed.
func (h *OS) SetGrace(grace time.Duration) { h.grace = grace }

// ForceWalk makes the host resolve paths as on a kernel without openat2.
func (h *OS) ForceWalk() { h.open = openByParts }

// FailWrite is WriteFile on a disk that fails after the contents were written.
func (h *OS) FailWrite(p string, content []byte, attr Attr, failure error) error {
	return h.replaceFile("writing", p, attr, func(w io.Writer) error {
		_, err := w.Write(content)
		return errors.Join(err, failure)
	})
}

// ForceEachMount makes checks protect mounts as on a kernel without mount_setattr.
func (h *OS) ForceEachMount() { h.protect = protectEachMount }
