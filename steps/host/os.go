package host

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Options are what Open needs to know beside the root. The zero value is a
// running host with its state in the usual place.
type Options struct {
	// Image says that the root is the folder of an image that is not running.
	Image bool
	// StateDir is the state folder, as the host sees it; empty: DefaultStateDir.
	// It is made by the first write.
	StateDir string
}

// OS is the real host. Its methods may be used from several goroutines.
type OS struct {
	rootPath string
	root     int // O_PATH descriptor; the start of every path
	open     opener
	image    bool
	stateDir string
	grace    time.Duration // what a process group gets to end by itself
	protect  func() error  // makes the mounts of the calling thread's namespace read-only

	writing sync.Mutex // temporary files have fixed names
	bus     busHolder
	kernel  kernelFacts
}

var _ Host = (*OS)(nil)

// Open opens the host whose file system is at root: "/" or, in a container or
// for an image, a folder. It only opens the folder: nothing is made, run or
// asked for, and no rights are needed until something is.
func Open(root string, opts Options) (*OS, error) {
	if opts.StateDir == "" {
		opts.StateDir = DefaultStateDir
	}
	if err := checkPath("using state folder", opts.StateDir); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("opening root %q: %w", root, err)
	}
	fd, err := unix.Open(abs, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening root %q: %w", root, err)
	}
	return &OS{
		rootPath: abs, root: fd, open: chooseOpener(fd),
		image: opts.Image, stateDir: opts.StateDir, grace: stopGrace, protect: protectMounts,
	}, nil
}

// Close ends the connection to systemd and gives the descriptor of the root
// back. The host is of no use afterwards.
func (h *OS) Close() error {
	h.bus.close()
	return unix.Close(h.root)
}

// StateDir is the state folder, as the host sees it.
func (h *OS) StateDir() string { return h.stateDir }

// Live implements Kernel.
func (h *OS) Live() bool { return !h.image }

// live fails with ErrNotLive for an image.
func (h *OS) live(act string) error {
	if h.image {
		return fmt.Errorf("%s: %w: %q is an image folder", act, ErrNotLive, h.rootPath)
	}
	return nil
}
