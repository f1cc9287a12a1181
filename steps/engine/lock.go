package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

// LockedError says that another hostler is at work on the host.
type LockedError struct {
	// Holder is what the other process wrote of itself.
	Holder string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("another hostler is changing this host: %s; wait for it, or look at what it does with `hostler history`", e.Holder)
}

// lock takes the host's lock, so that runs do not mix. The kernel lets go of it
// when the process ends, however it ends.
func (e *Engine) lock() (release func(), err error) {
	if err := os.MkdirAll(e.StateDir, 0o700); err != nil {
		return nil, host.Explain("making the state directory", e.StateDir, err)
	}
	name := filepath.Join(e.StateDir, "lock")
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, host.Explain("opening the lock", name, err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder, readErr := os.ReadFile(name)
		_ = file.Close()
		if readErr != nil || len(holder) == 0 {
			holder = []byte("it has not said who it is yet")
		}
		return nil, &LockedError{Holder: strings.TrimSpace(string(holder))}
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	// Who cannot say its name still holds the lock: a full disk must not keep a
	// run from being undone.
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(describeSelf()), 0)
	}
	return func() { _ = file.Close() }, nil
}

func describeSelf() string {
	return fmt.Sprintf("process %d (%s) since %s\n", os.Getpid(), strings.Join(os.Args, " "), time.Now().UTC().Format(time.RFC3339))
}
